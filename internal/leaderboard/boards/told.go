package boards

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/work"
)

const (
	toldSchema = 1
	// tellPage is the number of entries that are read at a time. A sweep reads tellPages of such, so
	// 1000 entries a minute or 1.4 million a day.
	tellPage  = 100
	tellPages = 10
	// tellBudget is how long a sweep works before it leaves the rest to the next.
	tellBudget = 10 * time.Second
)

// toldDoc is boards/{board}/snapshot/told: how far the users of the board have been told their
// ranks. Nothing in it names a user, so nothing of it must be removed with one.
type toldDoc struct {
	Schema int `firestore:"schema"`
	// Day is the UTC day on which the walk through the board began.
	Day string `firestore:"day"`
	// AsOf is the moment as of which the board is read. It is zero between two walks.
	AsOf time.Time `firestore:"asOf"`
	// From is the beginning of the sort keys of the entries with one rating (see RatingKey), "" at the
	// begin of the board. The walk continues after Skip entries from there on.
	From  string     `firestore:"from"`
	Skip  int        `firestore:"skip"`
	Lease work.Lease `firestore:"lease"`
}

// Teller tells users who asked for it when their rank on a board has changed, at most once in a UTC
// day. The first time is only remembered.
//
// Once a day it walks through the board in its order, some pages in each sweep, as of the moment of
// a snapshot. While that is readable, ranks are those of one moment however many sweeps it takes.
// Afterwards the walk takes a new snapshot and goes on at the same rating: who has passed that
// place meanwhile is told the next day, or found twice and told once. A walk that takes longer than
// a day ends before the next begins.
//
// A page that a dead process has told is gone through again. No user is told twice by that, since
// the commit that owes the event also writes the day into the rating.
type Teller struct {
	Reader *Reader
	Outbox *outbox.Box
	Board  leaderboard.Board
	// size is that of a page: tellPage except in tests.
	size int
}

// Sweep continues the walk of the day, or begins it, and returns the number of users told. A user
// whom it fails on does not hold up the others; the errors are joined.
func (t *Teller) Sweep(ctx context.Context) (told int, err error) {
	w, err := t.enter(ctx)
	if w == nil || err != nil {
		return 0, fault.Ignore(err, work.ErrLeased, work.ErrLost)
	}
	err = fault.Ignore(w.run(ctx), work.ErrLost)
	return w.told, errors.Join(err, errors.Join(w.faults...), work.Release(ctx, w.release))
}

// walk is the part of the way through a board that one sweep goes.
type walk struct {
	*Teller
	ref *firestore.DocumentRef
	doc toldDoc
	// at is when the document was last written, by the database's clock.
	at time.Time
	// counts is the board's histogram, nil before the first page.
	counts leaderboard.Counts
	// key is the sort key of the last entry, "" before the first of this sweep, position the number of
	// entries up to it, tie the beginning of its key and of all with its rating, and rank their rank.
	key, tie       string
	position, rank int64

	told   int
	faults []error
}

// enter takes the lease on the board's walk. It returns nil if there is nothing to do on this day.
func (t *Teller) enter(ctx context.Context) (*walk, error) {
	w := &walk{Teller: t, ref: leaderboard.SnapshotRef(t.Reader.Firestore, t.Board.ID()).Parent.Doc("told")}
	snap, err := w.ref.Get(ctx)
	if w.doc, err = store.Decode[toldDoc](snap, err, "how far ranks are told", nil); err != nil {
		return nil, err
	}
	if w.doc.AsOf.IsZero() && w.doc.Day == t.today() {
		return nil, nil //nolint:nilnil // as documented
	}
	if err := w.doc.Lease.Take(rand.Text(), snap.ReadTime, work.LeaseTime); err != nil {
		return nil, err
	}
	if w.at, err = lease(ctx, snap, w.doc.Lease); err != nil {
		return nil, overtaken(err)
	}
	return w, nil
}

func (t *Teller) today() string { return leaderboard.Day(t.Reader.Now()).String() }

func (w *walk) run(ctx context.Context) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	until := w.Reader.Now().Add(tellBudget)
	for range tellPages {
		over, err := w.page(ctx)
		if err != nil {
			return err
		}
		if err := w.keep(ctx); err != nil || over || !w.Reader.Now().Before(until) {
			return err
		}
	}
	return nil
}

// begin begins a walk, or has one go on with a new snapshot if its own is too old to read by.
func (w *walk) begin(ctx context.Context) error {
	if w.doc.AsOf.IsZero() {
		w.doc.Day = w.today()
	} else if w.at.Sub(w.doc.AsOf) <= readable {
		return nil
	}
	s, err := w.Reader.Snapshot(ctx, w.Board)
	if err != nil {
		return err
	}
	w.doc.AsOf, w.doc.Skip = s.AsOf, 0
	return w.keep(ctx)
}

