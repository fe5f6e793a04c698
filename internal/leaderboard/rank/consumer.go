// Package rank updates ratings and the boards' entries from the events of scans, series and
// accounts.
package rank

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/telemetry"
)

// Consumer updates ratings and entries. It is safe for concurrent use.
type Consumer struct {
	Firestore *firestore.Client
	// Outbox publishes the personal bests.
	Outbox *outbox.Box
	// Key derives the hashes of struck contributions.
	Key keys.Ring
	// Quiet has the consumer count facts again that were told before: also those made before a newer
	// text of the consent, and without telling of personal bests.
	Quiet bool
	// Now is the clock.
	Now func() time.Time
}

// Mux returns the consumer's handlers by type of event.
func (r *Consumer) Mux() *event.Mux {
	m := new(event.Mux)
	event.On(m, func(ctx context.Context, _ event.Event, data event.ScanCompletedV1) error { return r.count(ctx, data) })
	event.On(m, func(ctx context.Context, _ event.Event, data event.ScanRescoredV1) error { return r.recount(ctx, data) })
	event.On(m, func(ctx context.Context, e event.Event, data event.ScanDeletedV1) error {
		return r.strike(ctx, data, e.Time)
	})
	event.On(m, func(ctx context.Context, _ event.Event, data event.SeriesSettledV1) error {
		return r.countSeries(ctx, data)
	})
	event.On(m, func(ctx context.Context, e event.Event, data event.SeriesDeletedV1) error {
		return r.strikeSeries(ctx, data, e.Time)
	})
	event.On(m, func(ctx context.Context, _ event.Event, data event.AccountUpdatedV1) error {
		return r.follow(ctx, account.UID(data.UID))
	})
	return m
}

// Handle returns nil when the event is handled, a duplicate or dropped at the fence, and
// [event.ErrMalformed] for an unreadable event. Any other error requests redelivery.
func (r *Consumer) Handle(ctx context.Context, m event.Message) error { return r.Mux().Handle(ctx, m) }

// count adds a scan to its user's rating.
func (r *Consumer) count(ctx context.Context, e event.ScanCompletedV1) error {
	if !e.Rankable {
		return nil
	}
	if e.CompletedAt.IsZero() {
		return fmt.Errorf("%w: scan %s has no time of completion", event.ErrMalformed, e.ScanID)
	}
	value, err := scoreOf(e.ScanID, e.Score)
	if err != nil {
		return err
	}
	c := leaderboard.Contribution{
		ScanID: e.ScanID, Score: value, Interval: e.Interval,
		CompletedAt: wholeMicros(e.CompletedAt), UploadedAt: wholeMicros(e.UploadedAt),
	}
	return r.admit(ctx, account.UID(e.UID), e.ConsentEpoch, e.EngineMajor, c)
}

// recount replaces a scan's score by that of another engine, on that engine's board. A scan that is
// not rankable any more is struck there.
func (r *Consumer) recount(ctx context.Context, e event.ScanRescoredV1) error {
	if !e.Rankable {
		return r.void(ctx, e)
	}
	value, err := scoreOf(e.ScanID, e.Score)
	if err != nil {
		return err
	}
	c := leaderboard.Contribution{
		ScanID: e.ScanID, Score: value, Interval: e.Interval, Revision: e.Revision,
		CompletedAt: wholeMicros(e.CompletedAt), UploadedAt: wholeMicros(e.UploadedAt),
	}
	return r.admit(ctx, account.UID(e.UID), e.ConsentEpoch, e.EngineMajor, c)
}

