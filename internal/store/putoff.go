package store

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
)

// FaultsField counts, in a document, how often in a row a sweep failed on it. See [PutOff].
const FaultsField = "sweepFaults"

// PutOff has a sweep that takes its documents by the time in the field, oldest first, look at one
// again later that it failed on: after the pause at first, twice that the next time, and so on up
// to the longest. Otherwise as many as a page that fail permanently would keep it from all others.
// It does nothing to a document that has changed since it was read.
func PutOff(
	ctx context.Context, snap *firestore.DocumentSnapshot, field string, now time.Time, pause, longest time.Duration,
) error {
	value, _ := snap.DataAt(FaultsField) // absent at first
	faults, _ := value.(int64)
	_, err := snap.Ref.Update(ctx, []firestore.Update{
		{Path: field, Value: now.UTC().Add(min(pause<<min(max(faults, 0), 20), longest))},
		{Path: FaultsField, Value: faults + 1},
	}, firestore.LastUpdateTime(snap.UpdateTime))
	if Overtaken(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put off what failed: %w", err)
	}
	return nil
}
