package leaderboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
)

// strike takes a deleted scan out of its user's rating on the engine's board, or on all where it
// counts. What is left says only that there was one: its score is gone, and its place among the
// day's scans stays taken. The mark is made even where the scan has not been counted yet, so that
// its scan.completed changes nothing when it comes later.
func (r *Ranker) strike(ctx context.Context, e event.ScanDeletedV1, everywhere bool) error {
	if !e.Rankable {
		return nil
	}
	gone := contribution{ScanID: e.ScanID, CompletedAt: wholeMicros(e.CompletedAt), Deleted: true}
	return r.replace(ctx, account.UID(e.UID), e.ConsentEpoch, gone, func(d ratingDoc) (contribution, bool) {
		return gone, d.Board == BoardID(e.EngineMajor) || everywhere && d.Contributions.has(gone)
	}, BoardID(e.EngineMajor))
}

// replace puts in place of a scan or series, on each board of its user, what on says, which is ok
// where the board is concerned. The one board is there even if nothing has been counted on it yet.
func (r *Ranker) replace(
	ctx context.Context, uid account.UID, epoch int64, of contribution, on func(ratingDoc) (c contribution, ok bool), board string,
) error {
	err := r.box.RunInTurn(ctx, account.Ref(r.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		user, err := account.EnterActive(tx.Transaction, r.fs, uid)
		if errors.Is(err, account.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		all, err := readRatings(ctx, tx.Transaction, r.fs, uid)
		if err != nil {
			return err
		}
		if user.Stands(epoch) && !slices.ContainsFunc(all, func(d ratingDoc) bool { return d.Board == board }) {
			all = append(all, ratingDoc{Board: board, ConsentEpoch: user.ConsentEpoch})
		}
		for _, doc := range all {
			c, ok := on(doc)
			if !ok || !user.Stands(doc.ConsentEpoch) {
				continue
			}
			if err := r.save(tx.Transaction, user, doc.Board, doc.Contributions, doc.Contributions.add(c).trim()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("strike %s: %w", of.ScanID, err)
	}
	return nil
}

// save writes the rating and the entry that follow from the contributions, or nothing where they are what they were.
func (r *Ranker) save(tx *firestore.Transaction, user account.User, board string, before, after history) error {
	if after.equal(before) {
		return nil
	}
	now := r.now().UTC()
	err := tx.Set(ratings(r.fs, user.UID).Doc(board), ratingDoc{
		Schema: schema, Board: board, ConsentEpoch: user.ConsentEpoch, Contributions: after,
		Rating: after.rating(), UpdatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("write rating: %w", err)
	}
	return project(tx, r.fs, board, user, after, now)
}

// wholeMicros is the time as Firestore keeps it.
func wholeMicros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
