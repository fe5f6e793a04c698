package rank

import (
	"context"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/outbox"
)

// strike removes a deleted scan from its user's rating on the engine's board, or on all boards
// where it counts. Only a mark is left: its score is gone, and its place among the day's scans
// stays taken. The mark is made even if the scan has not been counted yet, so that a later
// scan.completed changes nothing.
func (r *Consumer) strike(ctx context.Context, e event.ScanDeletedV1, everywhere bool) error {
	if !e.Rankable {
		return nil
	}
	gone := leaderboard.Contribution{ScanID: e.ScanID, CompletedAt: wholeMicros(e.CompletedAt), Deleted: true}
	return r.replace(ctx, account.UID(e.UID), e.ConsentEpoch, gone,
		func(d leaderboard.RatingDoc) (leaderboard.Contribution, bool) {
			return gone, d.Board == leaderboard.AllTime(e.EngineMajor).ID() || everywhere && d.Contributions.Has(gone)
		}, leaderboard.AllTime(e.EngineMajor).ID())
}

// replace replaces a scan or series on each board of its user by the result of on, which is ok if
// the board is concerned. The given board is included even if nothing has been counted on it yet.
func (r *Consumer) replace(
	ctx context.Context, uid account.UID, epoch int64, of leaderboard.Contribution,
	on func(leaderboard.RatingDoc) (c leaderboard.Contribution, ok bool), board string,
) error {
	return r.inTurn(ctx, uid, "strike "+of.ScanID, func(ctx context.Context, tx *outbox.Tx) error {
		user, err := account.EnterActive(tx.Transaction, r.Firestore, uid)
		if err != nil {
			return fault.Ignore(err, account.ErrClosed)
		}
		all, err := leaderboard.ReadRatings(ctx, tx.Transaction, r.Firestore, uid)
		if err != nil {
			return err
		}
		if user.Stands(epoch) && !slices.ContainsFunc(all, func(d leaderboard.RatingDoc) bool { return d.Board == board }) {
			all = append(all, leaderboard.RatingDoc{Board: board, ConsentEpoch: user.ConsentEpoch})
		}
		for _, doc := range all {
			c, ok := on(doc)
			if !ok || !user.Stands(doc.ConsentEpoch) {
				continue
			}
			if err := r.keep(tx.Transaction, user, doc, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// keep writes the rating with the contribution.
func (r *Consumer) keep(
	tx *firestore.Transaction, user account.User, doc leaderboard.RatingDoc, c leaderboard.Contribution,
) error {
	after := doc.Contributions.Add(c).Trim()
	return leaderboard.Save(tx, r.Firestore, user, doc, after, r.Now().UTC())
}

// wholeMicros returns the time with Firestore's precision.
func wholeMicros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
