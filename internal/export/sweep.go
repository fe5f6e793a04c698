package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/work"
)

const (
	// sweepPage is the number of exports that one sweep handles, the longest due first.
	sweepPage = 100
	// failedLook is how long the sweep skips an export that it failed on.
	failedLook = 10 * time.Minute
	// lateAfter is how long an export may take, which usually are seconds.
	lateAfter = time.Hour
)

// Sweeper deletes exports that are over, and requests abandoned ones again.
type Sweeper struct {
	// Firestore holds the exports and Results their objects. Outbox publishes their events again.
	Firestore *firestore.Client
	Results   *storage.BucketHandle
	Outbox    *outbox.Box
	// Now is the clock.
	Now func() time.Time
}

// Sweep handles the exports that are due and returns their number: see [work.Sweep].
func (s *Sweeper) Sweep(ctx context.Context) (handled int, err error) {
	return work.Sweep(ctx, work.Due{
		Documents: jobs(s.Firestore).Query, Field: "sweepAt", Page: sweepPage,
		Pause: failedLook, Longest: failedLook, Now: s.Now,
	}, s.look)
}

func (s *Sweeper) look(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	j, err := decode(snap, nil)
	if err != nil {
		return err
	}
	j.logLate(ctx, s.Now())
	if j.expired(s.Now()) {
		return s.expire(ctx, snap, j)
	}
	return s.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		current, err := ReadJob(tx.Transaction, s.Firestore, j.ID)
		if err != nil {
			return fault.Ignore(err, ErrGone)
		}
		now := s.Now().UTC()
		if current.SweepAt.After(now) {
			return nil
		}
		current.SweepAt = now.Add(firstLook)
		return errors.Join(WriteJob(tx.Transaction, s.Firestore, current), tell(ctx, tx, current, now))
	})
}

// logLate logs that the export should have ended. Terraform's metric late, with an alert, reads
// this line.
func (j Job) logLate(ctx context.Context, now time.Time) {
	if j.State != Queued || now.Sub(j.CreatedAt) < lateAfter {
		return
	}
	slog.ErrorContext(ctx, "export is late", "attempts", j.Attempts, "late_s", now.Sub(j.CreatedAt).Seconds())
}

// expire deletes the object first: without its document it would not be found.
func (s *Sweeper) expire(ctx context.Context, snap *firestore.DocumentSnapshot, j Job) error {
	if err := bucket.Delete(ctx, s.Results.Object(j.Object)); err != nil {
		return err
	}
	// If a worker finished it meanwhile, it wrote the object again, and the export has another 24
	// hours.
	if _, err := snap.Ref.Delete(ctx, firestore.LastUpdateTime(snap.UpdateTime)); err != nil {
		return fmt.Errorf("delete export: %w", err)
	}
	return nil
}
