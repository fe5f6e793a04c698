package erasure

// Decision is a decision of the table [decisions].
type Decision struct {
	Collection       string
	Account, Consent bool
	Why              string
}

// Decisions is the table.
func Decisions() []Decision {
	all := make([]Decision, len(decisions))
	for i, d := range decisions {
		all[i] = Decision{Collection: d.collection, Account: d.account, Consent: d.consent, Why: d.why}
	}
	return all
}

// Between is where the page after one with the last id begins.
func Between(last, next string) string { return between(last, next) }

// LookPage is how many users a page of the search for missing ones has, LookPages how many pages a
// sweep.
const (
	LookPage  = lookPage
	LookPages = lookPages
)
