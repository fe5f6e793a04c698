package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/store"
)

// ErrNotFound is returned for a report that does not exist.
var ErrNotFound = errors.New("no such report")

func ref(fs *firestore.Client, id string) *firestore.DocumentRef {
	return fs.Collection("namereports").Doc(id)
}

func read(tx *firestore.Transaction, fs *firestore.Client, id string) (Report, error) {
	snap, err := tx.Get(ref(fs, id))
	return store.Decode[Report](snap, err, "report", ErrNotFound)
}

// Queued is a report with its document's id.
type Queued struct {
	ID string
	Report
}

// Position returns the report's place in the queue.
func (q Queued) Position() httpapi.Position { return httpapi.Position{At: q.CreatedAt, ID: q.ID} }

// Open returns the reports that wait for a decision, oldest first: those of the page and one more
// if there is a next page.
func Open(ctx context.Context, fs *firestore.Client, page httpapi.Page) ([]Queued, error) {
	q := fs.Collection("namereports").Where("open", "==", true).
		OrderBy("createdAt", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc).Limit(page.Limit + 1)
	if page.After != nil {
		q = q.StartAfter(page.After.At, page.After.ID)
	}
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	all := make([]Queued, len(snaps))
	for i, snap := range snaps {
		all[i].ID = snap.Ref.ID
		if err := snap.DataTo(&all[i].Report); err != nil {
			return nil, fmt.Errorf("decode a report: %w", err)
		}
	}
	return all, nil
}

// Get returns the report, or [ErrNotFound].
func Get(ctx context.Context, fs *firestore.Client, id string) (Report, error) {
	snap, err := ref(fs, id).Get(ctx)
	return store.Decode[Report](snap, err, "report", ErrNotFound)
}

// Decide bars the name if that is the decision, and closes the report. Doing it again changes
// nothing more. The name is barred first, so that a decision that is broken off stays in the queue.
func Decide(
	ctx context.Context, fs *firestore.Client, accounts *account.Service, id string, d Decision, now time.Time,
) error {
	found, err := Get(ctx, fs, id)
	if err != nil {
		return err
	}
	if d == Bar {
		if err := accounts.Bar(ctx, found.UID, found.Username); err != nil {
			return err
		}
	}
	err = fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		if _, err := read(tx, fs, id); err != nil {
			return err // the user was erased meanwhile
		}
		return tx.Update(ref(fs, id), []firestore.Update{
			{Path: "open", Value: false}, {Path: "decision", Value: d}, {Path: "updatedAt", Value: now.UTC()},
		})
	})
	return fault.Ignore(err, ErrNotFound)
}
