package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/work"
)

// sweepPage is the number of sagas that one sweep continues, the longest due first.
const sweepPage = 100

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
		return errors.Join(WriteJob(tx.Transaction, s.Firestore, j), tell(ctx, tx, j))
	})
	if err != nil {
		return fmt.Errorf("continue an erasure: %w", err) // its id is a user's and not for a log
	}
	return nil
}
