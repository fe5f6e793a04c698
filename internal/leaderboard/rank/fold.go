package rank

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/work"
)

const (
	// foldPage is the number of ratings that one sweep folds, the longest due first.
	foldPage = 100
	// foldPause is how long the sweep skips a rating that it failed on, at first and at most.
	foldPause, foldLongest = 10 * time.Minute, time.Hour
)

// Folder folds struck contributions in the ratings of users who do nothing themselves: see
// [leaderboard.History.Fold].
type Folder struct {
	Firestore *firestore.Client
	// Now is the clock.
	Now func() time.Time
}

// Sweep folds the ratings that are due and returns their number: see [work.Sweep]. It needs the
// index on foldAt (asc) with the scope of the collection group ratings.
func (f *Folder) Sweep(ctx context.Context) (folded int, err error) {
	return work.Sweep(ctx, work.Due{
		Documents: f.Firestore.CollectionGroup("ratings").Query, Field: "foldAt", Page: foldPage,
		Pause: foldPause, Longest: foldLongest, Now: f.Now,
	}, f.fold)
}

// fold writes the rating with folded contributions. It does so for any user, since nothing is left
// of what was not there and a rating that was removed meanwhile stays removed. Neither the rating
// itself nor the entry changes.
func (f *Folder) fold(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	err := f.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := tx.Get(snap.Ref)
		doc, err := store.Decode[leaderboard.RatingDoc](current, err, "rating", nil)
		if err != nil || !current.Exists() {
			return err
		}
		after := doc.Contributions.Fold(f.Now())
		return tx.Update(snap.Ref, []firestore.Update{
			{Path: "contributions", Value: after}, {Path: "foldAt", Value: store.OrAbsent(after.FoldAt())},
			{Path: "sweepFaults", Value: firestore.Delete},
		})
	})
	if err != nil {
		return fmt.Errorf("fold a rating: %w", err)
	}
	return nil
}
