package inbox

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
)

const defaultPage = 20

// inboxView is the answer to a list, and its entity tag is made of it.
type inboxView struct {
	httpapi.List[itemView]
	// UnreadCount is of all unread items, those of other pages and those that a filter omits included.
	UnreadCount int64 `json:"unreadCount"`
}

// itemView is an item for its owner.
type itemView struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Kind      notify.Kind       `json:"kind"`
	Title     string            `json:"title"`
	Body      string            `json:"body"`
	Data      map[string]string `json:"data"`
	CreatedAt string            `json:"createdAt"`
	Read      bool              `json:"read"`
}

// storedItem is an item with its document's id.
type storedItem struct {
	id string
	notify.Item
}

func (i storedItem) position() httpapi.Position { return httpapi.Position{At: i.CreatedAt, ID: i.id} }

func newItemView(i storedItem) itemView {
	return itemView{
		ID: i.id, Type: i.Type, Kind: cmp.Or(i.Kind, notify.KindOf(i.Type)), Title: i.Title, Body: i.Body, Data: i.Data,
		CreatedAt: httpapi.Time(i.CreatedAt), Read: i.Read,
	}
}

// filter limits a list. The zero filter is that of a list of all items.
type filter struct {
	// kind is the kind of the items, "" for all.
	kind string
	// unread is "true" for unread items alone, "false" for read ones, and "" for all.
	unread string
}

// listQuery adds the query parameters of filterParams.
var listQuery = httpapi.Query("kind", "unread")

// listKinds are the kinds for filtering a list, the first of which matches any.
var listKinds = func() []string {
	all := []string{""}
	for _, k := range notify.Kinds() {
		all = append(all, string(k))
	}
	return all
}()

func filterParams(r *http.Request) (f filter, err error) {
	if f.kind, err = httpapi.EnumParam(r, "kind", listKinds...); err != nil {
		return f, err
	}
	f.unread, err = httpapi.EnumParam(r, "unread", "", "true", "false")
	return f, err
}

// scope returns what the list's cursors are valid for. That of all items is the name alone, as it
// was before there were filters.
func (f filter) scope() []string {
	if f == (filter{}) {
		return []string{"inbox"}
	}
	return []string{"inbox", f.kind, f.unread}
}

// of returns the query of the items that the filter admits. Sorted by createdAt desc, it needs an
// index for each set of fields, and for none that of Firestore on createdAt.
func (f filter) of(items firestore.Query) firestore.Query {
	if f.kind != "" {
		items = items.Where("kind", "==", f.kind)
	}
	if f.unread != "" {
		items = items.Where("read", "==", f.unread == "false")
	}
	return items
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	f, err := filterParams(r)
	if err != nil {
		return err
	}
	asked, err := httpapi.PageParams(r, defaultPage, f.scope()...)
	if err != nil {
		return err
	}
	now := h.Now()
	var view inboxView
	err = h.look(r, func(ctx context.Context, tx *firestore.Transaction, who caller) error {
		var err error
		if view.List, err = page(tx, f.of(notify.Live(who.ref, now)), asked); err != nil {
			return err
		}
		view.UnreadCount, err = notify.Unread(ctx, tx, who.ref, now)
		return err
	})
	if err != nil {
		return err
	}
	return httpapi.WriteTagged(w, r, view)
}

// page returns the newest items, or those after the position.
func page(tx *firestore.Transaction, items firestore.Query, asked httpapi.Page) (httpapi.List[itemView], error) {
	// One more than the limit shows whether there is a next page.
	q := items.OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(asked.Limit + 1)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	snaps, err := tx.Documents(q).GetAll()
	if err != nil {
		return httpapi.List[itemView]{}, fmt.Errorf("list the inbox: %w", err)
	}
	read := make([]storedItem, len(snaps))
	for i, snap := range snaps {
		read[i].id = snap.Ref.ID
		if err := snap.DataTo(&read[i].Item); err != nil {
			return httpapi.List[itemView]{}, fmt.Errorf("decode inbox item: %w", err)
		}
	}
	return httpapi.Collect(asked, read, storedItem.position, newItemView), nil
}
