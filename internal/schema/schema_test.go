package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/schema"
)

func TestCollections(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range schema.Collections {
		if seen[c.Name] || c.Name == "" || strings.Contains(c.Name, "/") {
			t.Errorf("%q is named twice, or no name", c.Name)
		}
		seen[c.Name] = true
		if found, ok := schema.Find(c.Name); !ok || found.Says != c.Says {
			t.Errorf("Find(%q) = %+v, %t", c.Name, found, ok)
		}
		if c.Says == "" {
			t.Errorf("%s: no word on what a document says", c.Name)
		}
		if c.Removed != schema.WithConsent && c.Stays == "" {
			t.Errorf("%s: something stays, and nothing says why", c.Name)
		}
		if _, ok := schema.Find(c.Below); c.Below != "" && !ok {
			t.Errorf("%s is below %q, which is not in the table", c.Name, c.Below)
		}
	}
	if _, ok := schema.Find("secrets"); ok {
		t.Error("found a collection that is not in the table")
	}
}

func TestExpiring(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(schema.Expiring()) {
		t.Error("not sorted")
	}
	for _, name := range []string{"users", "scans", "ratings", "boards", "outbox", "exports"} {
		if slices.Contains(schema.Expiring(), name) {
			t.Errorf("documents of %q stay until their owner or their work removes them", name)
		}
	}
}

func TestIndexes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range schema.Collections {
		for _, i := range c.Indexes {
			name := c.IndexName(i)
			if seen[name] {
				t.Errorf("index %s twice", name)
			}
			seen[name] = true
			if len(i.Fields) < 2 && !i.Group {
				t.Errorf("index %s has %d fields; one alone Firestore keeps by itself", name, len(i.Fields))
			}
			for _, f := range i.Fields {
				if f.Path == "" || f.Order != schema.Ascending && f.Order != schema.Descending {
					t.Errorf("index %s has the field %+v", name, f)
				}
			}
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for _, c := range schema.Collections {
		fields := slices.Concat(c.GroupFields, c.Unindexed)
		if c.Expires {
			fields = append(fields, "expireAt")
		}
		slices.Sort(fields)
		if slices.Contains(fields, "") || len(slices.Compact(slices.Clone(fields))) != len(fields) {
			t.Errorf("%s: %q: a field has no name, or several entries, of which Terraform takes one", c.Name, fields)
		}
	}
}

func TestCollection_IndexName(t *testing.T) {
	t.Parallel()
	c := schema.Collection{Name: "entries"}
	group := schema.Index{Group: true, Fields: []schema.Field{{Path: "uid", Order: schema.Descending}}}
	if got := c.IndexName(group); got != "entries.group.uid_desc" {
		t.Errorf("IndexName = %q", got)
	}
}
