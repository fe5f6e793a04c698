package sweep

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/scan"
)

const (
	// signLife is how recent an end must be to say where the analysis is. While there is a backlog,
	// scans end every few seconds.
	signLife = time.Minute
	// signs is how many of the latest ends are read.
	signs = 21
	// disorder is how much older than what the analysis works on a photo may be and still be waiting,
	// since Pub/Sub keeps no order.
	disorder = 30 * time.Second
	// trust is the longest time after its photo that a scan is taken to be waiting.
	trust = 2 * time.Hour
)

// sign is what the sweep reads of a scan that ended.
type sign struct {
	UploadedAt time.Time     `firestore:"uploadedAt"`
	FinishedAt time.Time     `firestore:"finishedAt"`
	Failure    *scan.Failure `firestore:"failure"`
}

// tells reports whether the analysis ended the scan, and did so within signLife of now. An end that
// lies further ahead than that is by a wrong clock.
func (s sign) tells(now time.Time) bool {
	if s.UploadedAt.IsZero() || now.Sub(s.FinishedAt).Abs() > signLife {
		return false
	}
	return s.Failure == nil || s.Failure.Code != scan.ReasonExpired && s.Failure.Code != scan.ReasonMissing
}

// reached returns when the photos were uploaded that the analysis works on now: the median of those
// that ended last, so that a few that were delivered late or again do not count. It is zero if no
// end is recent enough to tell.
//
// The field finishedAt has the index that Firestore keeps by itself.
func (w *Sweeper) reached(ctx context.Context) (time.Time, error) {
	snaps, err := w.Firestore.Collection("scans").Select("uploadedAt", "finishedAt", "failure").
		OrderBy("finishedAt", firestore.Desc).Limit(signs).Documents(ctx).GetAll()
	if err != nil {
		return time.Time{}, fmt.Errorf("read which scans ended last: %w", err)
	}
	now := w.Now()
	var uploads []time.Time
	for _, snap := range snaps {
		var s sign
		if err := snap.DataTo(&s); err == nil && s.tells(now) { // another reader reports a damaged scan
			uploads = append(uploads, s.UploadedAt)
		}
	}
	if len(uploads) == 0 {
		return time.Time{}, nil
	}
	slices.SortFunc(uploads, time.Time.Compare)
	return uploads[len(uploads)/2], nil
}

// waits reports whether a photo that was complete at created is still in the subscription, when the
// analysis has reached those of the time reached. Both times are by Cloud Storage's clock.
func waits(created, reached, now time.Time) bool {
	return !reached.IsZero() && now.Sub(created) < trust && created.After(reached.Add(-disorder))
}
