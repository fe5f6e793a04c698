package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/scan/series"
)

// remove answers DELETE /v1/series/{id}. The status is 204 once everything is deleted, also if
// repeated meanwhile, and 404 later.
func (h *SeriesHandler) remove(w http.ResponseWriter, r *http.Request) error {
	gone, err := h.bury(r.Context(), account.Caller(r), scan.SeriesID(r.PathValue("id")))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(r.Context())
	for _, one := range gone {
		group.Go(func() error { return series.ClearAway(ctx, h.Firestore, h.Uploads, h.Results, one) })
	}
	if err := group.Wait(); err != nil {
		return fault.Wrap(err, fault.CodeUnavailable,
			"The series is being deleted, and not all of it is gone yet: try again.")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// bury replaces the caller's series and its scans by tombstones and owes the event. It returns the
// scans to clear away.
func (h *SeriesHandler) bury(ctx context.Context, uid account.UID, id scan.SeriesID) (gone []scan.Scan, err error) {
	if !id.Valid() {
		return nil, noSuchSeries()
	}
	err = h.Outbox.RunInTurn(ctx, account.Ref(h.Firestore, uid), func(ctx context.Context, tx *outbox.Tx) error {
		if _, err := account.ReadActive(ctx, tx.Transaction, h.Firestore, uid); err != nil {
			return err
		}
		found, err := series.Decode(tx.Get(series.Ref(h.Firestore, uid, id)))
		begun := errors.Is(err, series.ErrDeleting)
		switch {
		case errors.Is(err, series.ErrNotFound) && !begun:
			return noSuchSeries()
		case err != nil && !begun:
			return err
		}
		if gone, err = h.readScans(tx.Transaction, found); err != nil || begun {
			return err
		}
		return h.buryAll(ctx, tx, found, gone)
	})
	return gone, err
}

// readScans reads the series' existing scans, including tombstones.
func (h *SeriesHandler) readScans(tx *firestore.Transaction, of series.Series) ([]scan.Scan, error) {
	refs := make([]*firestore.DocumentRef, len(of.Looks))
	for i, l := range of.Looks {
		refs[i] = scan.Ref(h.Firestore, l.ScanID)
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read the scans of a series: %w", err)
	}
	var all []scan.Scan
	for _, snap := range snaps {
		one, err := scan.DecodeAny(snap, nil)
		if fault.Ignore(err, scan.ErrNotFound) != nil {
			return nil, err
		}
		if err == nil {
			all = append(all, one)
		}
	}
	return all, nil
}

func (h *SeriesHandler) buryAll(ctx context.Context, tx *outbox.Tx, of series.Series, scans []scan.Scan) error {
	now := h.Now().UTC()
	ids := make([]string, len(scans))
	for i, one := range scans {
		ids[i] = string(one.ID)
	}
	if err := cheat.Forget(tx.Transaction, h.Firestore, of.UID, ids...); err != nil {
		return err
	}
	if told, ok := of.DeletedEvent(now); ok {
		if err := tx.Tell(ctx, now, told, string(of.ID), of.CreatedAt.Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	for i := range scans {
		if scans[i].State == scan.Deleting {
			continue
		}
		scans[i].Tombstone(now)
		if err := scan.Write(tx.Transaction, h.Firestore, scans[i]); err != nil {
			return err
		}
	}
	if len(scans) == 0 {
		return tx.Delete(of.Ref(h.Firestore))
	}
	of.Tombstone(scans, now)
	return series.Write(tx.Transaction, h.Firestore, of)
}
