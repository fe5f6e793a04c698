package leaderboard

import (
	"context"
	"fmt"
	"math"
	"net/http"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/store"
)

const (
	defaultTop = 10
	maxTop     = 100
)

// Boards answers what users ask of the boards.
type Boards struct {
	fs    *firestore.Client
	board string
}

// New makes Boards over the database; engineMajor is the major version of the engine whose board is current.
func New(fs *firestore.Client, engineMajor int) *Boards {
	return &Boards{fs: fs, board: BoardID(engineMajor)}
}

// Routes adds GET /v1/leaderboards/symmetry/top and /me.
func (b *Boards) Routes(api *httpapi.API) {
	api.Handle("GET /v1/leaderboards/symmetry/top", httpapi.User, b.top, httpapi.Query("limit"))
	api.Handle("GET /v1/leaderboards/symmetry/me", httpapi.User, b.me)
}

// row is an entry of the top as everybody sees it: no uid, which is nobody else's business.
type row struct {
	// Rank counts from 1; equal ratings share it.
	Rank int64 `json:"rank"`
	// Username is "" for a user without one.
	Username string `json:"username"`
	// Rating is 0-100 with two decimals.
	Rating float64 `json:"rating"`
	// Scans is how many scans the rating is made of.
	Scans int `json:"scans"`
	// Me marks the caller's own.
	Me bool `json:"me"`
}

type topView struct {
	Board   string `json:"board"`
	Entries []row  `json:"entries"`
}

func (b *Boards) top(w http.ResponseWriter, r *http.Request) error {
	limit, err := httpapi.IntParam(r, "limit", defaultTop, 1, maxTop)
	if err != nil {
		return err
	}
	caller := account.Caller(r)
	docs, err := ordered(b.fs, b.board).Limit(limit).Documents(r.Context()).GetAll()
	if err != nil {
		return fmt.Errorf("read the top of %s: %w", b.board, err)
	}
	rows := make([]row, len(docs))
	for i, snap := range docs {
		var e entryDoc
		if err := snap.DataTo(&e); err != nil {
			return fmt.Errorf("decode entry: %w", err)
		}
		rows[i] = row{Rank: int64(i) + 1, Username: e.Username, Rating: e.Rating, Scans: e.Scans, Me: e.UID == caller}
		if i > 0 && rows[i-1].Rating == e.Rating {
			rows[i].Rank = rows[i-1].Rank
		}
	}
	return httpapi.Write(w, http.StatusOK, topView{Board: b.board, Entries: rows})
}

// ordered is the board in its total order. It needs the composite index (rating desc, achievedAt asc, uid asc)
// on the collection entries.
func ordered(fs *firestore.Client, board string) firestore.Query {
	return entries(fs, board).OrderBy("rating", firestore.Desc).OrderBy("achievedAt", firestore.Asc).OrderBy("uid", firestore.Asc)
}

// ownEntry is the caller's entry.
type ownEntry struct {
	Username   string  `json:"username"`
	Rating     float64 `json:"rating"`
	Scans      int     `json:"scans"`
	AchievedAt string  `json:"achievedAt"`
}

// Standing is a user's own place on the board.
type Standing struct {
	Board string `json:"board"`
	OptIn bool   `json:"optIn"`
	// Entry, Rank and Percentile are there only if the caller is on the board.
	Entry *ownEntry `json:"entry,omitempty"`
	Rank  *int64    `json:"rank,omitempty"`
	// Total is the number of entries.
	Total int64 `json:"total"`
	// Percentile is the percentage, 0-100 with one decimal, of the other entries that do not rank above.
	Percentile *float64 `json:"percentile,omitempty"`
}

func (b *Boards) me(w http.ResponseWriter, r *http.Request) error {
	view, err := b.Standing(r.Context(), account.Caller(r))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// Standing reads everything at one moment, so that the rank never exceeds the total.
func (b *Boards) Standing(ctx context.Context, uid account.UID) (Standing, error) {
	var view Standing
	err := b.fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		user, err := account.ReadActive(tx, b.fs, uid)
		if err != nil {
			return err
		}
		view = Standing{Board: b.board, OptIn: user.Leaderboard.OptIn}
		view.Total, err = store.Count(ctx, tx, entries(b.fs, b.board).Query)
		if err != nil {
			return fmt.Errorf("count the entries: %w", err)
		}
		if !shown(user) {
			return nil
		}
		return b.place(ctx, tx, uid, &view)
	}, firestore.ReadOnly)
	return view, err
}

// place fills in the caller's entry and rank, if there is one.
func (b *Boards) place(ctx context.Context, tx *firestore.Transaction, uid account.UID, view *Standing) error {
	snap, err := tx.Get(entryRef(b.fs, b.board, uid))
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read own entry: %w", err)
	}
	var e entryDoc
	if err := snap.DataTo(&e); err != nil {
		return fmt.Errorf("decode own entry: %w", err)
	}
	above, err := store.Count(ctx, tx, entries(b.fs, b.board).Where("rating", ">", e.Rating))
	if err != nil {
		return fmt.Errorf("count the entries above: %w", err)
	}
	rank, percentile := above+1, percentile(above, view.Total)
	view.Entry = &ownEntry{Username: e.Username, Rating: e.Rating, Scans: e.Scans, AchievedAt: httpapi.Time(e.AchievedAt)}
	view.Rank, view.Percentile = &rank, &percentile
	return nil
}

// percentile is the share of the others that are not above. Who is alone is above nobody and below nobody: 100.
func percentile(above, total int64) float64 {
	if total <= 1 {
		return 100
	}
	return math.Round(1000*float64(total-1-above)/float64(total-1)) / 10
}
