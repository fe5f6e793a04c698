package leaderboard

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/work"
)

// TopRow is an entry of the top of a board.
type TopRow struct {
	Rating  float64 `firestore:"rating"`
	Scans   int     `firestore:"scans"`
	SortKey string  `firestore:"sortKey"`
}

// SnapshotDoc is boards/{board}/snapshot/current: a board at one moment.
type SnapshotDoc struct {
	Schema int `firestore:"schema"`
	// AsOf is the moment, by the database's clock. It is zero until the first snapshot is made.
	AsOf time.Time `firestore:"asOf"`
	// Counts is the board's histogram.
	Counts Counts `firestore:"counts"`
	// Top has the first TopRows entries by uid, so that the commit that removes an entry can take it
	// out without reading.
	Top map[string]TopRow `firestore:"top"`
	// Removals is the number of entries that were removed from the board since the snapshot was made:
	// with any, it is not used any more if another can be made.
	Removals int64      `firestore:"removals"`
	Lease    work.Lease `firestore:"lease"`
	// ExpireAt is when the board of a week or a day is gone.
	ExpireAt time.Time `firestore:"expireAt,omitzero"`
}

// SnapshotRef returns the document of the board's snapshot.
func SnapshotRef(fs *firestore.Client, board string) *firestore.DocumentRef {
	return fs.Collection("boards").Doc(board).Collection("snapshot").Doc("current")
}

// forgetTop takes the user out of the snapshot. A maker that is at work on it fails by that, and
// the next begins.
func forgetTop(tx *firestore.Transaction, fs *firestore.Client, b Board, uid account.UID) error {
	doc := map[string]any{
		"top": map[string]any{string(uid): firestore.Delete},
		// A write that changes nothing leaves the time of the last update as it is.
		"removals": firestore.Increment(1),
		"lease":    firestore.Delete, // the maker at work has failed, and the next may begin
	}
	if !b.Period.Always() {
		doc["expireAt"] = b.Period.Expires()
	}
	if err := tx.Set(SnapshotRef(fs, b.ID()), doc, firestore.MergeAll); err != nil {
		return fmt.Errorf("take the entry out of the snapshot: %w", err)
	}
	return nil
}
