package query_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/query"
	"github.com/facescan/facescan/internal/retention"
)

func TestIndexes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, i := range query.Indexes {
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
			if f.Path == "" || f.Order != query.Ascending && f.Order != query.Descending {
				t.Errorf("index %s has the field %+v", i.Name(), f)
			}
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	seen := map[query.CollectionField]bool{}
	for _, f := range slices.Concat(query.GroupFields, query.Unindexed) {
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
	group := query.Index{CollectionID: "entries", Group: true, Fields: []query.Field{{Path: "uid", Order: query.Descending}}}
	if diff := cmp.Diff("entries.group.uid_desc", group.Name()); diff != "" {
		t.Error(diff)
	}
}
