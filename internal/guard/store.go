package guard

import (
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/query"
)

const schema = 1

// document is users/{uid}/guard/state.
type document struct {
	Schema  int     `firestore:"schema"`
	Entries []Entry `firestore:"entries"`
}

func ref(fs *firestore.Client, uid account.UID) *firestore.DocumentRef {
	return account.Ref(fs, uid).Collection("guard").Doc("state")
}

// Read reads what is remembered of the user's scans; nothing, where there is no document yet. The transaction has read users/{uid}.
func Read(tx *firestore.Transaction, fs *firestore.Client, uid account.UID) (State, error) {
	snap, err := tx.Get(ref(fs, uid))
	d, err := query.Decode[document](snap, err, "guard", nil)
	return State{Entries: d.Entries}, err
}

// Write keeps the state, by the transaction that read it.
func Write(tx *firestore.Transaction, fs *firestore.Client, uid account.UID, s State) error {
	if err := tx.Set(ref(fs, uid), document{Schema: schema, Entries: s.Entries}); err != nil {
		return fmt.Errorf("write guard: %w", err)
	}
	return nil
}

// Forget takes a scan out of what is remembered, in the transaction that deletes it. It reads and then writes, so it comes after the
// transaction's other reads.
func Forget(tx *firestore.Transaction, fs *firestore.Client, uid account.UID, scanID string) error {
	s, err := Read(tx, fs, uid)
	if err != nil {
		return err
	}
	without := s.Without(scanID)
	if len(without.Entries) == len(s.Entries) {
		return nil
	}
	return Write(tx, fs, uid, without)
}
