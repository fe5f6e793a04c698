package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/outbox"
)

// sweepPage is how many sagas one sweep drives on, oldest due first.
const sweepPage = 100

// Sweeper drives on the sagas that wait, and those whose event was lost.
type Sweeper struct {
	// Firestore holds the sagas, Outbox tells their events again.
	Firestore *firestore.Client
	Outbox    *outbox.Box
	// Now is the clock.
	Now func() time.Time
}

// Sweep tells the events of the sagas that are due again, and returns their number. One that fails
// does not stop the others; one that makes no progress is retried with back-off.
func (s *Sweeper) Sweep(ctx context.Context) (told int, err error) {
	due, err := jobs(s.Firestore).Where("sweepAt", "<=", s.Now().UTC()).
		OrderBy("sweepAt", firestore.Asc).Limit(sweepPage).Documents(ctx).GetAll()
	if err != nil {
		return 0, fmt.Errorf("list due erasures: %w", err)
	}
	var faults []error
	for _, snap := range due {
		// Its id is a user's, which is nothing for a log.
		if err := s.drive(ctx, snap.Ref.ID); err != nil {
			faults = append(faults, fmt.Errorf("drive an erasure on: %w", err))
			continue
		}
		told++
	}
	return told, errors.Join(faults...)
}

func (s *Sweeper) drive(ctx context.Context, id string) error {
	return s.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		j, err := ReadJob(tx.Transaction, s.Firestore, id)
		if errors.Is(err, ErrGone) {
			return nil
		}
		if err != nil {
			return err
		}
		now := s.Now().UTC()
		if j.SweepAt.After(now) {
			return nil
		}
		j.look(now)
		return errors.Join(WriteJob(tx.Transaction, s.Firestore, j), tell(ctx, tx, j, now))
	})
}
