package cheat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/store"
)

// The versions of the document: see [State.Partial]. The version of the code before wrote partial
// ones alone, so that what it adds, while both run, does not pass for whole.
const (
	partial = 1
	whole   = 2
)

// stateDoc is users/{uid}/guard/state.
type stateDoc struct {
	// Schema is whole or partial.
	Schema  int     `firestore:"schema"`
	Entries []Entry `firestore:"entries"`
	// Places is absent in documents from before there were places, which has them all free.
	Places []Place `firestore:"places"`
}

func ref(fs *firestore.Client, uid account.UID) *firestore.DocumentRef {
	return account.Ref(fs, uid).Collection("guard").Doc("state")
}

// Get reads the memory of the user's scans outside of a transaction, for display only.
func Get(ctx context.Context, fs *firestore.Client, uid account.UID) (State, error) {
	found, err := Find(ctx, fs, uid)
	return found.State, err
}

// Found is the memory of a user's scans, read outside of a transaction. [Found.Write] replaces it
// on the condition that it has not changed.
type Found struct {
	State State
	ref   *firestore.DocumentRef
	// at is when the document was last written, zero if there is none.
	at time.Time
}

// Find reads the memory of the user's scans for a transaction that adds a scan by [Found.Write]. It
// is for [transact.Run], which runs again if the memory has changed meanwhile: all scans of a user
// write this document at their end, and would wait for each other if they locked it.
func Find(ctx context.Context, fs *firestore.Client, uid account.UID) (Found, error) {
	found := Found{ref: ref(fs, uid)}
	snap, err := found.ref.Get(ctx)
	if found.State, err = decode(snap, err); err != nil {
		return Found{}, err
	}
	found.at = snap.UpdateTime
	return found, nil
}

// Write replaces the found state by s.
func (f Found) Write(tx *firestore.Transaction, s State) error {
	var err error
	if f.at.IsZero() {
		err = tx.Create(f.ref, s.document())
	} else {
		err = tx.Update(f.ref, []firestore.Update{
			{Path: "schema", Value: s.schema()}, {Path: "entries", Value: s.Entries}, {Path: "places", Value: s.Places},
		}, firestore.LastUpdateTime(f.at))
	}
	if err != nil {
		return fmt.Errorf("write guard: %w", err)
	}
	return nil
}

// Read reads the memory of the user's scans, which is empty if there is no document. The
// transaction must have read users/{uid}, since [State.Standing] then leaves out what must not be
// used any more.
func Read(tx *firestore.Transaction, fs *firestore.Client, uid account.UID) (State, error) {
	return decode(tx.Get(ref(fs, uid)))
}

func decode(snap *firestore.DocumentSnapshot, err error) (State, error) {
	d, err := store.Decode[stateDoc](snap, err, "guard", nil)
	return State{Entries: d.Entries, Partial: err == nil && d.Schema == partial, Places: d.Places}, err
}

func (s State) schema() int {
	if s.Partial {
		return partial
	}
	return whole
}

func (s State) document() stateDoc {
	return stateDoc{Schema: s.schema(), Entries: s.Entries, Places: s.Places}
}

// write writes the state in the transaction that read it.
func write(tx *firestore.Transaction, fs *firestore.Client, uid account.UID, s State) error {
	if err := tx.Set(ref(fs, uid), s.document()); err != nil {
		return fmt.Errorf("write guard: %w", err)
	}
	return nil
}

// Forget removes scans from the memory, in the transaction that deletes them. It reads and then
// writes, so it comes after the transaction's other reads.
func Forget(tx *firestore.Transaction, fs *firestore.Client, uid account.UID, scanIDs ...string) error {
	_, err := replace(tx, fs, uid, func(s State) State { return s.Without(scanIDs...) })
	return err
}

// Withdraw removes what was made under the consent epoch or earlier, and reports whether there was
// anything. An entry without an epoch counts as the oldest. A document without other entries is
// deleted. Withdraw reads and then writes, so it comes after the transaction's other reads.
func Withdraw(tx *firestore.Transaction, fs *firestore.Client, uid account.UID, epoch int64) (removed bool, err error) {
	return replace(tx, fs, uid, func(s State) State {
		left := s.Standing(func(made int64) bool { return made > epoch })
		left.Partial = left.Partial && len(left.Entries) > 0 // what it may lack was made under no later epoch
		return left
	})
}

// replace writes the state if it has changed, and deletes the document if nothing is left. A
// partial memory stays, even if it is empty, since one that is not there is whole.
func replace(
	tx *firestore.Transaction, fs *firestore.Client, uid account.UID, rest func(State) State,
) (removed bool, err error) {
	s, err := Read(tx, fs, uid)
	if err != nil {
		return false, err
	}
	left := rest(s)
	if len(left.Entries) == len(s.Entries) && slices.Equal(left.Places, s.Places) {
		return false, nil
	}
	if len(left.Entries)+len(left.Places) > 0 || left.Partial {
		return true, write(tx, fs, uid, left)
	}
	if err := tx.Delete(ref(fs, uid)); err != nil {
		return false, fmt.Errorf("delete guard: %w", err)
	}
	return true, nil
}
