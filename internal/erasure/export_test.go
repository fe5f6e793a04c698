package erasure

// Between is where the page after one with the last id begins.
func Between(last, next string) string { return between(last, next) }

// LookPage is how many users a page of the search for missing ones has, LookPages how many pages a
// sweep.
const (
	LookPage  = lookPage
	LookPages = lookPages
)
