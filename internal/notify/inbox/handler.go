// Package inbox serves a user's notifications, devices and preferences.
package inbox

import (
	"context"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/web"
)

// Handler serves the routes below /v1/inbox, /v1/devices, /v1/preferences and /v1/unsubscribe.
type Handler struct {
	Firestore *firestore.Client
	// Outbox publishes that a device was added.
	Outbox *outbox.Box
	// Limits count the devices that are added.
	Limits *quota.Limiter
	// Unsubscriber reads the tokens of links that turn mails off.
	Unsubscriber *notify.Unsubscriber
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/inbox", httpapi.User, h.list, httpapi.Paged, listQuery, httpapi.Header(httpapi.IfNoneMatch))
	api.Handle("DELETE /v1/inbox", httpapi.User, h.deleteRead, httpapi.Query("read", "before"))
	api.Handle("POST /v1/inbox/read-all", httpapi.User, h.markAllRead, httpapi.OptionalJSON)
	api.Handle("POST /v1/inbox/{id}/read", httpapi.User, h.markRead)
	api.Handle("DELETE /v1/inbox/{id}", httpapi.User, h.deleteItem)
	api.Handle("GET /v1/devices", httpapi.User, h.listDevices)
	api.Handle("PUT /v1/devices/{id}", httpapi.User, h.putDevice, httpapi.JSON)
	api.Handle("DELETE /v1/devices/{id}", httpapi.User, h.deleteDevice)
	api.Handle("GET /v1/preferences", httpapi.User, h.getPreferences)
	api.Handle("PUT /v1/preferences", httpapi.User, h.putPreferences, httpapi.JSON)
	api.Handle("PATCH /v1/preferences", httpapi.User, h.patchPreferences, httpapi.MergePatch)
	lang, page := httpapi.Query("lang"), httpapi.Shown(new(web.Pages).Problem)
	api.Handle("GET /v1/unsubscribe/{token}", httpapi.Open, h.askUnsubscribe, lang, page, httpapi.AnyQuery)
	api.Handle("POST /v1/unsubscribe/{token}", httpapi.Open, h.unsubscribe, lang, page, httpapi.AnyQuery, httpapi.Texts)
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
			who, err := h.admit(ctx, tx.Transaction, uid)
			if err != nil {
				return err
			}
			return fn(ctx, tx, who)
		})
}

// look is like [Handler.run] for reading only.
func (h *Handler) look(r *http.Request, fn func(context.Context, *firestore.Transaction, caller) error) error {
	return h.Firestore.RunTransaction(r.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		who, err := h.admit(ctx, tx, account.Caller(r))
		if err != nil {
			return err
		}
		return fn(ctx, tx, who)
	}, firestore.ReadOnly)
}

func (h *Handler) admit(ctx context.Context, tx *firestore.Transaction, uid account.UID) (caller, error) {
	user, err := account.ReadActive(ctx, tx, h.Firestore, uid)
	return caller{User: user, ref: account.Ref(h.Firestore, uid)}, err
}
