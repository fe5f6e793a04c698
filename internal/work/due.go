package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/store"
)

// faultsField is the document's field that counts a sweep's consecutive failures on it.
const faultsField = "sweepFaults"

// Due selects the documents that a sweep handles.
type Due struct {
	// Documents is the query that contains the due ones, such as a whole collection.
	Documents firestore.Query
	// Field is the field with the time from which a document is due. The query needs its index, which
	// Firestore makes by itself.
	Field string
	// Age is how long after that time the sweep takes a document, usually 0.
	Age time.Duration
	// Page is the largest number of documents that one sweep handles.
	Page int
	// Pause is how long the sweep skips a document that it failed on. It doubles with each failure in
	// a row, up to Longest.
	Pause, Longest time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Sweep calls handle with the due documents, the longest due first, and returns the number handled
// without an error. A document that fails, if only by a panic, is put off and does not stop the
// others; only the end of ctx does. The errors are joined.
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
		if err := ctx.Err(); err != nil {
			return handled, errors.Join(append(faults, err)...)
		}
		if err := attempt(ctx, snap, handle); err != nil {
			faults = append(faults, err, d.putOff(ctx, snap))
			continue
		}
		handled++
	}
	return handled, errors.Join(faults...)
}

// attempt calls handle and returns its panic as an error. Otherwise every sweep would end at the
// same document, and nothing that is due after it would be handled.
func attempt(
	ctx context.Context, snap *firestore.DocumentSnapshot, handle func(context.Context, *firestore.DocumentSnapshot) error,
) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.ErrorContext(ctx, "panic", "panic", cause, "stack_trace", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return handle(ctx, snap)
}

// putOff makes the document due later, even if ctx has ended. Otherwise a page of documents that
// always fail, or one that takes all the time there is, would block all others. A document that has
// changed since it was read stays as it is.
func (d Due) putOff(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
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
