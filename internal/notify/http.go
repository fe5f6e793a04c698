package notify

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
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/transact"
)

const defaultPage = 20

// Inbox answers for the user's notifications, devices and preferences.
type Inbox struct {
	fs  *firestore.Client
	now func() time.Time
}

// NewInbox makes an inbox over the database; now is the clock.
func NewInbox(fs *firestore.Client, now func() time.Time) *Inbox { return &Inbox{fs: fs, now: now} }

// Routes adds the routes below /v1/inbox, /v1/devices and /v1/preferences.
func (b *Inbox) Routes(api *httpapi.API) {
	api.Handle("GET /v1/inbox", httpapi.User, b.list, httpapi.Paged)
	api.Handle("POST /v1/inbox/{id}/read", httpapi.User, b.markRead)
	api.Handle("PUT /v1/devices/{id}", httpapi.User, b.putDevice, httpapi.JSON)
	api.Handle("DELETE /v1/devices/{id}", httpapi.User, b.deleteDevice)
	api.Handle("GET /v1/preferences", httpapi.User, b.getPreferences)
	api.Handle("PUT /v1/preferences", httpapi.User, b.putPreferences, httpapi.JSON)
}

// caller is who asks: the user as the transaction read it.
type caller struct {
	account.User
	ref *firestore.DocumentRef
}

// run runs fn in a transaction that read the caller's account, which must be in use, in turn with
// the user's others.
func (b *Inbox) run(r *http.Request, fn func(context.Context, *firestore.Transaction, caller) error) error {
	uid := account.Caller(r)
	return transact.Run(r.Context(), b.fs, account.Ref(b.fs, uid), func(ctx context.Context, tx *firestore.Transaction) error {
		return b.admit(ctx, tx, uid, fn)
	})
}

// look is [Inbox.run] for what only reads.
func (b *Inbox) look(r *http.Request, fn func(context.Context, *firestore.Transaction, caller) error) error {
	return b.fs.RunTransaction(r.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		return b.admit(ctx, tx, account.Caller(r), fn)
	}, firestore.ReadOnly)
}

func (b *Inbox) admit(
	ctx context.Context, tx *firestore.Transaction, uid account.UID, fn func(context.Context, *firestore.Transaction, caller) error,
) error {
	user, err := account.ReadActive(tx, b.fs, uid)
	if err != nil {
		return err
	}
	return fn(ctx, tx, caller{User: user, ref: account.Ref(b.fs, uid)})
}

type inboxView struct {
	Items []itemView `json:"items"`
	// Unread counts all unread items, not only this page's.
	Unread int64 `json:"unread"`
	// NextCursor is the "cursor" of the next page, absent on the last.
	NextCursor string `json:"nextCursor,omitempty"`
}

func (b *Inbox) list(w http.ResponseWriter, r *http.Request) error {
	asked, err := httpapi.PageParams(r, defaultPage, "inbox")
	if err != nil {
		return err
	}
	var view inboxView
	err = b.look(r, func(ctx context.Context, tx *firestore.Transaction, who caller) error {
		live := b.live(who.ref)
		var err error
		if view, err = page(tx, live, asked); err != nil {
			return err
		}
		view.Unread, err = unread(ctx, tx, live)
		return err
	})
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// live are the user's items that have not expired: an item expires a fixed time after it was made,
// so this is the filter on expireAt, by the field that orders.
func (b *Inbox) live(user *firestore.DocumentRef) firestore.Query {
	return inboxOf(user).Where("createdAt", ">", b.now().UTC().Add(-inboxKept))
}

// unread needs the composite index (read asc, createdAt asc) on the collection inbox.
func unread(ctx context.Context, tx *firestore.Transaction, live firestore.Query) (int64, error) {
	n, err := store.Count(ctx, tx, live.Where("read", "==", false))
	if err != nil {
		return 0, fmt.Errorf("count unread items: %w", err)
	}
	return n, nil
}

// Unread is the number of the user's unread items.
func (b *Inbox) Unread(ctx context.Context, uid account.UID) (n int64, err error) {
	err = b.fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if _, err := account.ReadActive(tx, b.fs, uid); err != nil {
			return err
		}
		n, err = unread(ctx, tx, b.live(account.Ref(b.fs, uid)))
		return err
	}, firestore.ReadOnly)
	return n, err
}

// page is the newest items, or those after the position. It needs the index (createdAt desc).
func page(tx *firestore.Transaction, live firestore.Query, asked httpapi.Page) (inboxView, error) {
	// One more than asked for shows whether there is a next page.
	q := live.OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(asked.Limit + 1)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	snaps, err := tx.Documents(q).GetAll()
	if err != nil {
		return inboxView{}, fmt.Errorf("list the inbox: %w", err)
	}
	view := inboxView{Items: []itemView{}}
	var last httpapi.Position
	for i, snap := range snaps {
		if i == asked.Limit {
			view.NextCursor = asked.Next(last)
			break
		}
		var one item
		if err := snap.DataTo(&one); err != nil {
			return inboxView{}, fmt.Errorf("decode inbox item: %w", err)
		}
		view.Items = append(view.Items, showItem(snap.Ref.ID, one))
		last = httpapi.Position{At: one.CreatedAt, ID: snap.Ref.ID}
	}
	return view, nil
}

func (b *Inbox) markRead(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	missing := fault.New(fault.CodeNotFound, "There is no such item in the inbox.")
	if !eventID.MatchString(id) {
		return missing
	}
	err := b.run(r, func(_ context.Context, tx *firestore.Transaction, who caller) error {
		snap, err := tx.Get(inboxOf(who.ref).Doc(id))
		one, err := store.Decode[item](snap, err, "inbox item", missing)
		if err != nil {
			return err
		}
		if !one.ExpireAt.After(b.now()) {
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

func (b *Inbox) putDevice(w http.ResponseWriter, r *http.Request) error {
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
	err = b.run(r, func(_ context.Context, tx *firestore.Transaction, who caller) error {
		c, err = device.Prepare(tx, who.ref, id, spec, b.now().UTC())
		if err != nil {
			return err
		}
		return c.Write(tx)
	})
	if err != nil {
		return err
	}
	if err := device.Settle(r.Context(), b.fs, account.Ref(b.fs, account.Caller(r)), id, spec.Token); err != nil {
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

func (b *Inbox) deleteDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := deviceParam(r)
	if err != nil {
		return err
	}
	err = b.run(r, func(_ context.Context, tx *firestore.Transaction, who caller) error {
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
