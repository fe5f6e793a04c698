package rank

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/outbox"
)

// strike removes a scan that its owner deleted at the time from the rating on all boards where it
// counts, and on the engine's board. Its place among the day's scans stays taken, and so does its
// value if the consent keeps it (see leaderboard.Contribution); otherwise only a mark is left. The
// mark is made even if the scan has not been counted yet, so that a later scan.completed fills in
// the value and counts no scan.
func (r *Consumer) strike(ctx context.Context, e event.ScanDeletedV1, at time.Time) error {
	if !e.Rankable {
		return nil
	}
	gone := leaderboard.Contribution{
		ScanID: e.ScanID, CompletedAt: wholeMicros(e.CompletedAt), UploadedAt: wholeMicros(e.UploadedAt),
		Deleted: true, StruckAt: wholeMicros(at),
	}
	board := leaderboard.AllTime(e.EngineMajor).ID()
	return r.replace(ctx, account.UID(e.UID), e.ConsentEpoch, gone, board,
		func(d leaderboard.RatingDoc, c leaderboard.Contribution) (leaderboard.Contribution, bool) {
			return c, d.Board == board || d.Contributions.Has(c)
		})
}

// void leaves only a mark of a scan that the engine of the board does not rank any more.
func (r *Consumer) void(ctx context.Context, e event.ScanRescoredV1) error {
	unfit := leaderboard.Contribution{
		ScanID: e.ScanID, CompletedAt: wholeMicros(e.CompletedAt), UploadedAt: wholeMicros(e.UploadedAt),
		Deleted: true, Void: true,
	}
	board := leaderboard.AllTime(e.EngineMajor).ID()
	return r.replace(ctx, account.UID(e.UID), e.ConsentEpoch, unfit, board,
		func(d leaderboard.RatingDoc, c leaderboard.Contribution) (leaderboard.Contribution, bool) {
			return c, d.Board == board
		})
}

// replace replaces a scan or series on each board of its user by the result of on, which is ok if
// the board is concerned. The given board is included even if nothing has been counted on it yet.
func (r *Consumer) replace(
	ctx context.Context, uid account.UID, epoch int64, of leaderboard.Contribution, board string,
	on func(leaderboard.RatingDoc, leaderboard.Contribution) (c leaderboard.Contribution, ok bool),
) error {
	return r.inTurn(ctx, uid, "strike "+of.ScanID, func(ctx context.Context, tx *outbox.Tx) error {
		user, err := account.EnterStored(tx.Transaction, r.Firestore, uid)
		if err != nil {
			return fault.Ignore(err, account.ErrClosed)
		}
		if leaderboard.Forgotten(user, of) {
			return nil
		}
		all, err := leaderboard.ReadRatings(ctx, tx.Transaction, r.Firestore, uid)
		if err != nil {
			return err
		}
		if user.Stands(epoch) && !slices.ContainsFunc(all, func(d leaderboard.RatingDoc) bool { return d.Board == board }) {
			all = append(all, leaderboard.RatingDoc{Board: board, ConsentEpoch: user.ConsentEpoch})
		}
		for _, doc := range all {
			c, ok := on(doc, r.identified(user, epoch, of, doc.Contributions))
			if !ok || !user.Stands(doc.ConsentEpoch) {
				continue
			}
			if err := r.keep(ctx, tx.Transaction, user, doc, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// identified returns the contribution, which was made under the consent epoch, with its hash and
// whether that consent keeps its value. The text of an earlier epoch is not known here, and need
// not be: what was counted under it has that noted, and nothing else made under it counts any more.
//
// The hash is the one that the history knows the scan by, or by the present secret if it does not.
func (r *Consumer) identified(
	user account.User, epoch int64, c leaderboard.Contribution, history leaderboard.History,
) leaderboard.Contribution {
	c.Hash = r.Key.Known(func(hash string) bool {
		return slices.ContainsFunc(history, func(of leaderboard.Contribution) bool { return of.Hash == hash })
	}, keys.Struck, string(user.UID), c.ScanID)
	c.Kept = user.ConsentEpoch == epoch && terms.KeepsStruck(user.Consent.Version)
	return c
}

// keep writes the rating with the contribution.
func (r *Consumer) keep(
	ctx context.Context, tx *firestore.Transaction, user account.User, doc leaderboard.RatingDoc,
	c leaderboard.Contribution,
) error {
	return r.save(ctx, tx, user, doc, doc.Contributions.Add(c).Fold(r.Now().UTC()).Trim())
}

// scoreOf returns a score of an event, of which nothing outside of 0 to 100 is taken.
func scoreOf(id string, score float64) (float64, error) {
	if !(score >= 0 && score <= 100) { // also of what is not a number
		return 0, fmt.Errorf("%w: %s has the score %v", event.ErrMalformed, id, score)
	}
	return score + 0, nil // -0 becomes 0
}

// wholeMicros returns the time with Firestore's precision.
func wholeMicros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