// page tells the users of the next page. It reports whether that was the last one.
func (w *walk) page(ctx context.Context) (over bool, err error) {
	size, page := cmp.Or(w.size, tellPage), []row(nil)
	err = w.Reader.at(ctx, w.doc.AsOf, func(ctx context.Context, tx *firestore.Transaction) error {
		if err := w.open(ctx, tx); err != nil {
			return err
		}
		page, err = rows(tx, w.next().Limit(size))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read a page of %s: %w", w.Board.ID(), err)
	}
	users, err := w.Reader.userDocs(ctx, page)
	if err != nil {
		return false, err
	}
	for i, one := range page {
		w.pass(one)
		if err := w.tell(ctx, one, users[i]); err != nil {
			w.faults = append(w.faults, fmt.Errorf("tell a rank: %w", err))
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	w.doc.From, w.doc.Skip = w.tie, int(w.position-(w.rank-1))
	if over = len(page) < size; over {
		w.doc.AsOf, w.doc.From, w.doc.Skip = time.Time{}, "", 0
	}
	return over, nil
}

// open finds the place where the walk continues, before the first page.
func (w *walk) open(ctx context.Context, tx *firestore.Transaction) error {
	if w.counts != nil {
		return nil
	}
	counts, err := leaderboard.ReadCounts(tx, w.Reader.Firestore, w.Board.ID())
	if err != nil {
		return err
	}
	var above int64
	if w.doc.From != "" {
		v := &view{Snapshot: Snapshot{Board: w.Board, counts: counts}, ctx: ctx, tx: tx, fs: w.Reader.Firestore}
		if above, err = v.count(w.doc.From); err != nil {
			return err
		}
	}
	w.counts, w.tie, w.rank, w.position = counts, w.doc.From, above+1, above+int64(w.doc.Skip)
	return nil
}

func (w *walk) next() firestore.Query {
	q := leaderboard.Entries(w.Reader.Firestore, w.Board.ID()).OrderBy("sortKey", firestore.Asc)
	if w.key != "" {
		return q.Where("sortKey", ">", w.key)
	}
	return q.Where("sortKey", ">=", w.doc.From).Offset(w.doc.Skip)
}

// pass goes to the entry, which is the next one.
func (w *walk) pass(e row) {
	if w.key = e.SortKey; w.key[:ratingLength] != w.tie {
		w.tie, w.rank = w.key[:ratingLength], w.position+1
	}
	w.position++
}

// tell tells the user of the entry, whose document was read, if they want that. The rank is that of
// the walk's last entry.
func (w *walk) tell(ctx context.Context, e row, snap *firestore.DocumentSnapshot) error {
	u, err := store.Decode[account.User](snap, nil, "user", nil)
	if err != nil || !leaderboard.WantsRank(u) {
		return err
	}
	told := false
	err = w.Outbox.RunInTurn(ctx, snap.Ref, func(ctx context.Context, tx *outbox.Tx) (err error) {
		told, err = w.commit(ctx, tx, e, u.ConsentEpoch)
		return err
	})
	if err == nil && told {
		w.told++
	}
	return err
}

// commit remembers the rank of the entry's user and owes the event, unless the user left or does
// not want it any more, the rank is the same, or another was told on this day.
func (w *walk) commit(ctx context.Context, tx *outbox.Tx, e row, epoch int64) (told bool, err error) {
	fs, board := w.Reader.Firestore, w.Board.ID()
	u, err := account.Enter(tx.Transaction, fs, e.uid, epoch)
	if err != nil || !leaderboard.WantsRank(u) {
		return false, fault.Ignore(err, account.ErrClosed)
	}
	doc, err := leaderboard.ReadRating(tx.Transaction, fs, u, w.Board.Major)
	if _, ok := leaderboard.ShownPlaces(doc.Places)[board]; err != nil || !ok || !u.Stands(doc.ConsentEpoch) {
		return false, err
	}
	total := max(w.counts.Total(), w.position) // of a histogram that has drifted
	others, err := without(w.counts, e.SortKey)
	if err != nil {
		return false, err
	}
	rank := rankIn(others, w.rank-1, total, e.Rating, doc.Contributions.Error(w.Board.Major))
	now, before := leaderboard.Told{Rank: rank.Rank, Day: w.today()}, doc.Told
	if before != nil && (before.Day == now.Day || before.Rank == now.Rank) {
		return false, nil
	}
	remembered := []firestore.Update{{Path: "told", Value: now}}
	if err := tx.Update(leaderboard.Ratings(fs, u.UID).Doc(doc.Board), remembered); err != nil {
		return false, fmt.Errorf("remember the rank: %w", err)
	}
	if before == nil {
		return false, nil
	}
	return true, tx.Tell(ctx, w.doc.AsOf, event.RankChangedV1{
		UID: string(u.UID), Board: board, ConsentEpoch: u.ConsentEpoch, Rank: rank.Rank, Previous: before.Rank,
		RankLow: rank.Low, RankHigh: rank.High, Total: total, AsOf: w.doc.AsOf,
	}, board, string(u.UID), now.Day)
}

// keep writes how far the walk is, and renews the lease. The error is work.ErrLost if another
// process has taken it over.
func (w *walk) keep(ctx context.Context) error {
	w.doc.Lease.Renew(w.at)
	result, err := w.ref.Update(ctx, []firestore.Update{
		{Path: "schema", Value: toldSchema}, {Path: "day", Value: w.doc.Day}, {Path: "asOf", Value: w.doc.AsOf},
		{Path: "from", Value: w.doc.From}, {Path: "skip", Value: w.doc.Skip}, {Path: "lease", Value: w.doc.Lease},
	}, firestore.LastUpdateTime(w.at))
	if err != nil {
		return overtaken(err)
	}
	w.at = result.UpdateTime
	return nil
}

// release gives the lease up.
func (w *walk) release(ctx context.Context) error {
	_, err := w.ref.Update(ctx, []firestore.Update{{Path: "lease", Value: work.Lease{}}}, firestore.LastUpdateTime(w.at))
	return overtaken(err)
}
