package scan

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/store"
)

var (
	// errNoScan says that scans/{id} does not exist, or is being deleted.
	errNoScan = errors.New("no such scan")
	// errDeleting is errNoScan of a scan whose objects are still going.
	errDeleting = fmt.Errorf("%w: it is being deleted", errNoScan)
)

// ref returns scans/{id}.
func ref(fs *firestore.Client, id ID) *firestore.DocumentRef {
	return fs.Collection("scans").Doc(string(id))
}

// version returns the version that waiting clients compare.
func (s Scan) version() int64 { return s.Version }

// ref returns the scan's document.
func (s Scan) ref(fs *firestore.Client) *firestore.DocumentRef { return ref(fs, s.ID) }

// get reads the scan, unless it is being deleted.
func get(ctx context.Context, fs *firestore.Client, id ID) (Scan, error) {
	return decode(ref(fs, id).Get(ctx))
}

// read is get in the transaction.
func read(tx *firestore.Transaction, fs *firestore.Client, id ID) (Scan, error) {
	return decode(tx.Get(ref(fs, id)))
}

// write writes the scan in the transaction.
func write(tx *firestore.Transaction, fs *firestore.Client, s Scan) error {
	if err := tx.Set(ref(fs, s.ID), s); err != nil {
		return fmt.Errorf("write scan %s: %w", s.ID, err)
	}
	return nil
}

// decode reads a scan as all but its deletion sees it: one that is being deleted is gone.
func decode(snap *firestore.DocumentSnapshot, err error) (Scan, error) {
	s, err := decodeAny(snap, err)
	if err == nil && s.State == Deleting {
		return Scan{}, errDeleting
	}
	return s, err
}

// decodeAny reads a scan that may be one that is being deleted.
func decodeAny(snap *firestore.DocumentSnapshot, err error) (Scan, error) {
	return store.Decode[Scan](snap, err, "scan", errNoScan)
}

// Exists reports, in the transaction, whether there is the scan; not one that is being deleted.
func Exists(tx *firestore.Transaction, fs *firestore.Client, id ID) (bool, error) {
	_, err := read(tx, fs, id)
	return err == nil, ignoreGone(err)
}

// readAll returns the scans that the query finds, tombstones among them.
func readAll(ctx context.Context, q firestore.Query) ([]Scan, error) {
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list scans: %w", err)
	}
	all := make([]Scan, len(snaps))
	for i, snap := range snaps {
		if all[i], err = decodeAny(snap, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}
