package store

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
	// CollectionID is the last name of the collections whose documents it holds.
	CollectionID string
	// Group makes it one index over all collections of that name, for collection group queries.
	Group bool
	// Fields are in the query's order: equalities first, then what it compares or sorts by.
	Fields []Field
}

// Name is unique among the indexes, such as "inbox.read_asc.createdAt_asc".
func (i Index) Name() string {
	parts := []string{i.CollectionID}
	if i.Group {
		parts = append(parts, "group")
	}
	for _, f := range i.Fields {
		parts = append(parts, f.Path+"_"+strings.ToLower(strings.TrimSuffix(f.Order, "ENDING")))
	}
	return strings.Join(parts, ".")
}

// Indexes are the composite indexes that the code's queries need, one entry for each shape of
// query: Terraform makes them. The local Firestore refuses a query that has none here, as
// production does, and a test of internal/systest fails when no query of the API is answered by one
// of them.
var Indexes = []Index{
	{CollectionID: "entries", Fields: []Field{{"rating", Descending}, {"achievedAt", Ascending}, {"uid", Ascending}}},
	{CollectionID: "inbox", Fields: []Field{{"read", Ascending}, {"createdAt", Ascending}}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"createdAt", Ascending}}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"createdAt", Descending}}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"state", Ascending}, {"createdAt", Ascending}}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"state", Ascending}, {"createdAt", Descending}}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"result.rankable", Ascending}, {"createdAt", Ascending}}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"result.rankable", Ascending}, {"createdAt", Descending}}},
	{CollectionID: "scans", Fields: []Field{
		{"uid", Ascending}, {"state", Ascending}, {"result.rankable", Ascending}, {"result.version", Ascending}, {"result.score.value", Descending},
	}},
	{CollectionID: "scans", Fields: []Field{
		{"uid", Ascending}, {"content", Ascending}, {"state", Ascending}, {"result.version", Ascending}, {"duplicateOf", Ascending}, {"finishedAt", Ascending},
	}},
	{CollectionID: "scans", Fields: []Field{{"uid", Ascending}, {"consentEpoch", Ascending}}},
	{CollectionID: "exports", Fields: []Field{{"uid", Ascending}, {"consentEpoch", Ascending}}},
}

// CollectionField is a field of all the documents that lie in collections of a name.
type CollectionField struct {
	// CollectionID is the last name of the collections, Path the field.
	CollectionID, Path string
}

// GroupFields are the single fields that the code's collection group queries ask by: unlike a
// collection's, that index Firestore does not keep by itself. `expireAt` of retention.Expiring has
// its own.
var GroupFields = []CollectionField{{"devices", "tokenHash"}, {"entries", "uid"}}

// Unindexed are the maps, arrays and long texts that no query asks by, with all that is in them:
// each value would be two entries of an index, which cost storage and time with every write and
// count towards the 40,000 that a document may have. A composite index on a field within is not
// affected. Firestore allows 200 such exemptions.
var Unindexed = []CollectionField{
	{"devices", "token"},
	{"guard", "entries"},
	{"outbox", "attributes"},
	{"outbox", "data"},
	{"parked", "attributes"},
	{"parked", "data"},
	{"ratings", "contributions"},
	{"scans", "renditions"},
	{"scans", "rendered"},
	{"scans", "result"},
	{"series", "looks"},
	{"series", "result"},
}
