package scan

import (
	"context"
	"errors"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/transact"
)

// Deletion is in three steps, each of which may be done again: the scan's document becomes a tombstone that owes the
// board its event, the objects go, the tombstone goes. To all but the deletion the scan is gone with the first. Whoever
// dies on the way is followed by the client's next DELETE, or by the sweep. An analysis under way finds no scan at its
// end and deletes what it wrote; a photo put later by the ticket's URL comes to no scan and is deleted by its finalize.

// removeGrace is how long a deletion may take before the sweep takes it up.
const removeGrace = time.Minute

// tombstone makes the scan one that is being deleted: nothing of what it showed is left in it.
func (s *Scan) tombstone(now time.Time) {
	version := s.Version
	*s = Scan{
		Schema: docSchema, ID: s.ID, UID: s.UID, ConsentEpoch: s.ConsentEpoch, State: Deleting, Version: version,
		Generation: s.Generation, CreatedAt: s.CreatedAt, SeriesID: s.SeriesID,
	}
	s.changed(now)
	s.lookAgain(now.Add(removeGrace))
}

func deletedEvent(s Scan) event.ScanDeletedV1 {
	r := s.result()
	return event.ScanDeletedV1{
		UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, EngineMajor: engineMajor(r.Version),
		Rankable: r.Rankable, CompletedAt: s.FinishedAt,
	}
}

// remove answers DELETE /v1/scans/{id}. It is 204 once all is gone, and when asked again meanwhile; later 404.
func (s *Service) remove(w http.ResponseWriter, r *http.Request) error {
	gone, err := s.bury(r.Context(), account.Caller(r), ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if err := clearAway(r.Context(), s.Firestore, s.Uploads, s.Results, gone); err != nil {
		return fault.Wrap(err, fault.CodeUnavailable, "The scan is being deleted, and not all of it is gone yet: try again.")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// bury makes the caller's scan a tombstone and tells of it. One that is a tombstone already is as good.
func (s *Service) bury(ctx context.Context, uid account.UID, id ID) (gone Scan, err error) {
	if !id.valid() {
		return Scan{}, noSuchScan()
	}
	err = s.Outbox.RunInTurn(ctx, account.Ref(s.Firestore, uid), func(ctx context.Context, tx *outbox.Tx) error {
		if _, err := account.ReadActive(tx.Transaction, s.Firestore, uid); err != nil {
			return err
		}
		current, err := decodeAny(tx.Get(ref(s.Firestore, id)))
		if errors.Is(err, errNoScan) || err == nil && current.UID != uid {
			return noSuchScan()
		}
		if err != nil {
			return err
		}
		gone = current
		if current.State == Deleting {
			return nil
		}
		if err := cheat.Forget(tx.Transaction, s.Firestore, uid, string(id)); err != nil {
			return err
		}
		now := s.Now().UTC()
		gone.tombstone(now)
		var owed event.Payload
		if !current.FinishedAt.IsZero() { // completed or failed, so its user was told of it
			owed = deletedEvent(current)
		}
		err = follow(ctx, tx, s.Firestore, gone, now, owed, string(id), current.FinishedAt.Format(time.RFC3339Nano))
		if err != nil {
			return err
		}
		return write(tx.Transaction, s.Firestore, gone)
	})
	return gone, err
}

// clearAway deletes the objects of a tombstone and then the tombstone.
func clearAway(ctx context.Context, fs *firestore.Client, uploads, results *storage.BucketHandle, gone Scan) error {
	group, deletion := errgroup.WithContext(ctx)
	group.Go(func() error { return bucket.Delete(deletion, uploads.Object(PhotoName(gone.UID, gone.ID))) })
	group.Go(func() error { return bucket.DeleteBelow(deletion, results, ResultPrefix(gone.UID, gone.ID)) })
	if err := group.Wait(); err != nil {
		return err
	}
	on := gone.ref(fs)
	if gone.SeriesID != "" { // whose scans go at the same time
		on = seriesRef(fs, gone.UID, gone.SeriesID)
	}
	return transact.Run(ctx, fs, on, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := decodeAny(tx.Get(gone.ref(fs)))
		if err != nil || current.State != Deleting {
			return ignoreGone(err) // another DELETE was faster, and the id may be in use again
		}
		if err := leaveSeries(tx, fs, current); err != nil {
			return err
		}
		return tx.Delete(gone.ref(fs))
	})
}
