package story

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/schema"
)

// query returns the query of the collection's documents that are the user's, or that are about the
// scan. It is false for a collection that has none.
func (t *Teller) query(c schema.Collection, of subject) (q firestore.Query, ok bool) {
	user := account.Ref(t.Firestore, of.uid)
	if of.scan != "" {
		switch c.Name {
		case "scans":
			all := t.Firestore.Collection(c.Name)
			return all.Where(firestore.DocumentID, "==", all.Doc(string(of.scan))), true
		case "inbox":
			return user.Collection(c.Name).Where("data.scanId", "==", string(of.scan)), true
		case "deliveries":
			return user.Collection(c.Name).Where("scanId", "==", string(of.scan)), true
		case "outbox", "parked":
			return t.Firestore.Collection(c.Name).Where("uid", "==", string(of.uid)), true
		}
		return firestore.Query{}, false
	}
	switch {
	case len(shown[c.Name]) == 0:
		return firestore.Query{}, false
	case c.Name == "audit":
		return t.Acts.About(of.acts)
	case c.Name == "users":
		return t.Firestore.Collection(c.Name).Where(firestore.DocumentID, "==", user), true
	case c.Below == "users":
		return user.Collection(c.Name).Query, true
	case c.Below != "":
		return t.Firestore.CollectionGroup(c.Name).Where("uid", "==", string(of.uid)), true
	}
	return t.Firestore.Collection(c.Name).Where("uid", "==", string(of.uid)), true
}

// collect adds the documents of the collection to the story.
func (t *Teller) collect(ctx context.Context, c schema.Collection, of subject, s *Story) error {
	q, ok := t.query(c, of)
	if !ok {
		return nil
	}
	fields, filtered := shown[c.Name], of.scan != "" && (c.Name == "outbox" || c.Name == "parked")
	if filtered {
		fields = append(slices.Clone(fields), "data") // which says what it is about, and is not shown
	}
	snaps, err := q.Select(fields...).Limit(t.most() + 1).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("read %s: %w", c.Name, err)
	}
	if len(snaps) > t.most() {
		snaps = snaps[:t.most()]
		s.Cut = append(s.Cut, c.Name)
	}
	for _, snap := range snaps {
		data := snap.Data()
		if filtered {
			body, _ := data["data"].([]byte)
			if event.About(body).ScanID != string(of.scan) {
				continue
			}
			delete(data, "data")
		}
		d := Document{Kind: c.Name, ID: snap.Ref.ID, Fields: map[string]any{}}
		if c.Below != "" && c.Below != "users" {
			d.ID = snap.Ref.Parent.Parent.ID // as the id of an entry is its user's
		}
		flatten("", data, d.Fields)
		d.At = d.begun()
		s.Documents = append(s.Documents, d)
	}
	return nil
}

// flatten adds the members of a document by their paths, without those that are empty.
func flatten(path string, data, into map[string]any) {
	for name, value := range data {
		at, isTime := value.(time.Time)
		switch inner, isMap := value.(map[string]any); {
		case isMap:
			flatten(path+name+".", inner, into)
		case value == nil || value == "" || value == int64(0) || isTime && at.IsZero():
		default:
			into[path+name] = value
		}
	}
}

// begun returns when the document began, as far as it says.
func (d Document) begun() time.Time {
	for _, field := range begun {
		if at, ok := d.Fields[field].(time.Time); ok {
			return at.UTC()
		}
	}
	return time.Time{}
}

// Text returns the document's fields as text, sorted by name.
func (d Document) Text() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d.Fields)) {
		value := d.Fields[name]
		if at, ok := value.(time.Time); ok {
			value = at.UTC().Format(time.RFC3339)
		}
		parts = append(parts, fmt.Sprintf("%s=%v", name, value))
	}
	return strings.Join(parts, " ")
}
