package erasure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/work"
)

const (
	// sweepPage is the number of sagas that one sweep continues, the longest due first.
	sweepPage = 100
	// lateAfter is how long a saga may take once it need not wait any more. The page for account
	// deletion speaks of minutes.
	lateAfter = time.Hour
)

// Sweeper continues the sagas that wait, and those whose event was lost.
type Sweeper struct {
	// Firestore holds the sagas. Outbox publishes their events again.
	Firestore *firestore.Client
	Outbox    *outbox.Box
	// Now is the clock.
	Now func() time.Time
}

// Sweep publishes the events of the sagas that are due again and returns their number: see
// [work.Sweep]. A saga that makes no progress is retried with back-off.
func (s *Sweeper) Sweep(ctx context.Context) (handled int, err error) {
	return work.Sweep(ctx, work.Due{
		Documents: jobs(s.Firestore).Query, Field: "sweepAt", Page: sweepPage,
		Pause: firstLook, Longest: lastLook, Now: s.Now,
	}, s.drive)
}

func (s *Sweeper) drive(ctx context.Context, due *firestore.DocumentSnapshot) error {
	var driven Job
	err := s.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		j, err := ReadJob(tx.Transaction, s.Firestore, due.Ref.ID)
		if err != nil {
			return fault.Ignore(err, ErrGone)
		}
		now := s.Now().UTC()
		if j.SweepAt.After(now) {
			return nil
		}
		j.look(now)
		driven = j
		return errors.Join(WriteJob(tx.Transaction, s.Firestore, j), tell(ctx, tx, j))
	})
	if err != nil {
		return fmt.Errorf("continue an erasure: %w", err) // its id is a user's and not for a log
	}
	driven.logLate(ctx, s.Now())
	return nil
}

// logLate logs that the saga should have been over. Terraform's metric late, with an alert, reads
// this line. The zero job, of which there was nothing to drive, is not late.
func (j Job) logLate(ctx context.Context, now time.Time) {
	if j.ProveAt.IsZero() || now.Sub(j.ProveAt) < lateAfter {
		return
	}
	slog.ErrorContext(ctx, "erasure is late", "scope", j.Scope, "step", j.Step, "late_s", now.Sub(j.ProveAt).Seconds())
}
