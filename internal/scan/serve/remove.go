package serve

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/scan/series"
)

func deletedEvent(s scan.Scan) event.ScanDeletedV1 {
	r := s.Outcome()
	return event.ScanDeletedV1{
		UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, EngineMajor: scan.EngineMajor(r.Version),
		Rankable: r.Rankable, CompletedAt: s.FinishedAt, UploadedAt: s.UploadedAt,
	}
}

// remove answers DELETE /v1/scans/{id}. The status is 204 once everything is deleted, also if
// repeated meanwhile, and 404 later.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	gone, err := h.bury(r.Context(), account.Caller(r), scan.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if err := series.ClearAway(r.Context(), h.Firestore, h.Uploads, h.Results, gone); err != nil {
		return fault.Wrap(err, fault.CodeUnavailable, "The scan is being deleted, and not all of it is gone yet: try again.")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// bury replaces the caller's scan by a tombstone and its event. A scan that is a tombstone already
// stays one.
func (h *Handler) bury(ctx context.Context, uid account.UID, id scan.ID) (gone scan.Scan, err error) {
	if !id.Valid() {
		return scan.Scan{}, noSuchScan()
	}
	err = h.Outbox.RunInTurn(ctx, account.Ref(h.Firestore, uid), func(ctx context.Context, tx *outbox.Tx) error {
		if _, err := account.ReadActive(ctx, tx.Transaction, h.Firestore, uid); err != nil {
			return err
		}
		current, err := scan.DecodeAny(tx.Get(scan.Ref(h.Firestore, id)))
		if errors.Is(err, scan.ErrNotFound) || err == nil && current.UID != uid {
			return noSuchScan()
		}
		if err != nil {
			return err
		}
		gone = current
		if current.State == scan.Deleting {
			return nil
		}
		if err := cheat.Forget(tx.Transaction, h.Firestore, uid, string(id)); err != nil {
			return err
		}
		now := h.Now().UTC()
		gone.Tombstone(now)
		var owed event.Payload
		if !current.FinishedAt.IsZero() { // completed or failed, so the user was notified
			owed = deletedEvent(current)
		}
		err = series.Follow(ctx, tx, h.Firestore, gone, now, owed, string(id), current.FinishedAt.Format(time.RFC3339Nano))
		if err != nil {
			return err
		}
		return scan.Write(tx.Transaction, h.Firestore, gone)
	})
	return gone, err
}
