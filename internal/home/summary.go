// Package home serves the data of an app's first screen in one call: the latest and the best scan,
// the place on the board and the number of unread notifications.
package home

import (
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
)

// Handler serves GET /v1/me/summary.
type Handler struct {
	// Firestore holds the scans, the boards and the inboxes.
	Firestore *firestore.Client
	// Board is the id of the current board.
	Board leaderboard.Board
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the route to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/me/summary", httpapi.User, h.get)
}

// summaryView has no latest and no best if there is no such scan.
type summaryView struct {
	Latest      *scan.Summary   `json:"latest,omitempty"`
	Best        *scan.Summary   `json:"best,omitempty"`
	Standing    boards.Standing `json:"standing"`
	UnreadCount int64           `json:"unreadCount"`
}

// get reads the parts concurrently, so that it takes as long as the slowest. Each is read at its
// own moment: a scan that completes meanwhile may be the latest already and not on the board yet,
// as with separate calls. Board and inbox check whether the account is in use.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	uid := account.Caller(r)
	var v summaryView
	parts, ctx := errgroup.WithContext(r.Context())
	parts.Go(func() (err error) { v.Latest, err = scan.Latest(ctx, h.Firestore, uid); return err })
	parts.Go(func() (err error) { v.Best, err = scan.Best(ctx, h.Firestore, uid); return err })
	parts.Go(func() (err error) {
		reader := boards.Reader{Firestore: h.Firestore, Now: h.Now}
		v.Standing, err = reader.Standing(ctx, h.Board, uid)
		return err
	})
	parts.Go(func() (err error) {
		v.UnreadCount, err = notify.CountUnread(ctx, h.Firestore, uid, h.Now())
		return err
	})
	if err := parts.Wait(); err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, v)
}