// inTurn commits a change of the user's ratings; what names it in the error.
func (r *Consumer) inTurn(
	ctx context.Context, uid account.UID, what string, change func(context.Context, *outbox.Tx) error,
) (err error) {
	ctx, end := telemetry.Span(ctx, "leaderboard.rating")
	defer func() { end(err) }()
	if err := r.Outbox.RunInTurn(ctx, account.Ref(r.Firestore, uid), change); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// admit adds the contribution unless the fence is closed. A quarantine and a ban do not close it:
// what was measured before them counts, and others see it once they end.
func (r *Consumer) admit(
	ctx context.Context, uid account.UID, epoch int64, major int, c leaderboard.Contribution,
) error {
	return r.inTurn(ctx, uid, "rank scan "+c.ScanID, func(ctx context.Context, tx *outbox.Tx) error {
		snaps, err := tx.GetAll([]*firestore.DocumentRef{
			account.Ref(r.Firestore, uid), leaderboard.RatingRef(r.Firestore, uid, major),
		})
		if err != nil {
			return fmt.Errorf("read user and rating: %w", err)
		}
		user, err := account.EnteredStored(snaps[0])
		if err != nil {
			return fault.Ignore(err, account.ErrClosed)
		}
		// What is replayed may be from before a newer text was agreed to.
		admitted := user.Stands(epoch) && (r.Quiet || user.ConsentEpoch == epoch)
		if !admitted || leaderboard.Forgotten(user, c) {
			return nil
		}
		return r.contribute(ctx, tx, user, snaps[1], epoch, c)
	})
}

// contribute writes the rating, the entries and the personal bests that it owes, or nothing if the
// scan changes nothing.
func (r *Consumer) contribute(
	ctx context.Context, tx *outbox.Tx, user account.User, rating *firestore.DocumentSnapshot, epoch int64,
	c leaderboard.Contribution,
) error {
	before, err := leaderboard.DecodeRating(rating, user)
	if err != nil {
		return err
	}
	c = r.identified(user, epoch, c, before.Contributions)
	grown := before.Contributions.Add(c)
	if err := r.tellBests(ctx, tx, user, before, grown); err != nil {
		return err
	}
	if !before.Contributions.Has(c) && grown.Has(c) {
		logLate(ctx, c, r.Now())
	}
	return r.save(ctx, tx.Transaction, user, before, grown.Fold(r.Now()).Trim())
}

// save writes what results from the contributions: see [leaderboard.Save].
func (r *Consumer) save(
	ctx context.Context, tx *firestore.Transaction, user account.User, before leaderboard.RatingDoc,
	after leaderboard.History,
) error {
	_, end := telemetry.Span(ctx, "leaderboard.entry")
	err := leaderboard.Save(tx, r.Firestore, user, before, after, r.Now().UTC())
	end(err)
	return err
}

// logLate logs each period that has closed before the contribution came, so that it counts for all
// time alone. A duplicate does not repeat the message; a commit that is tried again does.
func logLate(ctx context.Context, c leaderboard.Contribution, now time.Time) {
	for _, p := range leaderboard.Current(c.When()) {
		if !p.Open(now) {
			slog.WarnContext(ctx, "scan came after its board had closed", "scan_id", c.ScanID, "period", p.String())
		}
	}
}

// tellBests owes the personal bests of the history that were none before. They are looked for in
// the untrimmed history: an old high score that drops out only now must not make a later scan a
// best.
func (r *Consumer) tellBests(
	ctx context.Context, tx *outbox.Tx, user account.User, before leaderboard.RatingDoc, grown leaderboard.History,
) error {
	if r.Quiet {
		return nil
	}
	for _, b := range leaderboard.NewBests(before.Contributions, grown) {
		if err := tell(ctx, tx, user, before.Board, b); err != nil {
			return err
		}
	}
	return nil
}

// tell owes the event of a personal best. If an earlier and higher scan arrives still later, the
// event was wrong; its id keeps it from being published twice.
func tell(ctx context.Context, tx *outbox.Tx, user account.User, board string, b leaderboard.Best) error {
	told := event.PersonalBestReachedV1{
		UID: string(user.UID), ScanID: b.ScanID, Board: board, ConsentEpoch: user.ConsentEpoch,
		Score: b.Score, Interval: b.Interval, Previous: b.Previous,
	}
	if b.Series {
		told.ScanID, told.SeriesID, told.Revision = "", b.ScanID, b.Revision
	}
	return tx.Tell(ctx, b.CompletedAt, told, board, b.ScanID)
}

// follow writes the user's entries again from the present users/{uid}, regardless of the event's
// reason.
func (r *Consumer) follow(ctx context.Context, uid account.UID) error {
	return r.inTurn(ctx, uid, "follow the account's update", func(ctx context.Context, tx *outbox.Tx) error {
		user, err := account.Read(tx.Transaction, r.Firestore, uid)
		if err != nil && !errors.Is(err, account.ErrNoUser) {
			return err
		}
		all, err := leaderboard.ReadRatings(ctx, tx.Transaction, r.Firestore, uid)
		if err != nil {
			return err
		}
		for _, rating := range all {
			if err := r.reproject(ctx, tx.Transaction, uid, user, rating); err != nil {
				return err
			}
		}
		return nil
	})
}

// reproject writes the entries of a rating, or removes all if the consent is gone. user is zero if
// the user is gone.
func (r *Consumer) reproject(
	ctx context.Context, tx *firestore.Transaction, uid account.UID, user account.User, rating leaderboard.RatingDoc,
) error {
	if !user.Stands(rating.ConsentEpoch) {
		_, err := leaderboard.Remove(tx, r.Firestore, uid, rating, r.Now().UTC())
		return err
	}
	return r.save(ctx, tx, user, rating, rating.Contributions)
}
