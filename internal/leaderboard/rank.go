package leaderboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
)

// Ranker is the consumer that keeps ratings and entries. It is safe for concurrent use.
type Ranker struct {
	fs  *firestore.Client
	box *outbox.Box
	now func() time.Time
}

// NewRanker makes a ranker over the database; box publishes the personal bests and now is the clock.
func NewRanker(fs *firestore.Client, box *outbox.Box, now func() time.Time) *Ranker {
	return &Ranker{fs: fs, box: box, now: now}
}

// Handle takes scan.completed.v1, scan.rescored.v1, scan.deleted.v1, series.settled.v1,
// series.deleted.v1 and account.updated.v1. It is nil when the event is dealt with, a duplicate or
// dropped at the fence; [event.ErrMalformed] for one that cannot be read; any other error asks for
// redelivery.
func (r *Ranker) Handle(ctx context.Context, m event.Message) error {
	e, err := event.Decode(m.Data)
	if err != nil {
		return err
	}
	switch e.Type {
	case event.ScanCompletedV1{}.EventType():
		completed, err := event.As[event.ScanCompletedV1](e)
		if err != nil {
			return err
		}
		return r.count(ctx, completed)
	case event.ScanDeletedV1{}.EventType():
		deleted, err := event.As[event.ScanDeletedV1](e)
		if err != nil {
			return err
		}
		return r.strike(ctx, deleted, true)
	case event.ScanRescoredV1{}.EventType():
		rescored, err := event.As[event.ScanRescoredV1](e)
		if err != nil {
			return err
		}
		return r.recount(ctx, rescored)
	case event.SeriesSettledV1{}.EventType():
		settled, err := event.As[event.SeriesSettledV1](e)
		if err != nil {
			return err
		}
		return r.countSeries(ctx, settled)
	case event.SeriesDeletedV1{}.EventType():
		deleted, err := event.As[event.SeriesDeletedV1](e)
		if err != nil {
			return err
		}
		return r.strikeSeries(ctx, deleted)
	case event.AccountUpdatedV1{}.EventType():
		updated, err := event.As[event.AccountUpdatedV1](e)
		if err != nil {
			return err
		}
		return r.follow(ctx, account.UID(updated.UID))
	default:
		return fmt.Errorf("%w: rank takes no %q", event.ErrMalformed, e.Type)
	}
}

// count adds a scan to its user's rating.
func (r *Ranker) count(ctx context.Context, e event.ScanCompletedV1) error {
	if !e.Rankable {
		return nil
	}
	if e.CompletedAt.IsZero() || e.Score < 0 || e.Score > 100 {
		return fmt.Errorf("%w: scan %s was completed at %v with score %v", event.ErrMalformed, e.ScanID, e.CompletedAt, e.Score)
	}
	c := contribution{ScanID: e.ScanID, Score: e.Score, Interval: e.Interval, CompletedAt: wholeMicros(e.CompletedAt)}
	return r.admit(ctx, account.UID(e.UID), e.ConsentEpoch, BoardID(e.EngineMajor), c)
}

// recount replaces a scan's score by that of another engine, on that engine's board. One that is not rankable any more
// is struck there.
func (r *Ranker) recount(ctx context.Context, e event.ScanRescoredV1) error {
	if !e.Rankable {
		return r.strike(ctx, event.ScanDeletedV1{
			UID: e.UID, ScanID: e.ScanID, ConsentEpoch: e.ConsentEpoch, EngineMajor: e.EngineMajor, Rankable: true,
			CompletedAt: e.CompletedAt,
		}, false)
	}
	if e.Score < 0 || e.Score > 100 {
		return fmt.Errorf("%w: scan %s has the score %v", event.ErrMalformed, e.ScanID, e.Score)
	}
	c := contribution{
		ScanID: e.ScanID, Score: e.Score, Interval: e.Interval, CompletedAt: wholeMicros(e.CompletedAt), Revision: e.Revision,
	}
	return r.admit(ctx, account.UID(e.UID), e.ConsentEpoch, BoardID(e.EngineMajor), c)
}

// admit makes the contribution unless the fence is closed.
func (r *Ranker) admit(ctx context.Context, uid account.UID, epoch int64, board string, c contribution) error {
	err := r.box.RunInTurn(ctx, account.Ref(r.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		user, err := account.Enter(tx.Transaction, r.fs, uid, epoch)
		if errors.Is(err, account.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.contribute(ctx, tx, user, board, c)
	})
	if err != nil {
		return fmt.Errorf("rank scan %s: %w", c.ScanID, err)
	}
	return nil
}

// contribute writes rating, entry and owed personal bests, or nothing if the scan changes nothing.
func (r *Ranker) contribute(ctx context.Context, tx *outbox.Tx, user account.User, board string, c contribution) error {
	before, err := readHistory(tx.Transaction, ratings(r.fs, user.UID).Doc(board), user)
	if err != nil {
		return err
	}
	grown := before.add(c)
	after := grown.trim()
	if after.equal(before) {
		return nil
	}
	// From the untrimmed history: an old high that only now drops out must not make a best of a later scan.
	for _, b := range newBests(before, grown) {
		if err := tell(ctx, tx, user, board, b); err != nil {
			return err
		}
	}
	return r.save(tx.Transaction, user, board, before, after)
}

// tell tells of a personal best. Should an earlier and higher scan come still later, it was told in error; the event's
// id keeps it from being told twice.
func tell(ctx context.Context, tx *outbox.Tx, user account.User, board string, b best) error {
	told := event.PersonalBestReachedV1{
		UID: string(user.UID), ScanID: b.ScanID, Board: board, ConsentEpoch: user.ConsentEpoch,
		Score: b.Score, Interval: b.Interval, Previous: b.previous,
	}
	if b.Series {
		told.ScanID, told.SeriesID, told.Revision = "", b.ScanID, b.Revision
	}
	return tx.Tell(ctx, b.CompletedAt, told, board, b.ScanID)
}

// follow makes the user's entries anew from what users/{uid} says now, whatever the event was told for.
func (r *Ranker) follow(ctx context.Context, uid account.UID) error {
	err := r.box.RunInTurn(ctx, account.Ref(r.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		user, err := account.Read(tx.Transaction, r.fs, uid)
		if err != nil && !errors.Is(err, account.ErrNoUser) {
			return err
		}
		all, err := readRatings(ctx, tx.Transaction, r.fs, uid)
		if err != nil {
			return err
		}
		for _, rating := range all {
			if err := r.reproject(tx.Transaction, uid, user, rating); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("follow the account's update: %w", err)
	}
	return nil
}

// reproject makes the entry of a rating, and removes both where the consent is gone; user is zero if there is none any more.
func (r *Ranker) reproject(tx *firestore.Transaction, uid account.UID, user account.User, rating ratingDoc) error {
	if !user.Stands(rating.ConsentEpoch) {
		return Remove(tx, r.fs, rating.Board, uid)
	}
	if rating.ConsentEpoch != user.ConsentEpoch {
		renewed := []firestore.Update{{Path: "consentEpoch", Value: user.ConsentEpoch}}
		if err := tx.Update(ratings(r.fs, uid).Doc(rating.Board), renewed); err != nil {
			return fmt.Errorf("renew rating: %w", err)
		}
	}
	return project(tx, r.fs, rating.Board, user, rating.Contributions, r.now().UTC())
}
