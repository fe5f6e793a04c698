package boards

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
)

// ratingLength is the length of the beginning of a sort key that is equal for equal ratings.
const ratingLength = len("01234-")

// Row is a row of a board.
type Row struct {
	// Rank counts from 1. Equal ratings share a rank.
	Rank int64 `json:"rank"`
	// Username is "" for a user without one.
	Username string `json:"username,omitempty"`
	// Rating is 0-100 with two decimals.
	Rating float64 `json:"rating"`
	// ScanCount is the number of scans and series behind the rating.
	ScanCount int `json:"scanCount"`
	// Me marks the caller's own row.
	Me bool `json:"me"`
}

// Page is a part of a board.
type Page struct {
	Rows []Row
	// Total is the number of entries of the board, and AsOf the moment at which it was read.
	Total int64
	AsOf  time.Time
	// Prev and Next are the sort keys next to which the page ends, "" at the ends of the board.
	Prev, Next string
}

// Top returns the first rows.
func (r *Reader) Top(ctx context.Context, b leaderboard.Board, caller account.UID, limit int) (Page, error) {
	s, err := r.Snapshot(ctx, b)
	if err != nil {
		return Page{}, err
	}
	w := window{rows: s.top[:min(limit, len(s.top))]}
	return r.page(ctx, s, caller, w)
}

// After returns the rows after the key.
func (r *Reader) After(
	ctx context.Context, b leaderboard.Board, caller account.UID, key string, limit int,
) (Page, error) {
	return r.read(ctx, b, caller, func(v *view) (window, error) {
		rows, err := v.after(key, limit)
		return window{rows: rows, prior: key}, err
	})
}

// Before returns the rows before the key.
func (r *Reader) Before(
	ctx context.Context, b leaderboard.Board, caller account.UID, key string, limit int,
) (Page, error) {
	return r.read(ctx, b, caller, func(v *view) (window, error) {
		rows, err := v.before(key, limit+1)
		if err != nil || len(rows) <= limit {
			return window{rows: rows}, err
		}
		return window{rows: rows[1:], prior: rows[0].SortKey}, nil
	})
}

func (r *Reader) read(
	ctx context.Context, b leaderboard.Board, caller account.UID, find func(*view) (window, error),
) (p Page, err error) {
	s, err := r.Snapshot(ctx, b)
	if err != nil {
		return Page{}, err
	}
	var w window
	err = r.at(ctx, s.AsOf, func(ctx context.Context, tx *firestore.Transaction) error {
		v := &view{Snapshot: s, ctx: ctx, tx: tx, fs: r.Firestore}
		if w, err = find(v); err != nil {
			return err
		}
		return v.place(&w)
	})
	if err != nil {
		return Page{}, fmt.Errorf("read a page of %s: %w", b.ID(), err)
	}
	return r.page(ctx, s, caller, w)
}

// window is consecutive entries of a board.
type window struct {
	rows []row
	// prior is the sort key of an entry before the first row, with none between them, "" at the begin
	// of the board.
	prior string
	// position is the number of entries before the first row, and rank the rank of the first row. rank
	// is 0 where it is position+1.
	position, rank int64
	// added is 1 if the window has an entry that the snapshot has not.
	added int64
}

// view is a board at the moment of its snapshot, to be read in a transaction of that moment.
type view struct {
	Snapshot
	ctx context.Context //nolint:containedctx // lives as long as the transaction
	tx  *firestore.Transaction
	fs  *firestore.Client
	// ignored is the sort key of an entry that is not counted, "" for none.
	ignored string
}

func (v *view) entries() firestore.Query { return leaderboard.Entries(v.fs, v.Board.ID()).Query }

// after returns up to n entries after the key, in their order.
func (v *view) after(key string, n int) ([]row, error) {
	from, found := v.find(key)
	if found {
		from++
	}
	if v.whole() || len(v.top)-from >= n {
		return v.top[from:min(from+n, len(v.top))], nil
	}
	return rows(v.tx, v.entries().Where("sortKey", ">", key).OrderBy("sortKey", firestore.Asc).Limit(n))
}

// before returns up to n entries before the key, in their order.
func (v *view) before(key string, n int) ([]row, error) {
	if to, ok := v.inTop(key); ok {
		return v.top[max(0, to-n):to], nil
	}
	found, err := rows(v.tx, v.entries().Where("sortKey", "<", key).OrderBy("sortKey", firestore.Desc).Limit(n))
	slices.Reverse(found)
	return found, err
}

