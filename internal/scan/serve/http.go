// Package serve serves the user's scans and series: state and result with long polls, lists,
// images, the timeline, deletion, and requests to measure a scan again.
package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/sentence"
)

// Handler serves the user's scans. It is safe for concurrent use.
type Handler struct {
	// Firestore holds the scans. Watcher wakes the requests that wait for one.
	Firestore *firestore.Client
	Watcher   *longpoll.Watcher[scan.Scan]
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
	api.Handle("GET /v1/scans/{id}", httpapi.User, h.get, longpoll.Query)
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
	latest, err := (&longpoll.Poll[scan.Scan]{Watcher: h.Watcher, Owned: h.owned, Admit: h.admit, Now: h.Now}).Answer(r)
	if err != nil {
		return err
	}
	longpoll.ComeAgain(w, latest)
	lang := sentence.OfAnswer(r)
	return httpapi.WriteIn(w, http.StatusOK, lang, scan.NewView(latest, lang))
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
	id := scan.ID(r.PathValue("id"))
	if !id.Valid() {
		return scan.Scan{}, cmp.Or(h.admit(r), noSuchScan())
	}
	snap, err := h.admitWith(r, scan.Ref(h.Firestore, id))
	if err != nil {
		return scan.Scan{}, err
	}
	found, err := scan.Decode(snap, nil)
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

// admitWith is like [Handler.admit], and reads a document in the same round trip.
func (h *Handler) admitWith(r *http.Request, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
	snaps, err := h.Firestore.GetAll(
		r.Context(), []*firestore.DocumentRef{account.Ref(h.Firestore, account.Caller(r)), ref},
	)
	if err != nil {
		return nil, fmt.Errorf("read the user and what is theirs: %w", err)
	}
	_, err = account.DecodeActive(r.Context(), snaps[0], nil)
	return snaps[1], err
}
