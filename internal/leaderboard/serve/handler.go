// Package serve serves the boards to users.
package serve

import (
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
)

const (
	defaultTop = 10
	maxTop     = 100
)

// Handler serves GET /v1/leaderboards/symmetry/top and /me, and DELETE /v1/leaderboards/me.
type Handler struct {
	Firestore *firestore.Client
	// Board is the id of the current board.
	Board string
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/leaderboards/symmetry/top", httpapi.User, h.top, httpapi.Query("limit"))
	api.Handle("GET /v1/leaderboards/symmetry/me", httpapi.User, h.me)
	api.Handle("DELETE /v1/leaderboards/me", httpapi.User, h.forget)
}

// rowView is a public entry of the board. It has no uid, which is private.
type rowView struct {
	// Rank counts from 1. Equal ratings share a rank.
	Rank int64 `json:"rank"`
	// Username is "" for a user without one.
	Username string `json:"username"`
	// Rating is 0-100 with two decimals.
	Rating float64 `json:"rating"`
	// Scans is the number of scans behind the rating.
	Scans int `json:"scans"`
	// Me marks the caller's own entry.
	Me bool `json:"me"`
}

type topView struct {
	Board   string    `json:"board"`
	Entries []rowView `json:"entries"`
}

func (h *Handler) top(w http.ResponseWriter, r *http.Request) error {
	limit, err := httpapi.IntParam(r, "limit", defaultTop, 1, maxTop)
	if err != nil {
		return err
	}
	caller := account.Caller(r)
	docs, err := leaderboard.Ordered(h.Firestore, h.Board).Limit(limit).Documents(r.Context()).GetAll()
	if err != nil {
		return fmt.Errorf("read the top of %s: %w", h.Board, err)
	}
	rows := make([]rowView, len(docs))
	for i, snap := range docs {
		var e leaderboard.EntryDoc
		if err := snap.DataTo(&e); err != nil {
			return fmt.Errorf("decode entry: %w", err)
		}
		rows[i] = rowView{Rank: int64(i) + 1, Username: e.Username, Rating: e.Rating, Scans: e.Scans, Me: e.UID == caller}
		if i > 0 && rows[i-1].Rating == e.Rating {
			rows[i].Rank = rows[i-1].Rank
		}
	}
	return httpapi.Write(w, http.StatusOK, topView{Board: h.Board, Entries: rows})
}

func (h *Handler) me(w http.ResponseWriter, r *http.Request) error {
	view, err := leaderboard.ReadStanding(r.Context(), h.Firestore, h.Board, account.Caller(r))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}
