package sweep

// Names for the tests.
const (
	SweepPage = sweepPage
)
