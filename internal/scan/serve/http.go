// Package serve serves the user's scans and series: state and result with long polls, lists,
// images, the timeline, deletion, and requests to measure a scan again.
package serve

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
)

// maxWait is the longest long poll, in seconds.
const maxWait = 25

// Handler serves the user's scans. It is safe for concurrent use.
type Handler struct {
	// Firestore holds the scans. Watcher wakes the requests that wait for one.
	Firestore *firestore.Client
	Watcher   *Watcher
	// Outbox commits changes that owe an event.
	Outbox *outbox.Box
	// Uploads holds the photos, Results what is made from them.
	Uploads, Results *storage.BucketHandle
	// Signing are the options for signing the URLs of images.
	Signing storage.SignedURLOptions
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes below /v1/scans, and /v1/timeline.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/scans", httpapi.User, h.list, httpapi.Paged, listQuery)
	api.Handle("GET /v1/scans/{id}", httpapi.User, h.get, httpapi.Query("wait", "since"))
	api.Handle("DELETE /v1/scans/{id}", httpapi.User, h.remove)
	api.Handle("GET /v1/scans/{id}/images", httpapi.User, h.images)
	api.Handle("POST /v1/scans/{id}/verify", httpapi.User, h.verify)
	api.Handle("POST /v1/scans/{id}/rescore", httpapi.User, h.rescore)
	api.Handle("GET /v1/timeline", httpapi.User, h.showTimeline, httpapi.Paged)
}

// get answers with the scan as soon as its version is above "since" (by default the present one) or
// there is nothing left to wait for (see [scan.Scan.Settled]), at the latest after "wait" seconds.
// The status is always 200, with the state at that time, so that a client's retry logic is not
// triggered.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	latest, err := polled(r, h.Watcher, h.owned)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, scan.NewView(latest))
}

// polled returns the caller's document as a long poll requests it.
func polled[T watchable](r *http.Request, watcher *watcher[T], owned func(*http.Request) (T, error)) (T, error) {
	var none T
	wait, err := httpapi.IntParam(r, "wait", 0, 0, maxWait)
	if err != nil {
		return none, err
	}
	current, err := owned(r)
	if err != nil {
		return none, err
	}
	since, err := sinceParam(r, current.CurrentVersion())
	if err != nil {
		return none, err
	}
	return waitFor(r.Context(), watcher, current, since, wait)
}

func sinceParam(r *http.Request, fallback int64) (int64, error) {
	text := r.URL.Query().Get("since")
	if text == "" {
		return fallback, nil
	}
	since, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || since < 0 {
		return 0, fault.New(fault.CodeInvalidParameter, "A query parameter is out of range.").
			WithField("query/since", "must be a version")
	}
	return since, nil
}

func noSuchScan() error { return fault.New(fault.CodeNotFound, "There is no such scan.") }

// admit refuses a caller whose account is not in use: nothing is shown of an account that is being
// erased.
func (h *Handler) admit(r *http.Request) error {
	_, err := account.GetActive(r.Context(), h.Firestore, account.Caller(r))
	return err
}

// owned returns the scan of the caller, whose account must be in use. Another user's scan is not
// found, like one that does not exist.
func (h *Handler) owned(r *http.Request) (scan.Scan, error) {
	if err := h.admit(r); err != nil {
		return scan.Scan{}, err
	}
	id := scan.ID(r.PathValue("id"))
	if !id.Valid() {
		return scan.Scan{}, noSuchScan()
	}
	found, err := scan.Get(r.Context(), h.Firestore, id)
	if errors.Is(err, scan.ErrNotFound) {
		return scan.Scan{}, noSuchScan()
	}
	if err != nil {
		return scan.Scan{}, err
	}
	if found.UID != account.Caller(r) {
		return scan.Scan{}, noSuchScan()
	}
	return found, nil
}
