package leaderboard

import (
	"slices"
	"time"
)

const (
	// perDay is the number of scans and series of one UTC day that count. They are the first ones, so
	// that repeated attempts for a lucky photo on the same day do not pay.
	perDay = 3
	// maxDays limits a rating to the latest days with a scan that counts, and so its document to 1098
	// contributions, about 150 KB.
	maxDays = 366
)

// History is the set of a user's contributions to a board, in order and without those that cannot
// count any more: it has the first perDay of each day and the last maxDays days. What was left out
// stays out whichever scan comes next. So the history, and everything derived from it, is a
// function of the set of scans and not of the order in which they arrived.
type History []Contribution

// Has reports whether the scan is in the history, deleted or not.
func (h History) Has(c Contribution) bool { return slices.ContainsFunc(h, c.same) }

// Add returns the history with the scan, or the same history if it has the scan or the scan does
// not count. A deleted scan stays deleted whenever it is added. Add does not limit the days: see
// [History.Trim].
func (h History) Add(c Contribution) History {
	if i := slices.IndexFunc(h, c.same); i >= 0 {
		merged := c.merge(h[i])
		if merged.equal(h[i]) {
			return h
		}
		changed := slices.Clone(h)
		changed[i] = merged
		return changed
	}
	if h.closed(c.day()) {
		return h
	}
	grown := append(slices.Clone(h), c.sealed())
	slices.SortFunc(grown, Contribution.compare)
	kept := make(History, 0, len(grown))
	today := 0
	for i, d := range grown {
		if i == 0 || !d.day().Equal(grown[i-1].day()) {
			today = 0
		}
		today++ // of a folded day nothing is added, so nothing is dropped
		if today <= perDay {
			kept = append(kept, d)
		}
	}
	return kept
}

// Trim returns the history with only the last maxDays days that have a contribution.
func (h History) Trim() History {
	days := 0
	for i := len(h) - 1; i >= 0; i-- {
		if i == len(h)-1 || !h[i].day().Equal(h[i+1].day()) {
			days++
		}
		if days > maxDays {
			return h[i+1:]
		}
	}
	return h
}

// Live returns the history without contributions that were deleted or have no counted photo left.
func (h History) Live() History {
	return slices.DeleteFunc(slices.Clone(h), func(c Contribution) bool { return c.weight() == 0 })
}

// Between returns the contributions from the first time on until before the second, by
// [Contribution.When], with struck and folded ones. Both times must begin a UTC day.
func (h History) Between(from, to time.Time) History {
	var within History
	for _, c := range h {
		if at := c.When(); !at.Before(from) && at.Before(to) {
			within = append(within, c)
		}
	}
	return within
}

// Equal compares all that is stored of the contributions.
func (h History) Equal(other History) bool { return slices.EqualFunc(h, other, Contribution.equal) }

// achievedAt returns when the last contribution was completed, or the zero time.
func (h History) achievedAt() time.Time {
	var last time.Time
	for _, c := range h.Live() {
		if c.CompletedAt.After(last) {
			last = c.CompletedAt
		}
	}
	return last
}
