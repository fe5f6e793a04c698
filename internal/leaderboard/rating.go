package leaderboard

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/event"
)

const (
	// perDay is the number of scans and series of one UTC day that count. They are the first ones, so
	// that repeated attempts for a lucky photo on the same day do not pay.
	perDay = 3
	// maxDays limits a rating to the latest days with a scan that counts, and so its document to 1098
	// contributions, about 100 KB.
	maxDays = 366

	// priorMean is the rating of a user without scans, the middle of the scale.
	priorMean = 50
	// reliability is the intraclass correlation of one scan: the share of the variance of scores
	// between people, as opposed to between photos of one person.
	reliability = 0.7
	// priorScans is the weight of the prior in scans: the variance within a person over that between
	// people, (1-ICC)/ICC, about 0.43. With it the rating is the best linear estimate of the person's
	// true score (Kelley's formula): one scan counts for ICC = 0.7 of its distance from the prior,
	// three for 0.875, ten for 0.96. Without it, a user with just one lucky scan would lead.
	priorScans = (1 - reliability) / reliability
)

// Contribution is a scan or a series that counts.
type Contribution struct {
	// ScanID is the scan's or the series' id.
	ScanID string `firestore:"scanId"`
	// Score is the symmetry score, 0-100; for a series the mean.
	Score float64 `firestore:"score"`
	// Interval is the score's interval, for the event of a personal best while the scan is counted.
	// The rating does not need it, so it is not stored.
	Interval *event.Interval `firestore:"-"`
	// CompletedAt is UTC in whole microseconds, Firestore's precision: a finer time would order scans
	// differently before and after they are stored.
	CompletedAt time.Time `firestore:"completedAt"`
	// Deleted marks the place of a scan or series that its owner deleted. Its score is removed.
	Deleted bool `firestore:"deleted,omitempty"`
	// Revision is above 0 for a rescored scan and for a series. The highest counts.
	Revision int64 `firestore:"revision,omitempty"`
	// Series is set for a series. Photos is the number of its photos that count, and Struck the number
	// of deleted ones that could have counted.
	Series bool `firestore:"series,omitempty"`
	Photos int  `firestore:"photos,omitempty"`
	Struck int  `firestore:"struck,omitempty"`
}

// weight returns the number of photos behind the score, so that the mean of n counts as much as n
// scans. That is a little more than its error justifies, since the photos of a series share a part
// of it (report.Mean).
func (c Contribution) weight() int {
	switch {
	case c.Deleted:
		return 0
	case c.Series:
		return c.Photos
	}
	return 1
}

// struck returns the number of its deleted photos that would count.
func (c Contribution) struck() int {
	if c.Deleted && !c.Series {
		return 1
	}
	return c.Struck
}

// supersedes reports whether c is a later state of the same scan. Nothing is later than its
// deletion.
func (c Contribution) supersedes(d Contribution) bool {
	return !d.Deleted && (c.Deleted || c.Revision > d.Revision)
}

// same reports whether both are of one scan. An id that is used again after a deletion has another
// time.
func (c Contribution) same(d Contribution) bool {
	return c.ScanID == d.ScanID && c.CompletedAt.Equal(d.CompletedAt)
}

// compare orders contributions by (completedAt, scanID), which is total.
func (c Contribution) compare(d Contribution) int {
	return cmp.Or(c.CompletedAt.Compare(d.CompletedAt), cmp.Compare(c.ScanID, d.ScanID))
}

func (c Contribution) day() time.Time { return c.CompletedAt.UTC().Truncate(24 * time.Hour) }

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
		if !c.supersedes(h[i]) {
			return h
		}
		struck := slices.Clone(h)
		struck[i] = c
		return struck
	}
	grown := append(slices.Clone(h), c)
	slices.SortFunc(grown, Contribution.compare)
	kept := make(History, 0, len(grown))
	today := 0
	for i, d := range grown {
		if i == 0 || !d.day().Equal(grown[i-1].day()) {
			today = 0
		}
		today++
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

// Rating returns the shrunken mean of the scores, 0-100 with two decimals, so that ratings that
// look equal are equal. Each contribution counts by the number of its photos, which makes its error
// smaller: a series counts once, by its mean, and a single scan less.
//
// A deleted photo counts as the prior, or as the lowest of the rest if that is lower still. If it
// were left out, a user who deletes poor photos would be rated by the best ones and not by the
// usual one.
func (h History) Rating() float64 {
	sum, photos, floor := priorMean*priorScans, 0, float64(priorMean)
	for _, c := range h.Live() {
		sum += c.Score * float64(c.weight())
		photos += c.weight()
		floor = min(floor, c.Score)
	}
	struck := 0
	for _, c := range h {
		struck += c.struck()
	}
	sum += floor * float64(struck)
	return math.Round(sum/(float64(photos+struck)+priorScans)*100) / 100
}

// achievedAt returns when the last contribution was completed, or the zero time.
func (h History) achievedAt() time.Time {
	live := h.Live()
	if len(live) == 0 {
		return time.Time{}
	}
	return live[len(live)-1].CompletedAt
}

// Best is a contribution that scored higher than all earlier ones.
type Best struct {
	Contribution
	// Previous is the highest score before.
	Previous float64
}

// bests returns the contributions that scored higher than all earlier ones. The first one, which
// has none to beat, is not a best.
func (h History) bests() []Best {
	var all []Best
	highest := math.Inf(1)
	for i, c := range h.Live() {
		if i > 0 && c.Score > highest {
			all = append(all, Best{Contribution: c, Previous: highest})
		}
		if i == 0 || c.Score > highest {
			highest = c.Score
		}
	}
	return all
}

// NewBests returns the bests of after that are not bests of before. Usually that is the scan just
// added. If an earlier scan arrives late it may be another one, which only now has one to beat.
func NewBests(before, after History) []Best {
	known := map[string]bool{}
	for _, b := range before.bests() {
		known[b.ScanID] = true
	}
	return slices.DeleteFunc(after.bests(), func(b Best) bool { return known[b.ScanID] })
}

// Equal compares scans, deletions and revisions, which determine the scores.
func (h History) Equal(other History) bool {
	return slices.EqualFunc(h, other, func(a, b Contribution) bool {
		return a.same(b) && a.Deleted == b.Deleted && a.Revision == b.Revision
	})
}