// find returns the number of entries of the top before the key, and whether the next one has it.
func (v *view) find(key string) (int, bool) {
	return slices.BinarySearchFunc(v.top, key, func(r row, k string) int { return strings.Compare(r.SortKey, k) })
}

// inTop returns the number of entries before the key, if the top has them all.
func (v *view) inTop(key string) (int, bool) {
	i, _ := v.find(key)
	return i, v.whole() || i < len(v.top)
}

// count returns the number of entries before the key without the ignored one.
func (v *view) count(key string) (int64, error) {
	n, err := v.countAll(key)
	if v.ignored != "" && v.ignored < key {
		n--
	}
	return n, err
}

// countAll returns the number of entries before the key: those of the buckets above, and a COUNT
// within the key's own bucket.
func (v *view) countAll(key string) (int64, error) {
	if i, ok := v.inTop(key); ok {
		return int64(i), nil
	}
	rating, err := ratingIn(key)
	if err != nil {
		return 0, err
	}
	bucket := leaderboard.BucketOf(rating)
	first := leaderboard.FirstKey(bucket)
	if key <= first {
		return v.counts.Above(bucket), nil
	}
	n, err := store.Count(v.ctx, v.tx, v.entries().Where("sortKey", ">", first).Where("sortKey", "<", key))
	if err != nil {
		return 0, fmt.Errorf("count the entries of a bucket: %w", err)
	}
	return v.counts.Above(bucket) + n, nil
}

// ratingIn returns the rating in a sort key.
func ratingIn(key string) (float64, error) {
	inverse, err := strconv.Atoi(key[:ratingLength-1])
	if err != nil {
		return 0, fmt.Errorf("read the sort key %q: %w", key, err)
	}
	return float64(100*100-inverse) / 100, nil
}

// place finds the position and the rank of the window's first row.
func (v *view) place(w *window) (err error) {
	if len(w.rows) == 0 || w.prior == "" {
		return nil
	}
	key := w.rows[0].SortKey
	if w.position, err = v.count(key); err != nil || key[:ratingLength] != w.prior[:ratingLength] {
		return err
	}
	// A tie that began before the window.
	above, err := v.count(key[:ratingLength])
	w.rank = above + 1
	return err
}

// page gives the window's rows their ranks and names. Rows whose users are gone or do not take part
// any more are left out.
func (r *Reader) page(ctx context.Context, s Snapshot, caller account.UID, w window) (Page, error) {
	users, err := r.users(ctx, w.rows)
	if err != nil {
		return Page{}, err
	}
	p := Page{Rows: w.shown(users, caller), Total: s.Total() + w.added, AsOf: s.AsOf}
	if n := len(w.rows); n > 0 {
		if w.position > 0 {
			p.Prev = w.rows[0].SortKey
		}
		if w.position+int64(n) < p.Total {
			p.Next = w.rows[n-1].SortKey
		}
	}
	return p, nil
}

// shown returns the rows of the users who take part. users are those of the window's rows, in their
// order.
func (w window) shown(users []account.User, caller account.UID) []Row {
	shown, rank := []Row{}, w.rank
	for i, one := range w.rows {
		at := w.position + int64(i)
		if i > 0 && one.SortKey[:ratingLength] != w.rows[i-1].SortKey[:ratingLength] || rank == 0 {
			rank = at + 1
		}
		if u := users[i]; leaderboard.TakesPart(u) {
			shown = append(shown, Row{
				Rank: rank, Username: u.Username, Rating: one.Rating, ScanCount: one.Scans, Me: one.uid == caller,
			})
		}
	}
	return shown
}

// users returns the rows' users as they are now, the zero User for one who is gone.
func (r *Reader) users(ctx context.Context, rows []row) ([]account.User, error) {
	snaps, err := r.userDocs(ctx, rows)
	if err != nil {
		return nil, err
	}
	users := make([]account.User, len(snaps))
	for i, snap := range snaps {
		if users[i], err = store.Decode[account.User](snap, nil, "user", nil); err != nil {
			return nil, err
		}
	}
	return users, nil
}

func (r *Reader) userDocs(ctx context.Context, rows []row) ([]*firestore.DocumentSnapshot, error) {
	refs := make([]*firestore.DocumentRef, len(rows))
	for i, one := range rows {
		refs[i] = account.Ref(r.Firestore, one.uid)
	}
	snaps, err := r.Firestore.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read the users of a board: %w", err)
	}
	return snaps, nil
}
