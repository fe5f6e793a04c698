// Package index finds the composite indexes of production that serve a query. The emulator serves
// every query without one.
package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/facescan/facescan/terraform"
)

const (
	// documentID is the pseudo field by which every index ends.
	documentID = "__name__"
	ascending  = "ASCENDING"
)

// indexField is a field of an index, with its direction in the words of Firestore's admin API.
type indexField struct {
	Path  string `json:"path"`
	Order string `json:"order"`
}

// Set holds the indexes of a database.
type Set struct {
	Composite []struct {
		Name         string       `json:"name"`
		CollectionID string       `json:"collection"`
		Group        bool         `json:"group"`
		Fields       []indexField `json:"fields"`
	} `json:"indexes"`
	// Group are the single fields with an ascending index over all collections of a name.
	Group []collectionField `json:"groupFields"`
	// Unindexed are the maps and arrays without an index of their own.
	Unindexed []collectionField `json:"unindexed"`
	// Expiring are the collections whose expireAt is indexed like a field of Group.
	Expiring []string `json:"expiring"`
}

type collectionField struct {
	CollectionID string `json:"collection"`
	Field        string `json:"field"`
}

// Production returns the indexes of terraform/modules/facescan/catalog.json.
func Production() (Set, error) {
	var all Set
	if err := json.Unmarshal(terraform.Catalog, &all); err != nil {
		return Set{}, fmt.Errorf("read the catalog: %w", err)
	}
	for _, collection := range all.Expiring {
		all.Group = append(all.Group, collectionField{collection, "expireAt"})
	}
	return all, nil
}

// Shape is the part of a query that decides which index it needs.
type Shape struct {
	collection string
	group      bool
	// equal are the fields compared by equality, order those that it compares otherwise or sorts by.
	// The document's id, by which every query sorts last, is among them only where its direction is
	// not the direction of the field before.
	equal []string
	order []indexField
	// id is the direction of the document's id.
	id string
}

// ErrNoRule means that this package has no rule for the index that a query needs. No query needed
// one when it was written.
var ErrNoRule = errors.New(
	"no rule says which index this kind of query needs; write one in internal/local/emulator/index/index.go",
)

// ShapeOf returns the shape of the query, or ErrNoRule.
func ShapeOf(q *firestorepb.StructuredQuery) (Shape, error) {
	if len(q.GetFrom()) != 1 || q.GetFindNearest() != nil {
		return Shape{}, ErrNoRule
	}
	if q.GetFrom()[0].GetCollectionId() == "" && (q.GetWhere() != nil || len(q.GetOrderBy()) > 0) {
		return Shape{}, ErrNoRule // of all collections at once, just all documents can be asked for
	}
	s := Shape{collection: q.GetFrom()[0].GetCollectionId(), group: q.GetFrom()[0].GetAllDescendants()}
	var compared []string
	if err := s.filter(q.GetWhere(), &compared); err != nil {
		return Shape{}, err
	}
	s.id = ascending
	for _, o := range q.GetOrderBy() {
		s.id = o.GetDirection().String()
		s.order = append(s.order, indexField{o.GetField().GetFieldPath(), s.id})
	}
	slices.Sort(compared)
	for _, path := range slices.Compact(compared) {
		if !slices.ContainsFunc(s.order, func(f indexField) bool { return f.Path == path }) && path != documentID {
			s.order = append(s.order, indexField{path, s.id})
		}
	}
	end := len(s.order) - 1
	if end >= 0 && s.order[end].Path == documentID && (end == 0 || s.order[end-1].Order == s.id) {
		s.order = s.order[:end]
	}
	return s, nil
}

