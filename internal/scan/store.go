package scan

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/store"
)

var (
	// ErrNotFound is returned for a scan that does not exist or is being deleted.
	ErrNotFound = errors.New("no such scan")
	// ErrDeleting is the ErrNotFound of a scan whose objects are being deleted.
	ErrDeleting = fmt.Errorf("%w: it is being deleted", ErrNotFound)
)

// Ref returns scans/{id}.
func Ref(fs *firestore.Client, id ID) *firestore.DocumentRef {
	return fs.Collection("scans").Doc(string(id))
}

// CurrentVersion returns the version that waiting clients compare.
func (s Scan) CurrentVersion() int64 { return s.Version }

// Owner returns the id of the user whose it is.
func (s Scan) Owner() string { return string(s.UID) }

// Ref returns the scan's document.
func (s Scan) Ref(fs *firestore.Client) *firestore.DocumentRef { return Ref(fs, s.ID) }

// Get reads the scan, unless it is being deleted.
func Get(ctx context.Context, fs *firestore.Client, id ID) (Scan, error) {
	return Decode(Ref(fs, id).Get(ctx))
}

// Read reads the scan in the transaction, unless it is being deleted.
func Read(tx *firestore.Transaction, fs *firestore.Client, id ID) (Scan, error) {
	return Decode(tx.Get(Ref(fs, id)))
}

// Write writes the scan in the transaction.
func Write(tx *firestore.Transaction, fs *firestore.Client, s Scan) error {
	if err := tx.Set(Ref(fs, s.ID), s); err != nil {
		return fmt.Errorf("write scan %s: %w", s.ID, err)
	}
	return nil
}

// Decode decodes a scan. A scan that is being deleted is ErrNotFound.
func Decode(snap *firestore.DocumentSnapshot, err error) (Scan, error) {
	s, err := DecodeAny(snap, err)
	if err == nil && s.State == Deleting {
		return Scan{}, ErrDeleting
	}
	return s, err
}

// DecodeAny decodes a scan, which may be one that is being deleted.
func DecodeAny(snap *firestore.DocumentSnapshot, err error) (Scan, error) {
	return store.Decode[Scan](snap, err, "scan", ErrNotFound)
}

// Exists reports whether the scan that was read exists and is not being deleted.
func Exists(snap *firestore.DocumentSnapshot) (bool, error) {
	_, err := Decode(snap, nil)
	return err == nil, fault.Ignore(err, ErrNotFound)
}

// ReadAll returns the scans that the query finds, tombstones among them.
func ReadAll(ctx context.Context, q firestore.Query) ([]Scan, error) {
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list scans: %w", err)
	}
	all := make([]Scan, len(snaps))
	for i, snap := range snaps {
		if all[i], err = DecodeAny(snap, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}
