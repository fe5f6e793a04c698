package leaderboard

import (
	"math"
	"slices"
	"time"
)

// redelivery is how long after a deletion an event of that scan may still come: Pub/Sub keeps a
// message for 7 days, and a day is for the way to it. For so long a struck contribution keeps the
// hash of its id and its time, since the first perDay of a day are chosen by time: a late event of
// an earlier scan of that day displaces the last of them, and an event of the struck scan itself
// must not count again. Afterwards only the sums of the day are left, and the day is closed.
const redelivery = 8 * 24 * time.Hour

// Value is what a contribution counts for in the rating.
type Value struct {
	Score  float64 `firestore:"score"`
	Photos int     `firestore:"photos"`
	// Struck is the number of deleted photos that it does not include.
	Struck   int   `firestore:"struck,omitempty"`
	Revision int64 `firestore:"revision,omitempty"`
}

// Folded are struck contributions of one UTC day, without ids and times.
type Folded struct {
	// Count is the number of scans and series, Photos the weight of their values and Sum the sum of
	// the values, each times its weight.
	Count  int     `firestore:"count"`
	Photos int     `firestore:"photos"`
	Sum    float64 `firestore:"sum"`
	// Struck is the number of photos whose value is not kept. Lowest is the lowest value, which they
	// may count as.
	Struck int     `firestore:"struck,omitempty"`
	Lowest float64 `firestore:"lowest"`
}

// value returns what c counts for, nil if that is not known.
func (c Contribution) value() *Value {
	switch {
	case c.Rated != nil:
		return c.Rated
	case c.Deleted:
		return nil
	}
	return &Value{Score: c.Score, Photos: c.weight(), Struck: c.Struck, Revision: c.Revision}
}

// better returns the value with the fewest deleted photos, and of several the last revision: that
// is what the scan or series came to before anything of it was deleted.
func better(a, b *Value) *Value {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.Struck < b.Struck, a.Struck == b.Struck && a.Revision > b.Revision:
		return a
	}
	return b
}

// merge returns what is known of a scan by c and by d, which came first. It does not depend on the
// order, so the event of a deletion may come before that of the completion, which then only fills
// in the value of what is struck. The time by which the scan was counted first stays.
func (c Contribution) merge(d Contribution) Contribution {
	m := d
	if c.supersedes(d) {
		m = c
	}
	m.ScanID, m.Hash = c.ScanID, c.Hash
	if m.ScanID == "" {
		m.ScanID = d.ScanID
	}
	if m.Hash == "" {
		m.Hash = d.Hash
	}
	m.UploadedAt = d.UploadedAt
	m.Kept, m.Void = c.Kept || d.Kept, c.Void || d.Void
	m.StruckAt = d.StruckAt
	if c.StruckAt.After(d.StruckAt) {
		m.StruckAt = c.StruckAt
	}
	m.Rated = better(c.value(), d.value())
	return m.sealed()
}

// sealed returns the contribution without what may not be stored or need not be.
func (c Contribution) sealed() Contribution {
	struck := c.Kept && c.Deleted && !c.Void
	if !c.Kept {
		c.Hash = ""
	}
	if !struck {
		c.StruckAt = time.Time{}
	}
	if !c.Kept || c.Void || !c.Deleted && alike(c.Rated, c.asShown()) {
		c.Rated = nil
	}
	if struck {
		c.ScanID = ""
	}
	return c
}

// asShown returns the value that the score above is.
func (c Contribution) asShown() *Value {
	c.Rated = nil
	return c.value()
}

// folds reports whether the contribution is to be folded at the time.
func (c Contribution) folds(now time.Time) bool {
	return !c.StruckAt.IsZero() && !now.Before(c.StruckAt.Add(redelivery))
}

// Fold returns the history with the values of what was struck 8 days before now, or earlier, folded
// into sums of their UTC days, or the same history if there are none. The rating stays as it is.
func (h History) Fold(now time.Time) History {
	if !slices.ContainsFunc(h, func(c Contribution) bool { return c.folds(now) }) {
		return h
	}
	kept := make(History, 0, len(h))
	sums := map[time.Time]Folded{}
	for _, c := range h {
		if c.Folded == nil && !c.folds(now) {
			kept = append(kept, c)
			continue
		}
		f := sums[c.day()]
		sums[c.day()] = f.with(c)
	}
	for day, f := range sums {
		kept = append(kept, Contribution{CompletedAt: day, Folded: &f})
	}
	slices.SortFunc(kept, Contribution.compare)
	return kept
}

// with returns the sums with a struck or folded contribution.
func (f Folded) with(c Contribution) Folded {
	lowest := math.Inf(1)
	if f.Photos > 0 {
		lowest = f.Lowest
	}
	var t tally
	t.add(c)
	f.Count += c.places()
	f.Photos += t.photos
	f.Sum = points(micros(f.Sum) + t.sum)
	f.Struck += t.unvalued
	if t.photos > 0 {
		lowest = min(lowest, t.lowest)
	}
	if f.Photos > 0 {
		f.Lowest = lowest
	}
	return f
}

// FoldAt returns when [History.Fold] next has something to do, or the zero time.
func (h History) FoldAt() time.Time {
	var first time.Time
	for _, c := range h {
		if c.StruckAt.IsZero() {
			continue
		}
		if at := c.StruckAt.Add(redelivery); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// closed reports whether nothing is added any more to the UTC day.
func (h History) closed(day time.Time) bool {
	return slices.ContainsFunc(h, func(c Contribution) bool { return c.Folded != nil && c.CompletedAt.Equal(day) })
}
