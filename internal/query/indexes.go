package query

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

// Index is a composite index. Those on one field Firestore keeps by itself.
type Index struct {
	// Collection is the last name of the collections whose documents it holds.
	Collection string
	// Group makes it one index over all collections of that name, for collection group queries.
	Group bool
	// Fields are in the query's order: equalities first, then what it compares or sorts by.
	Fields []Field
}

// Name is unique among the indexes, such as "inbox.read_asc.createdAt_asc".
func (i Index) Name() string {
	parts := []string{i.Collection}
	if i.Group {
		parts = append(parts, "group")
	}
	for _, f := range i.Fields {
		parts = append(parts, f.Path+"_"+strings.ToLower(strings.TrimSuffix(f.Order, "ENDING")))
	}
	return strings.Join(parts, ".")
}

// Indexes are the composite indexes that the code's queries need, one entry for each shape of query: Terraform makes
// them. The emulator answers without any, so a query that has none here fails in production only; the comment beside
// the query names its index.
var Indexes = []Index{
	{Collection: "entries", Fields: []Field{{"rating", Descending}, {"achievedAt", Ascending}, {"uid", Ascending}}},
	{Collection: "inbox", Fields: []Field{{"read", Ascending}, {"createdAt", Ascending}}},
	{Collection: "scans", Fields: []Field{{"uid", Ascending}, {"createdAt", Ascending}}},
	{Collection: "scans", Fields: []Field{{"uid", Ascending}, {"createdAt", Descending}}},
	{Collection: "scans", Fields: []Field{{"uid", Ascending}, {"state", Ascending}, {"createdAt", Ascending}}},
	{Collection: "scans", Fields: []Field{{"uid", Ascending}, {"state", Ascending}, {"createdAt", Descending}}},
	{Collection: "scans", Fields: []Field{{"uid", Ascending}, {"result.rankable", Ascending}, {"createdAt", Ascending}}},
	{Collection: "scans", Fields: []Field{{"uid", Ascending}, {"result.rankable", Ascending}, {"createdAt", Descending}}},
}
