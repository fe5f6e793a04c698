package work

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/store"
)

// faultsField counts, in a document, how often in a row a sweep failed on it.
const faultsField = "sweepFaults"

// Due describes the documents that a sweep handles.
type Due struct {
	// Documents are those among which the due ones are, such as a collection.
	Documents firestore.Query
	// Field holds the time from which on a document is due. The query needs its index, which
	// Firestore makes by itself.
	Field string
	// Age is how long after that time the sweep takes a document, mostly 0.
	Age time.Duration
	// Page is the most documents that one sweep handles.
	Page int
	// Pause is how long a document is left alone on which the sweep failed. It doubles with each
	// failure in a row, up to Longest.
	Pause, Longest time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Sweep hands the due documents to handle, the longest due first, and returns how many it handled
// without an error. One that fails does not stop the others, and is put off; the errors are joined.
func Sweep(
	ctx context.Context, d Due, handle func(context.Context, *firestore.DocumentSnapshot) error,
) (handled int, err error) {
	snaps, err := d.Documents.Where(d.Field, "<=", d.Now().UTC().Add(-d.Age)).
		OrderBy(d.Field, firestore.Asc).Limit(d.Page).Documents(ctx).GetAll()
	if err != nil {
		return 0, fmt.Errorf("list what is due: %w", err)
	}
	var faults []error
	for _, snap := range snaps {
		if err := handle(ctx, snap); err != nil {
			faults = append(faults, err, d.putOff(ctx, snap))
			continue
		}
		handled++
	}
	return handled, errors.Join(faults...)
}

// putOff makes the document due later. Otherwise as many as a page that fail permanently would keep
// the sweep from all others. A document that has changed since it was read stays as it is.
func (d Due) putOff(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	value, _ := snap.DataAt(faultsField) // absent at first
	faults, _ := value.(int64)
	_, err := snap.Ref.Update(ctx, []firestore.Update{
		{Path: d.Field, Value: d.Now().UTC().Add(min(d.Pause<<min(max(faults, 0), 20), d.Longest))},
		{Path: faultsField, Value: faults + 1},
	}, firestore.LastUpdateTime(snap.UpdateTime))
	if store.Overtaken(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put off what failed: %w", err)
	}
	return nil
}
