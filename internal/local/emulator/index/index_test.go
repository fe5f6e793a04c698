package index

import (
	"encoding/json"
	"errors"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

func TestSet_serve(t *testing.T) {
	t.Parallel()
	var all Set
	if err := json.Unmarshal([]byte(`{
		"indexes": [
			{"name": "born", "collection": "cats", "fields": [{"path": "owner", "order": "ASCENDING"}, {"path": "born", "order": "ASCENDING"}]},
			{"name": "tame", "collection": "cats", "fields": [{"path": "tame", "order": "ASCENDING"}, {"path": "born", "order": "ASCENDING"}]},
			{"name": "youngest", "collection": "cats", "fields": [{"path": "owner", "order": "ASCENDING"}, {"path": "born", "order": "DESCENDING"}]},
			{"name": "litter", "collection": "cats", "group": true, "fields": [{"path": "owner", "order": "ASCENDING"}, {"path": "born", "order": "ASCENDING"}]},
			{"name": "heaviest", "collection": "cats", "fields": [{"path": "weight", "order": "DESCENDING"}, {"path": "born", "order": "ASCENDING"}]},
			{"name": "fur", "collection": "cats", "fields": [{"path": "look.fur", "order": "ASCENDING"}, {"path": "look.eyes", "order": "ASCENDING"}]}
		],
		"groupFields": [{"collection": "cats", "field": "chip"}],
		"unindexed": [{"collection": "cats", "field": "look"}]
	}`), &all); err != nil {
		t.Fatal(err)
	}
	fs := offline(t)
	cats, everyCat := fs.Collection("cats").Query, fs.CollectionGroup("cats").Query
	const refused = "refused"
	for name, tt := range map[string]struct {
		query firestore.Query
		want  []string // refused, or the composite indexes
	}{
		"a whole collection": {cats, nil},
		"one field":          {cats.Where("owner", "==", "ada"), nil},
		"one field, by the id": {
			cats.Where("owner", "==", "ada").OrderBy(firestore.DocumentID, firestore.Asc), nil,
		},
		"one field, by the id backwards": {
			cats.Where("owner", "==", "ada").OrderBy(firestore.DocumentID, firestore.Desc), nil,
		},
		"a range, sorted by it": {
			cats.Where("born", ">", 1).Where("born", "<", 9).OrderBy("born", firestore.Desc), nil,
		},
		"unequal": {cats.Where("owner", "!=", "ada"), nil},
		"one field against the id's direction": {
			cats.OrderBy("born", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Asc), []string{refused},
		},
		"equalities are merged": {
			cats.Where("owner", "==", "ada").Where("tame", "in", []bool{true}).Where("colour", "==", nil), nil,
		},
		"an equality and a range": {
			cats.Where("owner", "==", "ada").Where("born", ">", 1), []string{"born"},
		},
		"an equality and an order": {
			cats.Where("owner", "==", "ada").OrderBy("born", firestore.Asc), []string{"born"},
		},
		"the id in the order's direction": {
			cats.Where("owner", "==", "ada").OrderBy("born", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc),
			[]string{"youngest"},
		},
		"the id against the order's direction": {
			cats.Where("owner", "==", "ada").OrderBy("born", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Asc),
			[]string{refused},
		},
		"an order that no index has": {
			cats.Where("tame", "==", true).OrderBy("born", firestore.Desc), []string{refused},
		},
		"indexes that end alike are merged": {
			cats.Where("owner", "==", "ada").Where("tame", "==", true).OrderBy("born", firestore.Asc), []string{"born", "tame"},
		},
		"one of the merged is missing": {
			cats.Where("owner", "==", "ada").Where("colour", "==", "red").OrderBy("born", firestore.Asc), []string{refused},
		},
		"two orders": {
			cats.OrderBy("weight", firestore.Desc).OrderBy("born", firestore.Asc), []string{"heaviest"},
		},
		"two orders, one the other way": {
			cats.OrderBy("weight", firestore.Asc).OrderBy("born", firestore.Asc), []string{refused},
		},
		"two ranges": {cats.Where("born", ">", 1).Where("weight", ">", 1), []string{refused}},
		"another collection": {
			fs.Collection("dogs").Where("owner", "==", "ada").OrderBy("born", firestore.Asc), []string{refused},
		},
		"all of a group":                            {everyCat, nil},
		"a group's field with an index":             {everyCat.Where("chip", "==", 7), nil},
		"a group's field with an index, descending": {everyCat.OrderBy("chip", firestore.Desc), []string{refused}},
		"a group's field without":                   {everyCat.Where("owner", "==", "ada"), []string{refused}},
		"a group's composite index": {
			everyCat.Where("owner", "==", "ada").OrderBy("born", firestore.Asc), []string{"litter"},
		},
		"a map without an index": {cats.Where("look.tail", "==", "long"), []string{refused}},
		"a composite index on fields of such a map": {
			cats.Where("look.fur", "==", "red").Where("look.eyes", "==", "green"), []string{"fur"},
		},
		"a field whose name only begins like it": {cats.Where("looks", "==", "good"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ShapeOf(structured(t, tt.query))
			if err != nil {
				t.Fatal(err)
			}
			used, ok := all.Serve(s)
			if !ok {
				used = []string{refused}
			}
			if diff := cmp.Diff(tt.want, used); diff != "" {
				t.Errorf("%s (-want +got):\n%s", s, diff)
			}
		})
	}
	for name, q := range map[string]firestore.Query{
		"alternatives": cats.WhereEntity(firestore.OrFilter{Filters: []firestore.EntityFilter{
			firestore.PropertyFilter{Path: "a", Operator: "==", Value: 1},
			firestore.PropertyFilter{Path: "b", Operator: "==", Value: 1},
		}}),
		"arrays": cats.Where("kittens", "array-contains", "tom"),
	} {
		t.Run("no rule for "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := ShapeOf(structured(t, q)); !errors.Is(err, ErrNoRule) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// All documents of all collections are read without an index, as a recursive deletion does.
func TestShapeOf_everyCollection(t *testing.T) {
	t.Parallel()
	everything := func() *firestorepb.StructuredQuery {
		return &firestorepb.StructuredQuery{
			From: []*firestorepb.StructuredQuery_CollectionSelector{{AllDescendants: true}},
		}
	}
	s, err := ShapeOf(everything())
	if used, ok := (Set{}).Serve(s); err != nil || !ok || len(used) > 0 {
		t.Errorf("served %v by %q, %v", ok, used, err)
	}
	sorted, some := everything(), everything()
	sorted.OrderBy = []*firestorepb.StructuredQuery_Order{{}}
	some.Where = new(firestorepb.StructuredQuery_Filter)
	for name, q := range map[string]*firestorepb.StructuredQuery{"sorted": sorted, "some of them": some} {
		if _, err := ShapeOf(q); !errors.Is(err, ErrNoRule) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// offline is a client that makes queries and sends none.
func offline(t *testing.T) *firestore.Client {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///nowhere", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	fs, err := firestore.NewClient(t.Context(), "demo-offline", option.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fs.Close() })
	return fs
}

func structured(t *testing.T, q firestore.Query) *firestorepb.StructuredQuery {
	t.Helper()
	text, err := q.Serialize()
	if err != nil {
		t.Fatal(err)
	}
	var in firestorepb.RunQueryRequest
	if err := proto.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	return in.GetStructuredQuery()
}
