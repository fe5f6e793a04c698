package leaderboard

import (
	"cmp"
	"time"

	"github.com/facescan/facescan/internal/event"
)

// Contribution is a scan or a series that counts, or the values of those that were struck on one
// day (see Folded).
type Contribution struct {
	// ScanID is the scan's or the series' id. A struck contribution whose value is kept has none.
	ScanID string `firestore:"scanId"`
	// Score is the symmetry score, 0-100; for a series the mean.
	Score float64 `firestore:"score"`
	// Interval is the score's interval, for the event of a personal best while the scan is counted.
	// The rating does not need it, so it is not stored.
	Interval *event.Interval `firestore:"-"`
	// CompletedAt is UTC in whole microseconds, Firestore's precision: a finer time would order scans
	// differently before and after they are stored.
	CompletedAt time.Time `firestore:"completedAt"`
	// UploadedAt is when the photo was complete in Cloud Storage, with the same precision. It is zero
	// if unknown, and for a series.
	UploadedAt time.Time `firestore:"uploadedAt,omitempty"`
	// Deleted marks the place of a scan or series that its owner deleted. Its score is removed.
	Deleted bool `firestore:"deleted,omitempty"`
	// Revision is above 0 for a rescored scan and for a series. The highest counts.
	Revision int64 `firestore:"revision,omitempty"`
	// Series is set for a series. Photos is the number of its photos that count, and Struck the number
	// of deleted ones that could have counted.
	Series bool `firestore:"series,omitempty"`
	Photos int  `firestore:"photos,omitempty"`
	Struck int  `firestore:"struck,omitempty"`

	// Kept is set if the value of a deleted scan stays by the consent that it was made under (see
	// terms.KeepsStruck). Of all others only a mark is left.
	Kept bool `firestore:"kept,omitempty"`
	// Hash identifies a kept scan or series by a keyed hash of its id: a late event of a deleted one
	// is known by it. It also orders what was completed at the same time.
	Hash string `firestore:"hash,omitempty"`
	// StruckAt is when a kept one was deleted.
	StruckAt time.Time `firestore:"struckAt,omitempty"`
	// Void marks a scan that a later measurement does not rank. It has no value.
	Void bool `firestore:"void,omitempty"`
	// Rated is the value in the rating where that is not the score above: of a deleted scan, and of a
	// series with deleted photos.
	Rated *Value `firestore:"rated,omitempty"`
	// Folded is what is left of the struck contributions of the UTC day that begins at CompletedAt.
	Folded *Folded `firestore:"folded,omitempty"`
}

// When returns the time that decides the UTC day and the order of a contribution: when its photo
// was uploaded, or when it was completed if that is not known.
func (c Contribution) When() time.Time {
	if c.UploadedAt.IsZero() {
		return c.CompletedAt
	}
	return c.UploadedAt
}

func (c Contribution) day() time.Time { return c.When().UTC().Truncate(24 * time.Hour) }

// weight returns the number of photos behind the score, so that the mean of n counts as much as n
// scans. That is a little more than its error justifies, since the photos of a series share a part
// of it (report.Mean).
func (c Contribution) weight() int {
	switch {
	case c.Deleted, c.Folded != nil:
		return 0
	case c.Series:
		return c.Photos
	}
	return 1
}

// unvalued returns the number of its deleted photos that would count and whose value is not kept.
func (c Contribution) unvalued() int {
	switch {
	case c.Folded != nil:
		return c.Folded.Struck
	case c.Rated != nil:
		return c.Rated.Struck
	case c.Deleted && !c.Series:
		return 1
	}
	return c.Struck
}

// number returns how many scans and series it stands for.
func (c Contribution) number() int {
	switch {
	case c.Folded != nil:
		return c.Folded.Count
	case c.Void, c.weight() == 0 && c.unvalued() == 0 && c.Rated == nil:
		return 0
	}
	return 1
}

// places returns how many of the perDay places of its day it takes.
func (c Contribution) places() int {
	if c.Folded != nil {
		return c.Folded.Count
	}
	return 1
}

// supersedes reports whether c is a later state of the same scan. Nothing is later than its
// deletion.
func (c Contribution) supersedes(d Contribution) bool {
	return !d.Deleted && (c.Deleted || c.Revision > d.Revision)
}

// same reports whether both are of one scan. An id that is used again after a deletion has another
// time.
func (c Contribution) same(d Contribution) bool {
	known := c.ScanID != "" && c.ScanID == d.ScanID || c.Hash != "" && c.Hash == d.Hash
	return known && c.CompletedAt.Equal(d.CompletedAt)
}

// compare orders contributions by their time and, at the same time, by the hash of the id or the
// id. It is total.
func (c Contribution) compare(d Contribution) int {
	return cmp.Or(
		c.When().Compare(d.When()), c.CompletedAt.Compare(d.CompletedAt),
		cmp.Compare(cmp.Or(c.Hash, c.ScanID), cmp.Or(d.Hash, d.ScanID)),
	)
}

// equal compares all that is stored.
func (c Contribution) equal(d Contribution) bool {
	return c.CompletedAt.Equal(d.CompletedAt) && c.UploadedAt.Equal(d.UploadedAt) && c.StruckAt.Equal(d.StruckAt) &&
		alike(c.Rated, d.Rated) && alike(c.Folded, d.Folded) && c.plain() == d.plain()
}

// plain returns the contribution without what cannot be compared by ==.
func (c Contribution) plain() Contribution {
	c.CompletedAt, c.UploadedAt, c.StruckAt = time.Time{}, time.Time{}, time.Time{}
	c.Interval, c.Rated, c.Folded = nil, nil, nil
	return c
}

// alike compares what two pointers point at.
func alike[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
