package store

import (
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Decode returns the document that was read as a T. If the document does not exist, Decode returns
// the zero T and the error missing, which may be nil. what names the document in other errors.
func Decode[T any](snap *firestore.DocumentSnapshot, readErr error, what string, missing error) (T, error) {
	var value T
	if status.Code(readErr) == codes.NotFound {
		return value, missing
	}
	if readErr != nil {
		return value, fmt.Errorf("read %s: %w", what, readErr)
	}
	if !snap.Exists() { // a batch read reports absence without an error
		return value, missing
	}
	if err := snap.DataTo(&value); err != nil {
		var none T
		return none, fmt.Errorf("decode %s: %w", what, err)
	}
	return value, nil
}

// OrAbsent returns the deletion of a field for a zero value, as omitempty leaves it out of a new
// document.
func OrAbsent[T comparable](value T) any {
	var zero T
	if value == zero {
		return firestore.Delete
	}
	return value
}

// Overtaken reports whether err means that a write was refused because its document has changed
// since it was read, or is gone.
func Overtaken(err error) bool {
	code := status.Code(err)
	return code == codes.FailedPrecondition || code == codes.NotFound
}

// Away reports whether err means that Firestore did not answer, or was too busy with others: the
// same may succeed in a moment. What was asked may have been done.
func Away(err error) bool {
	switch status.Code(err) { //nolint:exhaustive // the others are answers
	case codes.Unavailable, codes.Aborted, codes.ResourceExhausted, codes.DeadlineExceeded:
		return true
	}
	return false
}
