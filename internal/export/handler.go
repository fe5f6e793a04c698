package export

import (
	"context"
	"errors"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
)

// Handler serves POST and GET /v1/me/export.
type Handler struct {
	// Firestore holds the exports, and Outbox commits them with their events. Watcher wakes the
	// requests that wait for one.
	Firestore *firestore.Client
	Watcher   *longpoll.Watcher[Job]
	Outbox    *outbox.Box
	// Limits counts the exports of a day.
	Limits *quota.Limiter
	// Results holds the zips. Signing are the options for signing their URLs.
	Results *storage.BucketHandle
	Signing storage.SignedURLOptions
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API. Both require a fresh token, since their answer leads to all of
// the user's data.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("POST /v1/me/export", httpapi.FreshUser, h.post)
	api.Handle("GET /v1/me/export", httpapi.FreshUser, h.get, httpapi.Query("wait"))
}

// exportView has the members after expiresAt once the export is ready.
type exportView struct {
	ID          string `json:"id"`
	State       State  `json:"state"`
	RequestedAt string `json:"requestedAt"`
	ExpiresAt   string `json:"expiresAt"`
	Bytes       int64  `json:"bytes,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
	URL         string `json:"url,omitempty"`
	// URLExpiresAt is the end of the URL, not of the export.
	URLExpiresAt string `json:"urlExpiresAt,omitempty"`
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) error {
	j, err := h.request(r.Context(), account.Caller(r))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/me/export")
	return h.write(w, r, http.StatusAccepted, j)
}

// get answers with the export as it is, or as soon as it has ended, at the latest after "wait"
// seconds. What a wait has brought is read anew, with the account: its consent may have changed
// meanwhile, or the sign-in have ended.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	wait, err := longpoll.Seconds(r)
	if err != nil {
		return err
	}
	j, err := h.owned(r)
	if err != nil {
		return err
	}
	_, waited, err := h.Watcher.WaitFor(r.Context(), j, 0, wait)
	if err == nil && waited {
		j, err = h.owned(r)
	}
	if err != nil {
		return err
	}
	return h.write(w, r, http.StatusOK, j)
}

// owned returns the caller's current export.
func (h *Handler) owned(r *http.Request) (Job, error) {
	j, err := h.find(r.Context(), account.Caller(r))
	if errors.Is(err, ErrGone) {
		return j, fault.New(fault.CodeNotFound, "There is no export: request one.")
	}
	return j, err
}

func (h *Handler) write(w http.ResponseWriter, r *http.Request, status int, j Job) error {
	v := exportView{ID: j.ID, State: j.State, RequestedAt: httpapi.Time(j.CreatedAt), ExpiresAt: httpapi.Time(j.ExpireAt)}
	if j.State == Ready {
		expires := h.Now().UTC().Add(linkLife)
		if j.ExpireAt.Before(expires) {
			expires = j.ExpireAt
		}
		signed, err := h.sign(r.Context(), j, expires)
		if err != nil {
			return fault.Wrap(err, fault.CodeUnavailable, "The export cannot be signed at the moment: try again.")
		}
		v.Bytes, v.SHA256, v.URL, v.URLExpiresAt = j.Bytes, j.SHA256, signed, httpapi.Time(expires)
	}
	longpoll.ComeAgain(w, j)
	return httpapi.Write(w, status, v)
}

// sign returns a URL to download the export.
func (h *Handler) sign(ctx context.Context, j Job, expires time.Time) (string, error) {
	file := bucket.File{Name: "facescan-" + j.CreatedAt.UTC().Format(time.DateOnly) + ".zip", ContentType: ContentType}
	return bucket.Link(ctx, h.Results, h.Signing, j.Object, file, expires)
}
