package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// A series is deleted with its scans: one commit makes it and them tombstones, each scan that has
// lost its objects leaves the series' tombstone, and the last one takes that along. So what is broken
// off is gone on with by the next DELETE or, scan by scan, by the sweep.

// tombstone makes the series one that waits for the scans to go: nothing of what it showed is left.
func (s *Series) tombstone(scans []Scan, now time.Time) {
	looks := make([]Look, len(scans))
	for i, one := range scans {
		looks[i] = Look{ScanID: one.ID, State: LookDeleted}
	}
	*s = Series{
		Schema: docSchema, ID: s.ID, UID: s.UID, ConsentEpoch: s.ConsentEpoch, State: SeriesDeleting, Version: s.Version + 1,
		Looks: looks, CreatedAt: s.CreatedAt, UpdatedAt: now,
	}
}

// deletedEvent returns what the deletion owes; ok is false where nothing was told or could have counted.
func (s *Series) deletedEvent(now time.Time) (told event.SeriesDeletedV1, ok bool) {
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
		UID: string(s.UID), SeriesID: string(s.ID), ConsentEpoch: s.ConsentEpoch, EngineMajor: engineMajor(engine),
		Photos: photos, SettledAt: at,
	}, photos > 0 || s.Revision > 0
}

// leaveSeries takes the scan, whose objects are gone, out of its series' tombstone. It reads and
// then writes.
func leaveSeries(tx *firestore.Transaction, fs *firestore.Client, gone Scan) error {
	if gone.SeriesID == "" {
		return nil
	}
	of, err := decodeSeries(tx.Get(seriesRef(fs, gone.UID, gone.SeriesID)))
	if !errors.Is(err, errSeriesDeleting) {
		return ignoreNoSeries(err)
	}
	of.Looks = slices.DeleteFunc(of.Looks, func(l Look) bool { return l.ScanID == gone.ID })
	if len(of.Looks) > 0 {
		return writeSeries(tx, fs, of)
	}
	if err := tx.Delete(of.ref(fs)); err != nil {
		return fmt.Errorf("delete series: %w", err)
	}
	return nil
}

// remove answers DELETE /v1/series/{id}. It is 204 once all is gone, and when asked again
// meanwhile; later 404.
func (s *SeriesService) remove(w http.ResponseWriter, r *http.Request) error {
	gone, err := s.bury(r.Context(), account.Caller(r), SeriesID(r.PathValue("id")))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(r.Context())
	for _, one := range gone {
		group.Go(func() error { return clearAway(ctx, s.Firestore, s.Uploads, s.Results, one) })
	}
	if err := group.Wait(); err != nil {
		return fault.Wrap(err, fault.CodeUnavailable, "The series is being deleted, and not all of it is gone yet: try again.")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// bury makes the caller's series and its scans tombstones and tells of it. It returns the scans that
// are to be cleared away.
func (s *SeriesService) bury(ctx context.Context, uid account.UID, id SeriesID) (gone []Scan, err error) {
	if !id.valid() {
		return nil, noSuchSeries()
	}
	err = s.Outbox.RunInTurn(ctx, account.Ref(s.Firestore, uid), func(ctx context.Context, tx *outbox.Tx) error {
		if _, err := account.ReadActive(tx.Transaction, s.Firestore, uid); err != nil {
			return err
		}
		found, err := decodeSeries(tx.Get(seriesRef(s.Firestore, uid, id)))
		begun := errors.Is(err, errSeriesDeleting)
		switch {
		case errors.Is(err, errNoSeries) && !begun:
			return noSuchSeries()
		case err != nil && !begun:
			return err
		}
		if gone, err = s.readScans(tx.Transaction, found); err != nil || begun {
			return err
		}
		return s.buryAll(ctx, tx, found, gone)
	})
	return gone, err
}

// readScans reads the series' scans that are there, tombstones among them.
func (s *SeriesService) readScans(tx *firestore.Transaction, of Series) ([]Scan, error) {
	refs := make([]*firestore.DocumentRef, len(of.Looks))
	for i, l := range of.Looks {
		refs[i] = ref(s.Firestore, l.ScanID)
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read the scans of a series: %w", err)
	}
	var all []Scan
	for _, snap := range snaps {
		one, err := decodeAny(snap, nil)
		if ignoreGone(err) != nil {
			return nil, err
		}
		if err == nil {
			all = append(all, one)
		}
	}
	return all, nil
}

func (s *SeriesService) buryAll(ctx context.Context, tx *outbox.Tx, of Series, scans []Scan) error {
	now := s.Now().UTC()
	ids := make([]string, len(scans))
	for i, one := range scans {
		ids[i] = string(one.ID)
	}
	if err := cheat.Forget(tx.Transaction, s.Firestore, of.UID, ids...); err != nil {
		return err
	}
	if told, ok := of.deletedEvent(now); ok {
		if err := tx.Tell(ctx, now, told, string(of.ID), of.CreatedAt.Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	for i := range scans {
		if scans[i].State == Deleting {
			continue
		}
		scans[i].tombstone(now)
		if err := write(tx.Transaction, s.Firestore, scans[i]); err != nil {
			return err
		}
	}
	if len(scans) == 0 {
		return tx.Delete(of.ref(s.Firestore))
	}
	of.tombstone(scans, now)
	return writeSeries(tx.Transaction, s.Firestore, of)
}
