package schema

import "strings"

// The directions of an index's field, in the words of Firestore's admin API.
const (
	Ascending  = "ASCENDING"
	Descending = "DESCENDING"
)

// Field is one field of an index: its path in the document, dots between levels, and its direction.
type Field struct {
	Path  string
	Order string
}

// Index is a composite index on a collection. Firestore maintains indexes on single fields by
// itself.
type Index struct {
	// Group makes it a single index over all collections of the name, for collection group queries.
	Group bool
	// Fields are in the query's order: equalities first, then the fields that it compares or sorts by.
	Fields []Field
}

// IndexName returns a name that is unique among the indexes, such as
// "inbox.read_asc.createdAt_asc".
func (c Collection) IndexName(i Index) string {
	parts := []string{c.Name}
	if i.Group {
		parts = append(parts, "group")
	}
	for _, f := range i.Fields {
		parts = append(parts, f.Path+"_"+strings.ToLower(strings.TrimSuffix(f.Order, "ENDING")))
	}
	return strings.Join(parts, ".")
}
