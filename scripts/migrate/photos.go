package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// wholeMemory is the schema of a guard's memory that has each completed scan with its photo's hash,
// and partMemory that of one that may not. The version before wrote the latter alone.
const (
	partMemory  = 1
	wholeMemory = 2
)

// photos enters into the guard's memory which photo each scan measured, and the scans of the same
// photo as another, which the version before left out. Then an analysis finds an earlier scan of
// its photo without a query. A memory that has lost scans, as there are more than it keeps, stays
// partial.
var photos = step{
	Name: "photos", About: "let the guard know photos that were measured before", Collection: "guard",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		var memory guardDoc
		if err := doc.DataTo(&memory); err != nil {
			return false, fmt.Errorf("decode it: %w", err)
		}
		unknown := func(e cheat.Entry) bool { return e.Content == "" }
		return memory.Schema == partMemory && slices.ContainsFunc(memory.Entries, unknown), nil
	},
	Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		var memory guardDoc
		if err := doc.DataTo(&memory); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		uid := doc.Ref.Parent.Parent.ID
		found, err := tx.Find(
			ctx, tx.fs.Collection("scans").Where("uid", "==", uid).OrderBy("createdAt", firestore.Desc),
		)
		if err != nil {
			return fmt.Errorf("read its scans: %w", err)
		}
		completed, err := completedOf(uid, found)
		if err != nil {
			return err
		}
		after := remembered(memory.Entries, completed)
		if len(after.Entries) == 0 && len(memory.Places) == 0 && !after.Partial { // as one that is not there is whole
			return tx.Delete(doc.Ref)
		}
		version := wholeMemory
		if after.Partial {
			version = partMemory
		}
		return tx.Update(doc.Ref, []firestore.Update{
			{Path: "entries", Value: after.Entries}, {Path: "schema", Value: version},
		})
	},
}

// guardDoc is users/{uid}/guard/state, as far as the step reads it.
type guardDoc struct {
	Schema  int           `firestore:"schema"`
	Entries []cheat.Entry `firestore:"entries"`
	Places  []cheat.Place `firestore:"places"`
}

// completedOf returns the user's completed scans, the first to end first.
func completedOf(uid string, found []*firestore.DocumentSnapshot) ([]scan.Scan, error) {
	var all []scan.Scan
	for _, snap := range found {
		s, err := scan.DecodeAny(snap, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pathOf(snap.Ref), err)
		}
		if string(s.UID) == uid && s.State == scan.Completed {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b scan.Scan) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// remembered returns the memory with what the scans say, without those whose scan is gone, and with
// the duplicates behind them. It is partial if a scan has no entry with its photo's hash.
func remembered(entries []cheat.Entry, completed []scan.Scan) cheat.State {
	at := map[string]scan.Scan{}
	for _, s := range completed {
		at[string(s.ID)] = s
	}
	var memory cheat.State
	for _, e := range entries {
		s, ok := at[e.ScanID]
		if !ok {
			continue
		}
		delete(at, e.ScanID)
		e.Content, e.Version, e.DuplicateOf = s.Content, s.Outcome().Version, string(s.DuplicateOf)
		memory.Partial = memory.Partial || e.Content == ""
		memory.Entries = append(memory.Entries, e)
	}
	for _, s := range completed {
		if _, left := at[string(s.ID)]; !left {
			continue
		}
		if s.DuplicateOf == "" || s.Content == "" {
			memory.Partial = true // it was forgotten, as there were too many after it
			continue
		}
		memory = cheat.Duplicate(memory, string(s.ID), s.ConsentEpoch, cheat.Observation{
			SeriesID: string(s.SeriesID), Content: s.Content, Version: s.Outcome().Version,
		}, string(s.DuplicateOf))
	}
	return memory
}
