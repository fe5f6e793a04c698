// Package inbox serves a user's notifications, devices and preferences.
package inbox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

const defaultPage = 20

// Handler serves the routes below /v1/inbox, /v1/devices and /v1/preferences.
type Handler struct {
	Firestore *firestore.Client
	// Outbox publishes that a device was added.
	Outbox *outbox.Box
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/inbox", httpapi.User, h.list, httpapi.Paged)
	api.Handle("POST /v1/inbox/{id}/read", httpapi.User, h.markRead)
	api.Handle("PUT /v1/devices/{id}", httpapi.User, h.putDevice, httpapi.JSON)
	api.Handle("DELETE /v1/devices/{id}", httpapi.User, h.deleteDevice)
	api.Handle("GET /v1/preferences", httpapi.User, h.getPreferences)
	api.Handle("PUT /v1/preferences", httpapi.User, h.putPreferences, httpapi.JSON)
}

// caller is the calling user as the transaction read it.
type caller struct {
	account.User
	ref *firestore.DocumentRef
}

// run runs fn in a transaction that has read the caller's account, which must be in use, in turn
// with other transactions of the user.
func (h *Handler) run(r *http.Request, fn func(context.Context, *outbox.Tx, caller) error) error {
	uid := account.Caller(r)
	return h.Outbox.RunInTurn(r.Context(), account.Ref(h.Firestore, uid),
		func(ctx context.Context, tx *outbox.Tx) error {
			who, err := h.admit(tx.Transaction, uid)
			if err != nil {
				return err
			}
			return fn(ctx, tx, who)
		})
}

// look is like [Handler.run] for reading only.
func (h *Handler) look(r *http.Request, fn func(context.Context, *firestore.Transaction, caller) error) error {
	return h.Firestore.RunTransaction(r.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		who, err := h.admit(tx, account.Caller(r))
		if err != nil {
			return err
		}
		return fn(ctx, tx, who)
	}, firestore.ReadOnly)
}

func (h *Handler) admit(tx *firestore.Transaction, uid account.UID) (caller, error) {
	user, err := account.ReadActive(tx, h.Firestore, uid)
	return caller{User: user, ref: account.Ref(h.Firestore, uid)}, err
}

type inboxView struct {
	httpapi.List[itemView]
	// Unread counts all unread items, including those of other pages.
	Unread int64 `json:"unread"`
}

// itemView is an item for its owner.
type itemView struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
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
		ID: i.id, Type: i.Type, Title: i.Title, Body: i.Body, Data: i.Data,
		CreatedAt: httpapi.Time(i.CreatedAt), Read: i.Read,
	}
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	asked, err := httpapi.PageParams(r, defaultPage, "inbox")
	if err != nil {
		return err
	}
	var view inboxView
	err = h.look(r, func(ctx context.Context, tx *firestore.Transaction, who caller) error {
		var err error
		if view.List, err = page(tx, notify.Live(who.ref, h.Now()), asked); err != nil {
			return err
		}
		view.Unread, err = notify.Unread(ctx, tx, who.ref, h.Now())
		return err
	})
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// page returns the newest items, or those after the position. It needs the index (createdAt desc).
func page(tx *firestore.Transaction, live firestore.Query, asked httpapi.Page) (httpapi.List[itemView], error) {
	// One more than the limit shows whether there is a next page.
	q := live.OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(asked.Limit + 1)
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

func (h *Handler) markRead(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	missing := fault.New(fault.CodeNotFound, "There is no such item in the inbox.")
	if !notify.ValidID(id) {
		return missing
	}
	err := h.run(r, func(_ context.Context, tx *outbox.Tx, who caller) error {
		snap, err := tx.Get(notify.Inbox(who.ref).Doc(id))
		one, err := store.Decode[notify.Item](snap, err, "inbox item", missing)
		if err != nil {
			return err
		}
		if !one.ExpireAt.After(h.Now()) {
			return missing
		}
		return tx.Update(snap.Ref, []firestore.Update{{Path: "read", Value: true}})
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type deviceView struct {
	ID        string `json:"id"`
	Platform  string `json:"platform"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

func (h *Handler) putDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := deviceParam(r)
	if err != nil {
		return err
	}
	spec, err := httpapi.Decode[device.Spec](w, r)
	if err != nil {
		return err
	}
	if err := spec.Validate(""); err != nil {
		return err
	}
	var c device.Change
	err = h.run(r, func(ctx context.Context, tx *outbox.Tx, who caller) error {
		c, err = device.Prepare(tx.Transaction, who.ref, id, spec, h.Now().UTC())
		if err != nil {
			return err
		}
		return account.PutDevice(ctx, tx, who.User, id, c)
	})
	if err != nil {
		return err
	}
	if err := device.Settle(
		r.Context(), h.Firestore, account.Ref(h.Firestore, account.Caller(r)), id, spec.Token,
	); err != nil {
		return err
	}
	code := http.StatusOK
	if c.Created {
		code = http.StatusCreated
	}
	return httpapi.Write(w, code, deviceView{
		ID: id, Platform: c.Device.Platform,
		CreatedAt: httpapi.Time(c.Device.CreatedAt), UpdatedAt: httpapi.Time(c.Device.UpdatedAt),
	})
}

func (h *Handler) deleteDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := deviceParam(r)
	if err != nil {
		return err
	}
	err = h.run(r, func(_ context.Context, tx *outbox.Tx, who caller) error {
		return tx.Delete(device.Of(who.ref).Doc(id))
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func deviceParam(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !device.ValidID(id) {
		return "", fault.New(fault.CodeInvalidParameter, "The device's id is not valid.").
			WithField("path/id", "must be 1 to 64 letters, digits, dashes and underscores, the first no underscore")
	}
	return id, nil
}
