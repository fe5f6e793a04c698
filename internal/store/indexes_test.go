package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/retention"
	"github.com/facescan/facescan/internal/store"
)

func TestIndexes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, i := range store.Indexes {
		if seen[i.Name()] {
			t.Errorf("index %s twice", i.Name())
		}
		seen[i.Name()] = true
		if !slices.Contains(retention.Collections, i.CollectionID) {
			t.Errorf("index %s is on a collection that is not in retention.Collections", i.Name())
		}
		if len(i.Fields) < 2 && !i.Group {
			t.Errorf("index %s has %d fields; one alone Firestore keeps by itself", i.Name(), len(i.Fields))
		}
		for _, f := range i.Fields {
			if f.Path == "" || f.Order != store.Ascending && f.Order != store.Descending {
				t.Errorf("index %s has the field %+v", i.Name(), f)
			}
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	seen := map[store.CollectionField]bool{}
	for _, f := range slices.Concat(store.GroupFields, store.Unindexed) {
		if seen[f] {
			t.Errorf("%+v twice: Terraform has one entry for a field", f)
		}
		seen[f] = true
		if !slices.Contains(retention.Collections, f.CollectionID) || f.Path == "" {
			t.Errorf("%+v is in no collection of retention.Collections", f)
		}
	}
}

func TestIndexName(t *testing.T) {
	t.Parallel()
	group := store.Index{CollectionID: "entries", Group: true, Fields: []store.Field{{Path: "uid", Order: store.Descending}}}
	if diff := cmp.Diff("entries.group.uid_desc", group.Name()); diff != "" {
		t.Error(diff)
	}
}
