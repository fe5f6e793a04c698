package series

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/transact"
)

// ClearAway deletes the objects of a tombstone and then the tombstone.
func ClearAway(
	ctx context.Context, fs *firestore.Client, uploads, results *storage.BucketHandle, gone scan.Scan,
) error {
	group, deletion := errgroup.WithContext(ctx)
	group.Go(func() error { return bucket.Delete(deletion, uploads.Object(scan.PhotoName(gone.UID, gone.ID))) })
	group.Go(func() error { return bucket.DeleteBelow(deletion, results, scan.ResultPrefix(gone.UID, gone.ID)) })
	if err := group.Wait(); err != nil {
		return err
	}
	on := gone.Ref(fs)
	if gone.SeriesID != "" { // its scans are deleted at the same time
		on = Ref(fs, gone.UID, gone.SeriesID)
	}
	return transact.Run(ctx, fs, on, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := scan.DecodeAny(tx.Get(gone.Ref(fs)))
		if err != nil || current.State != scan.Deleting {
			return fault.Ignore(err, scan.ErrNotFound) // another DELETE was faster, and the id may be in use again
		}
		if err := leave(tx, fs, current); err != nil {
			return err
		}
		return tx.Delete(gone.Ref(fs))
	})
}

// A series is deleted with its scans: one commit turns it and them into tombstones, each scan that
// has lost its objects leaves the series' tombstone, and the last one deletes that. So the next
// DELETE or, scan by scan, the sweep continues an interrupted deletion.

// Tombstone turns the series into one that waits for the deletion of its scans, with nothing of its
// content left.
func (s *Series) Tombstone(scans []scan.Scan, now time.Time) {
	looks := make([]Look, len(scans))
	for i, one := range scans {
		looks[i] = Look{ScanID: one.ID, State: LookDeleted}
	}
	*s = Series{
		Schema: scan.SchemaVersion, ID: s.ID, UID: s.UID, ConsentEpoch: s.ConsentEpoch, State: Deleting,
		Version: s.Version + 1,
		Looks:   looks, CreatedAt: s.CreatedAt, UpdatedAt: now,
	}
}

// DeletedEvent returns the event that the deletion owes. ok is false if nothing was published or
// could have counted.
func (s *Series) DeletedEvent(now time.Time) (told event.SeriesDeletedV1, ok bool) {
	photos, engine := 0, s.Engine
	for _, l := range s.Looks {
		if l.Rankable {
			photos++
			engine = cmp.Or(engine, l.Engine)
		}
	}
	at := s.SettledAt
	if at.IsZero() {
		at = now
	}
	return event.SeriesDeletedV1{
		UID: string(s.UID), SeriesID: string(s.ID), ConsentEpoch: s.ConsentEpoch, EngineMajor: scan.EngineMajor(engine),
		Photos: photos, SettledAt: at,
	}, photos > 0 || s.Revision > 0
}

// leave removes the scan, whose objects are deleted, from its series' tombstone. It reads and then
// writes.
func leave(tx *firestore.Transaction, fs *firestore.Client, gone scan.Scan) error {
	if gone.SeriesID == "" {
		return nil
	}
	of, err := Decode(tx.Get(Ref(fs, gone.UID, gone.SeriesID)))
	if !errors.Is(err, ErrDeleting) {
		return fault.Ignore(err, ErrNotFound)
	}
	of.Looks = slices.DeleteFunc(of.Looks, func(l Look) bool { return l.ScanID == gone.ID })
	if len(of.Looks) > 0 {
		return Write(tx, fs, of)
	}
	if err := tx.Delete(of.Ref(fs)); err != nil {
		return fmt.Errorf("delete series: %w", err)
	}
	return nil
}
