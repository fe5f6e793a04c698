package boards

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
)

// Ranked is the state of a user with a rank.
const Ranked = "ranked"

// The reasons why a user has no rank.
const (
	NotRated    = "not_rated"
	OptedOut    = "opted_out"
	Provisional = "provisional"
)

// within is the number of standard errors on each side of a rating that has the user's true one in
// 95 of 100 cases.
const within = 1.96

// OwnEntry is a user's own rating on a board.
type OwnEntry struct {
	Username string  `json:"username,omitempty"`
	Rating   float64 `json:"rating"`
	// StandardError is that of the rating, in points.
	StandardError float64 `json:"standardError"`
	ScanCount     int     `json:"scanCount"`
	AchievedAt    string  `json:"achievedAt"`
}

// Rank is a place on a board with its uncertainty.
type Rank struct {
	// Rank counts from 1. Low and High are the ranks of a rating 1.96 standard errors above and below.
	Rank int64 `json:"rank"`
	Low  int64 `json:"rankLo"`
	High int64 `json:"rankHi"`
	// Percentile is the percentage, 0-100 with one decimal, of the other entries that do not rank
	// above the caller.
	Percentile float64 `json:"percentile"`
}

// BestScan is a user's highest score that counts on a board.
type BestScan struct {
	Value      float64 `json:"value"`
	AchievedAt string  `json:"achievedAt"`
}

// Standing is a user's place on a board.
type Standing struct {
	Board string `json:"board"`
	OptIn bool   `json:"optIn"`
	// State is Ranked, or the reason why there is no rank.
	State string `json:"state"`
	// Entry and Best are set if the caller takes part and has a scan that counts.
	Entry *OwnEntry `json:"entry,omitempty"`
	Best  *BestScan `json:"personalBest,omitempty"`
	// Rank is set if others see the entry. Until then Expected is the place that the rating would have
	// now, which the caller alone sees.
	*Rank
	Expected *Rank `json:"provisional,omitempty"`
	// Total is the number of entries that others see.
	Total int64 `json:"total"`
	// CountedAt is the moment at which the board was counted.
	CountedAt string `json:"countedAt"`
}

// own is what a user has on a board.
type own struct {
	user  account.User
	place leaderboard.Place
	rated bool
	part  leaderboard.History
	// updatedAt is when the place was last changed.
	updatedAt time.Time
}

// readOwn reads the user, whose account must be in use, and their place on the board.
func (r *Reader) readOwn(ctx context.Context, b leaderboard.Board, uid account.UID) (own, error) {
	refs := []*firestore.DocumentRef{
		account.Ref(r.Firestore, uid), leaderboard.Ratings(r.Firestore, uid).Doc(leaderboard.AllTime(b.Major).ID()),
	}
	snaps, err := r.Firestore.GetAll(ctx, refs)
	if err != nil {
		return own{}, fmt.Errorf("read the user's rating: %w", err)
	}
	var o own
	if o.user, err = account.DecodeActive(ctx, snaps[0], nil); err != nil {
		return own{}, err
	}
	doc, err := store.Decode[leaderboard.RatingDoc](snaps[1], nil, "rating", nil)
	if err != nil || !leaderboard.TakesPart(o.user) || !o.user.Stands(doc.ConsentEpoch) {
		return o, err
	}
	o.updatedAt, o.part = snaps[1].UpdateTime, doc.Contributions
	if !b.Period.Always() {
		o.part = doc.Contributions.Between(b.Period.Begin(), b.Period.End())
	}
	for _, p := range doc.Places {
		if p.Board == b.ID() {
			o.place, o.rated = p, true
		}
	}
	return o, nil
}

// reason returns why the user has no rank, or "".
func (o own) reason() string {
	switch {
	case !o.user.Leaderboard.OptIn:
		return OptedOut
	case !o.rated:
		return NotRated
	case !o.place.Shown:
		return Provisional
	}
	return ""
}

// Standing returns the standing of a user, whose account must be in use.
func (r *Reader) Standing(ctx context.Context, b leaderboard.Board, uid account.UID) (Standing, error) {
	o, err := r.readOwn(ctx, b, uid)
	if err != nil {
		return Standing{}, err
	}
	s, err := r.Snapshot(ctx, b)
	if err != nil {
		return Standing{}, err
	}
	v := Standing{
		Board: b.ID(), OptIn: o.user.Leaderboard.OptIn, State: cmp.Or(o.reason(), Ranked),
		Total: s.Total(), CountedAt: httpapi.Time(s.AsOf),
	}
	if !o.rated {
		return v, nil
	}
	v.Entry = &OwnEntry{
		Username: o.user.Username, Rating: o.place.Rating, StandardError: math.Round(o.part.Error(b.Major)*100) / 100,
		ScanCount: o.place.Scans, AchievedAt: httpapi.Time(o.place.AchievedAt),
	}
	v.Best = highest(o.part)
	rank, total, err := r.rank(ctx, s, o)
	if err != nil {
		return Standing{}, err
	}
	if v.State == Ranked {
		v.Rank, v.Total = &rank, total
	} else {
		v.Expected = &rank
	}
	return v, nil
}

// highest returns the highest score among the contributions, nil without one.
func highest(h leaderboard.History) *BestScan {
	var best *leaderboard.Contribution
	for _, c := range h.Live() {
		if best == nil || c.Score > best.Score {
			best = &c
		}
	}
	if best == nil {
		return nil
	}
	return &BestScan{Value: best.Score, AchievedAt: httpapi.Time(best.CompletedAt)}
}

