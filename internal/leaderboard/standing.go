package leaderboard

import (
	"context"
	"fmt"
	"math"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/store"
)

// Ordered returns the board in its total order. It needs the composite index (rating desc,
// achievedAt asc, uid asc) on the collection entries.
func Ordered(fs *firestore.Client, board string) firestore.Query {
	best := Entries(fs, board).OrderBy("rating", firestore.Desc)
	return best.OrderBy("achievedAt", firestore.Asc).OrderBy("uid", firestore.Asc)
}

// OwnEntry is a user's own entry.
type OwnEntry struct {
	Username   string  `json:"username"`
	Rating     float64 `json:"rating"`
	Scans      int     `json:"scans"`
	AchievedAt string  `json:"achievedAt"`
}

// Standing is a user's place on the board.
type Standing struct {
	Board string `json:"board"`
	OptIn bool   `json:"optIn"`
	// Entry, Rank and Percentile are set only if the caller is on the board.
	Entry *OwnEntry `json:"entry,omitempty"`
	Rank  *int64    `json:"rank,omitempty"`
	// Total is the number of entries.
	Total int64 `json:"total"`
	// Percentile is the percentage, 0-100 with one decimal, of the other entries that do not rank
	// above the caller.
	Percentile *float64 `json:"percentile,omitempty"`
}

// ReadStanding returns the standing of a user, whose account must be in use. It reads everything at
// one moment, so that the rank never exceeds the total.
func ReadStanding(ctx context.Context, fs *firestore.Client, board string, uid account.UID) (Standing, error) {
	var view Standing
	err := fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		user, err := account.ReadActive(tx, fs, uid)
		if err != nil {
			return err
		}
		view = Standing{Board: board, OptIn: user.Leaderboard.OptIn}
		view.Total, err = store.Count(ctx, tx, Entries(fs, board).Query)
		if err != nil {
			return fmt.Errorf("count the entries: %w", err)
		}
		if !shown(user) {
			return nil
		}
		return view.place(ctx, tx, fs, uid)
	}, firestore.ReadOnly)
	return view, err
}

// place sets the caller's entry and rank, if there is one.
func (s *Standing) place(
	ctx context.Context, tx *firestore.Transaction, fs *firestore.Client, uid account.UID,
) error {
	snap, err := tx.Get(EntryRef(fs, s.Board, uid))
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read own entry: %w", err)
	}
	var e EntryDoc
	if err := snap.DataTo(&e); err != nil {
		return fmt.Errorf("decode own entry: %w", err)
	}
	above, err := store.Count(ctx, tx, Entries(fs, s.Board).Where("rating", ">", e.Rating))
	if err != nil {
		return fmt.Errorf("count the entries above: %w", err)
	}
	rank, percentile := above+1, percentile(above, s.Total)
	s.Entry = &OwnEntry{Username: e.Username, Rating: e.Rating, Scans: e.Scans, AchievedAt: httpapi.Time(e.AchievedAt)}
	s.Rank, s.Percentile = &rank, &percentile
	return nil
}

// percentile returns the share of the other entries that are not above. For a user who is alone it
// is 100.
func percentile(above, total int64) float64 {
	if total <= 1 {
		return 100
	}
	return math.Round(1000*float64(total-1-above)/float64(total-1)) / 10
}
