// Package serve serves the boards to users.
package serve

import (
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
)

const (
	defaultTop    = 10
	maxTop        = boards.TopRows
	defaultAround = 11
	maxAround     = 51
)

// Handler serves the routes below /v1/leaderboards.
type Handler struct {
	Firestore *firestore.Client
	// Major is the current engine's major version.
	Major int
	// Key seals cursors.
	Key keys.Ring
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/leaderboards", httpapi.User, h.list)
	api.Handle("GET /v1/leaderboards/archives", httpapi.User, h.archives, httpapi.Query("division", "period"))
	api.Handle("GET /v1/leaderboards/{board}/top", httpapi.User, h.top, httpapi.Paged)
	api.Handle("GET /v1/leaderboards/{board}/around", httpapi.User, h.around, httpapi.Query("limit"))
	api.Handle("GET /v1/leaderboards/{board}/me", httpapi.User, h.me)
	api.Handle("DELETE /v1/leaderboards/me", httpapi.User, h.forget)
}

func (h *Handler) reader() *boards.Reader {
	return &boards.Reader{Firestore: h.Firestore, Now: h.Now}
}

// board returns the board of the request's path.
func (h *Handler) board(r *http.Request) (leaderboard.Board, error) {
	return boards.Find(r.PathValue("board"), h.Major, h.Now())
}

// pageView is a part of a board.
type pageView struct {
	Board string       `json:"board"`
	Items []boards.Row `json:"items"`
	// Total is the number of entries, and CountedAt the moment at which the board was read.
	Total     int64  `json:"total"`
	CountedAt string `json:"countedAt"`
	// PrevCursor and NextCursor are the "cursor" of the pages before and after, "" at the ends.
	PrevCursor string `json:"prevCursor,omitempty"`
	NextCursor string `json:"nextCursor,omitempty"`
	// ReasonCode is why there are no rows around the caller.
	ReasonCode string `json:"reasonCode,omitempty"`
}

func (h *Handler) view(b leaderboard.Board, p boards.Page) (v pageView, err error) {
	v = pageView{Board: b.ID(), Items: p.Rows, Total: p.Total, CountedAt: httpapi.Time(p.AsOf)}
	if p.Prev != "" {
		if v.PrevCursor, err = h.Key.Seal(keys.Cursor, before+p.Prev, b.ID()); err != nil {
			return v, err
		}
	}
	if p.Next != "" {
		v.NextCursor, err = h.Key.Seal(keys.Cursor, after+p.Next, b.ID())
	}
	return v, err
}

// The directions of a cursor, which come before the sort key in it.
const (
	before = "<"
	after  = ">"
)

func (h *Handler) top(w http.ResponseWriter, r *http.Request) error {
	b, err := h.board(r)
	if err != nil {
		return err
	}
	limit, err := httpapi.IntParam(r, "limit", defaultTop, 1, maxTop)
	if err != nil {
		return err
	}
	p, err := h.page(r, b, limit)
	if err != nil {
		return err
	}
	v, err := h.view(b, p)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, v)
}

// page reads the page that the cursor names, or the first one.
func (h *Handler) page(r *http.Request, b leaderboard.Board, limit int) (boards.Page, error) {
	ctx, caller := r.Context(), account.Caller(r)
	text := r.URL.Query().Get("cursor")
	if text == "" {
		return h.reader().Top(ctx, b, caller, limit)
	}
	place, ok := h.Key.Open(keys.Cursor, text, b.ID())
	if !ok {
		return boards.Page{}, fault.New(fault.CodeInvalidParameter, "The cursor is not one of this leaderboard.").
			WithParameter(
				fault.InQuery, "cursor", "must be a nextCursor or prevCursor of an answer about the same board",
			)
	}
	if key, ok := strings.CutPrefix(place, before); ok {
		return h.reader().Before(ctx, b, caller, key, limit)
	}
	return h.reader().After(ctx, b, caller, strings.TrimPrefix(place, after), limit)
}

func (h *Handler) around(w http.ResponseWriter, r *http.Request) error {
	b, err := h.board(r)
	if err != nil {
		return err
	}
	limit, err := httpapi.IntParam(r, "limit", defaultAround, 1, maxAround)
	if err != nil {
		return err
	}
	p, reason, err := h.reader().Around(r.Context(), b, account.Caller(r), limit)
	if err != nil {
		return err
	}
	v, err := h.view(b, p)
	if err != nil {
		return err
	}
	v.ReasonCode = reason
	return httpapi.Write(w, http.StatusOK, v)
}

func (h *Handler) me(w http.ResponseWriter, r *http.Request) error {
	b, err := h.board(r)
	if err != nil {
		return err
	}
	view, err := h.reader().Standing(r.Context(), b, account.Caller(r))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}
