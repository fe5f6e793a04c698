package scan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

// seriesOf returns the user's series.
func seriesOf(fs *firestore.Client, uid account.UID) *firestore.CollectionRef {
	return account.Ref(fs, uid).Collection("series")
}

// seriesRef returns users/{uid}/series/{id}.
func seriesRef(fs *firestore.Client, uid account.UID, id SeriesID) *firestore.DocumentRef {
	return seriesOf(fs, uid).Doc(string(id))
}

// decodeSeries reads a series as all but its deletion sees it: one that is being deleted is gone.
func decodeSeries(snap *firestore.DocumentSnapshot, err error) (Series, error) {
	s, err := store.Decode[Series](snap, err, "series", errNoSeries)
	if err == nil && s.State == SeriesDeleting {
		return s, errSeriesDeleting
	}
	return s, err
}

// getSeries reads the series, unless it is being deleted.
func getSeries(ctx context.Context, fs *firestore.Client, uid account.UID, id SeriesID) (Series, error) {
	return decodeSeries(seriesRef(fs, uid, id).Get(ctx))
}

// decodeExistingSeries is decodeExisting for a series.
func decodeExistingSeries(snap *firestore.DocumentSnapshot, err error) (Series, error) {
	s, err := decodeSeries(snap, err)
	if errors.Is(err, errNoSeries) {
		return s, fault.New(fault.CodeNotFound, "There is no such series any more.")
	}
	if err != nil {
		return s, fmt.Errorf("watch series: %w", err)
	}
	return s, nil
}

// version returns the version that waiting clients compare.
func (s Series) version() int64 { return s.Version }

// ref returns the series' document.
func (s Series) ref(fs *firestore.Client) *firestore.DocumentRef { return seriesRef(fs, s.UID, s.ID) }

// settled reports whether there is nothing to wait for.
func (s Series) settled() bool { return s.State != SeriesOpen }

// writeSeries writes the series in the transaction.
func writeSeries(tx *firestore.Transaction, fs *firestore.Client, s Series) error {
	if err := tx.Set(s.ref(fs), s); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	return nil
}

// follow commits what the end of a scan owes, in the transaction that writes the scan: the event of
// its own, which may be nil, or for a photo of a series the series as it is now, with the event of
// its revision. A series that is gone or going has nothing to follow.
//
// All photos of a series end by writing its document, so it is read outside of the transaction and
// written on the condition that it is still the same: see package transact, by which the
// transaction has to run.
func follow(
	ctx context.Context, tx *outbox.Tx, fs *firestore.Client, s Scan, now time.Time, own event.Payload, key ...string,
) error {
	if s.SeriesID == "" {
		if own == nil {
			return nil
		}
		return tx.Tell(ctx, now, own, key...)
	}
	snap, err := seriesRef(fs, s.UID, s.SeriesID).Get(ctx)
	of, err := decodeSeries(snap, err)
	if err != nil {
		return ignoreNoSeries(err)
	}
	version, revision := of.Version, of.Revision
	of.see(s, now)
	if of.Version == version {
		return nil
	}
	if err := tx.Update(snap.Ref, of.outcome(), firestore.LastUpdateTime(snap.UpdateTime)); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	withdrawn := s.refused() && s.ConsentEpoch == of.ConsentEpoch // nothing is told of it any more
	if of.Revision == revision || withdrawn {
		return nil
	}
	return tx.Tell(ctx, now, of.settledEvent(), of.eventKey()...)
}

// outcome is what see and settle change.
func (s *Series) outcome() []firestore.Update {
	return []firestore.Update{
		{Path: "state", Value: s.State},
		{Path: "version", Value: s.Version},
		{Path: "looks", Value: s.Looks},
		{Path: "result", Value: s.Result},
		{Path: "engine", Value: s.Engine},
		{Path: "revision", Value: s.Revision},
		{Path: "updatedAt", Value: s.UpdatedAt},
		{Path: "settledAt", Value: s.SettledAt},
	}
}

// ignoreNoSeries returns nil for errNoSeries, and other errors as they are.
func ignoreNoSeries(err error) error {
	if errors.Is(err, errNoSeries) {
		return nil
	}
	return err
}

// SeriesStands reports, in the transaction, whether the series is there and its present result is
// that of the revision, of a photo that is still there.
func SeriesStands(
	tx *firestore.Transaction, fs *firestore.Client, uid account.UID, id SeriesID, revision int64,
) (bool, error) {
	s, err := decodeSeries(tx.Get(seriesRef(fs, uid, id)))
	if err != nil {
		return false, ignoreNoSeries(err)
	}
	for _, l := range s.Looks {
		if l.State != LookDeleted {
			return s.Revision == revision, nil
		}
	}
	return false, nil
}