// filter sorts the fields of a condition into those compared by equality and the others.
func (s *Shape) filter(f *firestorepb.StructuredQuery_Filter, compared *[]string) error {
	switch {
	case f == nil:
		return nil
	case f.GetCompositeFilter() != nil:
		if f.GetCompositeFilter().GetOp() != firestorepb.StructuredQuery_CompositeFilter_AND {
			return ErrNoRule
		}
		for _, part := range f.GetCompositeFilter().GetFilters() {
			if err := s.filter(part, compared); err != nil {
				return err
			}
		}
		return nil
	case f.GetUnaryFilter() != nil:
		path := f.GetUnaryFilter().GetField().GetFieldPath()
		switch f.GetUnaryFilter().GetOp() {
		case firestorepb.StructuredQuery_UnaryFilter_IS_NULL, firestorepb.StructuredQuery_UnaryFilter_IS_NAN:
			s.equals(path)
		default:
			*compared = append(*compared, path)
		}
		return nil
	}
	path := f.GetFieldFilter().GetField().GetFieldPath()
	switch f.GetFieldFilter().GetOp() {
	case firestorepb.StructuredQuery_FieldFilter_EQUAL, firestorepb.StructuredQuery_FieldFilter_IN:
		s.equals(path)
	case firestorepb.StructuredQuery_FieldFilter_ARRAY_CONTAINS,
		firestorepb.StructuredQuery_FieldFilter_ARRAY_CONTAINS_ANY:
		return ErrNoRule
	default:
		*compared = append(*compared, path)
	}
	return nil
}

func (s *Shape) equals(path string) {
	if path != documentID && !slices.Contains(s.equal, path) {
		s.equal = append(s.equal, path)
	}
}

// String returns the index that serves the shape alone.
func (s Shape) String() string {
	parts := []string{s.collection}
	if s.group {
		parts = append(parts, "group")
	}
	for _, path := range s.equal {
		parts = append(parts, path+" "+ascending)
	}
	for _, f := range s.order {
		parts = append(parts, f.Path+" "+f.Order)
	}
	return strings.Join(parts, ", ")
}

// Serve returns the names of the composite indexes that answer the query, none where it needs none.
// ok is false where the set cannot answer it. The rules are those of
// https://firebase.google.com/docs/firestore/query-data/index-overview:
//
//   - One field, or several that are all compared by equality, need single-field indexes only,
//     which are merged.
//   - Otherwise an index has the fields of equality first, in any order, and then the others, in
//     theirs. Indexes that end alike are merged, too. None is read backwards.
func (all Set) Serve(s Shape) (used []string, ok bool) {
	switch {
	case len(s.order) == 0 && !slices.ContainsFunc(
		s.equal, func(path string) bool { return !all.single(s, indexField{path, s.id}) },
	):
		return nil, true
	case len(s.equal) == 0 && len(s.order) == 1 && all.single(s, s.order[0]):
		return nil, true
	}
	missing := slices.Clone(s.equal)
	for _, i := range all.Composite {
		head := len(i.Fields) - len(s.order)
		if i.CollectionID != s.collection || i.Group != s.group || head < 0 || !slices.Equal(i.Fields[head:], s.order) {
			continue
		}
		equal := i.Fields[:head]
		if slices.ContainsFunc(equal, func(f indexField) bool { return !slices.Contains(s.equal, f.Path) }) {
			continue
		}
		if len(equal) == len(s.equal) {
			return []string{i.Name}, true
		}
		used = append(used, i.Name)
		missing = slices.DeleteFunc(missing, func(path string) bool {
			return slices.ContainsFunc(equal, func(f indexField) bool { return f.Path == path })
		})
	}
	return used, len(missing) == 0 && len(used) > 0
}

// single reports whether the field has an index of its own in the shape's scope. By themselves all
// fields have one for each direction within a collection, and none over all collections of a name;
// Terraform's own entries replace that by ascending ones.
func (all Set) single(s Shape, by indexField) bool {
	if slices.Contains(all.Group, collectionField{s.collection, by.Path}) {
		return by.Order == ascending
	}
	return !s.group && !slices.ContainsFunc(all.Unindexed, func(f collectionField) bool {
		return f.CollectionID == s.collection && strings.HasPrefix(by.Path+".", f.Field+".")
	})
}