// rank returns the rank that the user's present rating has among the others of the snapshot, and
// the number of entries with the user's.
func (r *Reader) rank(ctx context.Context, s Snapshot, o own) (rank Rank, total int64, err error) {
	var above int64
	others := s.counts
	err = r.at(ctx, s.AsOf, func(ctx context.Context, tx *firestore.Transaction) error {
		v := &view{Snapshot: s, ctx: ctx, tx: tx, fs: r.Firestore}
		was, err := v.entryOf(o)
		if err != nil {
			return err
		}
		v.ignored, total = was, s.Total()
		if was == "" {
			total++
		} else if others, err = without(s.counts, was); err != nil {
			return err
		}
		above, err = v.count(leaderboard.RatingKey(leaderboard.Hundredths(o.place.Rating)))
		return err
	})
	if err != nil {
		return Rank{}, 0, fmt.Errorf("rank on %s: %w", s.Board.ID(), err)
	}
	return rankIn(others, above, total, o.place.Rating, o.part.Error(s.Board.Major)), total, nil
}

// without returns the counts without the entry of the sort key.
func without(c leaderboard.Counts, key string) (leaderboard.Counts, error) {
	rating, err := ratingIn(key)
	if err != nil {
		return nil, err
	}
	c = slices.Clone(c)
	c[leaderboard.BucketOf(rating)]--
	return c, nil
}

// rankIn returns the rank of a rating with the standard error that is below so many of the entries.
// c has the others' entries alone.
func rankIn(c leaderboard.Counts, above, total int64, rating, deviation float64) Rank {
	// A drifted histogram must not give a rank that there is not.
	rank, spread := min(max(above+1, 1), total), within*deviation
	return Rank{
		Rank: rank,
		Low:  min(rank, c.Above(leaderboard.BucketOf(min(100, rating+spread)))+1),
		High: max(rank, min(total, c.Above(leaderboard.BucketOf(max(0, rating-spread))-1)+1)),

		Percentile: percentile(rank-1, total),
	}
}

// entryOf returns the sort key of the user's entry in the snapshot, "" if there was none.
func (v *view) entryOf(o own) (string, error) {
	for _, one := range v.top {
		if one.uid == o.user.UID {
			return one.SortKey, nil
		}
	}
	earlier := !o.updatedAt.After(v.AsOf) // by the database's clock, both
	if v.whole() || !o.place.Shown && earlier {
		return "", nil
	}
	if o.place.Shown && earlier {
		return o.place.Key(o.user.UID), nil // the same as now
	}
	snap, err := v.tx.Get(leaderboard.EntryRef(v.fs, v.Board.ID(), o.user.UID))
	e, err := store.Decode[leaderboard.EntryDoc](snap, err, "entry", nil)
	return e.SortKey, err
}

// percentile returns the share of the other entries that are not above. For a user who is alone it
// is 100.
func percentile(above, total int64) float64 {
	if total <= 1 {
		return 100
	}
	return math.Round(1000*float64(total-1-above)/float64(total-1)) / 10
}

// Around returns n rows around the user's own, which is in the middle unless the board ends before.
// It returns no rows and the reason for a user without a rank.
func (r *Reader) Around(
	ctx context.Context, b leaderboard.Board, uid account.UID, n int,
) (p Page, reason string, err error) {
	o, err := r.readOwn(ctx, b, uid)
	if err != nil {
		return Page{}, "", err
	}
	if reason := o.reason(); reason != "" {
		s, err := r.Snapshot(ctx, b)
		return Page{Rows: []Row{}, Total: s.Total(), AsOf: s.AsOf}, reason, err
	}
	p, err = r.read(ctx, b, uid, func(v *view) (window, error) { return v.around(o, n) })
	return p, "", err
}

// around returns the window of n rows that has the user's place in the middle. An entry that the
// snapshot has of the user is left out if it is another.
func (v *view) around(o own, n int) (w window, err error) {
	mine := row{o.user.UID, leaderboard.TopRow{
		Rating: o.place.Rating, Scans: o.place.Scans, SortKey: o.place.Key(o.user.UID),
	}}
	was, err := v.entryOf(o)
	if err != nil {
		return window{}, err
	}
	extra := 0
	if was != mine.SortKey {
		v.ignored, extra = was, 1
	}
	if was == "" {
		w.added = 1
	}
	half := (n - 1) / 2
	above, err := v.beside(v.before, mine, half+1+extra)
	if err != nil {
		return window{}, err
	}
	up := min(len(above), half)
	below, err := v.beside(v.after, mine, n-1-up+extra)
	if err != nil {
		return window{}, err
	}
	below = below[:min(len(below), n-1-up)]
	if short := n - 1 - up - len(below); short > 0 && len(above) > half {
		first := row{uid: mine.uid, TopRow: leaderboard.TopRow{SortKey: above[0].SortKey}}
		more, err := v.beside(v.before, first, half+short+1+extra-len(above))
		if err != nil {
			return window{}, err
		}
		above = slices.Concat(more, above)
		up = min(len(above), half+short)
	}
	from := len(above) - up
	if from > 0 {
		w.prior = above[from-1].SortKey
	}
	w.rows = slices.Concat(above[from:], []row{mine}, below)
	return w, nil
}

// beside returns the entries of others next to mine in a direction.
func (v *view) beside(find func(key string, n int) ([]row, error), mine row, n int) ([]row, error) {
	found, err := find(mine.SortKey, n)
	others := slices.Clone(found)
	return slices.DeleteFunc(others, func(r row) bool { return r.uid == mine.uid }), err
}
