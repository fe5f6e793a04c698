package series

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/store"
)

// Of returns the user's series.
func Of(fs *firestore.Client, uid account.UID) *firestore.CollectionRef {
	return account.Ref(fs, uid).Collection("series")
}

// Ref returns users/{uid}/series/{id}.
func Ref(fs *firestore.Client, uid account.UID, id scan.SeriesID) *firestore.DocumentRef {
	return Of(fs, uid).Doc(string(id))
}

// Decode decodes a series. A series that is being deleted is ErrNotFound.
func Decode(snap *firestore.DocumentSnapshot, err error) (Series, error) {
	s, err := store.Decode[Series](snap, err, "series", ErrNotFound)
	if err == nil && s.State == Deleting {
		return s, ErrDeleting
	}
	return s, err
}

// Get reads the series, unless it is being deleted.
func Get(ctx context.Context, fs *firestore.Client, uid account.UID, id scan.SeriesID) (Series, error) {
	return Decode(Ref(fs, uid, id).Get(ctx))
}

// CurrentVersion returns the version that waiting clients compare.
func (s Series) CurrentVersion() int64 { return s.Version }

// Owner returns the id of the user whose it is.
func (s Series) Owner() string { return string(s.UID) }

// Ref returns the series' document.
func (s Series) Ref(fs *firestore.Client) *firestore.DocumentRef { return Ref(fs, s.UID, s.ID) }

// PositionOf returns the series' position in a list.
func PositionOf(s Series) httpapi.Position {
	return httpapi.Position{At: s.CreatedAt, ID: string(s.ID)}
}

// Settled reports whether the series has ended, so that there is nothing to wait for.
func (s Series) Settled() bool { return s.State != Open }

// Write writes the series in the transaction.
func Write(tx *firestore.Transaction, fs *firestore.Client, s Series) error {
	if err := tx.Set(s.Ref(fs), s); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	return nil
}

// Follow commits what the end of a scan owes, in the transaction that writes the scan: the scan's
// event, which may be nil, or for a photo of a series the series in its new state, with the event
// of its revision. Nothing follows if the series is deleted or being deleted.
//
// All photos of a series write its document at their end. So it is read outside of the transaction
// and written on the condition that it has not changed. The transaction must run by package
// transact.
func Follow(
	ctx context.Context, tx *outbox.Tx, fs *firestore.Client, s scan.Scan, now time.Time, own event.Payload, key ...string,
) error {
	if s.SeriesID == "" {
		if own == nil {
			return nil
		}
		return tx.Tell(ctx, now, own, key...)
	}
	snap, err := Ref(fs, s.UID, s.SeriesID).Get(ctx)
	of, err := Decode(snap, err)
	if err != nil {
		return fault.Ignore(err, ErrNotFound)
	}
	version, revision := of.Version, of.Revision
	of.See(s, now)
	if of.Version == version {
		return nil
	}
	if err := tx.Update(snap.Ref, of.outcome(), firestore.LastUpdateTime(snap.UpdateTime)); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	withdrawn := s.Refused() && s.ConsentEpoch == of.ConsentEpoch // no event is owed any more
	if of.Revision == revision || withdrawn {
		return nil
	}
	return tx.Tell(ctx, now, of.SettledEvent(), of.eventKey()...)
}

// outcome returns the updates of what see and settle change.
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

// Stands reports whether the series that was read exists and its present result is that of the
// revision, from a photo that still exists.
func Stands(snap *firestore.DocumentSnapshot, revision int64) (bool, error) {
	s, err := Decode(snap, nil)
	if err != nil {
		return false, fault.Ignore(err, ErrNotFound)
	}
	for _, l := range s.Looks {
		if l.State != LookDeleted {
			return s.Revision == revision, nil
		}
	}
	return false, nil
}
