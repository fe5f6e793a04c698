// Package boards reads the boards that package leaderboard writes, tells users of their changed
// ranks and mends what is damaged.
package boards

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/work"
)

const (
	snapshotSchema = 1
	// TopRows is the number of entries that a snapshot has.
	TopRows = 100
	// fresh is the age up to which a snapshot is used as it is. Making one reads 16 shards and 100
	// entries, so a board that is always looked at costs a million reads a day, however many look.
	fresh = 10 * time.Second
	// readable is the age up to which the database can still be read as of a snapshot. Firestore keeps
	// versions for an hour (https://cloud.google.com/firestore/docs/understand-reads-writes-scale).
	readable = 50 * time.Minute
)

// row is an entry as a board shows it.
type row struct {
	uid account.UID
	leaderboard.TopRow
}

// Snapshot is a board at one moment.
type Snapshot struct {
	Board leaderboard.Board
	AsOf  time.Time
	// counts is the histogram, and top the first entries in their order.
	counts leaderboard.Counts
	top    []row
}

func newSnapshot(b leaderboard.Board, d leaderboard.SnapshotDoc) Snapshot {
	s := Snapshot{Board: b, AsOf: d.AsOf, counts: d.Counts}
	for uid, r := range d.Top {
		s.top = append(s.top, row{account.UID(uid), r})
	}
	slices.SortFunc(s.top, func(a, b row) int { return cmp.Compare(a.SortKey, b.SortKey) })
	return s
}

// Total returns the number of entries.
func (s Snapshot) Total() int64 { return s.counts.Total() }

// whole reports whether the top has all entries.
func (s Snapshot) whole() bool { return int64(len(s.top)) == s.Total() }

// Reader reads boards. It is safe for concurrent use.
type Reader struct {
	Firestore *firestore.Client
	// Now is the clock that says which boards are open. The age of a snapshot is measured by the
	// database's own.
	Now func() time.Time
}

// Snapshot returns the board as it was at most 10 s ago. If the stored snapshot is older, one
// caller makes a new one, while the others get the older one, or, if that is too old to be read by,
// count for themselves.
func (r *Reader) Snapshot(ctx context.Context, b leaderboard.Board) (Snapshot, error) {
	ref := leaderboard.SnapshotRef(r.Firestore, b.ID())
	snap, err := ref.Get(ctx)
	doc, err := store.Decode[leaderboard.SnapshotDoc](snap, err, "snapshot", nil)
	if err != nil {
		return Snapshot{}, err
	}
	age := snap.ReadTime.Sub(doc.AsOf)
	if age <= fresh && doc.Removals == 0 {
		return newSnapshot(b, doc), nil
	}
	made, err := r.make(ctx, b, snap, doc)
	switch {
	case err == nil:
		return made, nil
	case !errors.Is(err, work.ErrLeased) && !errors.Is(err, work.ErrLost):
		return Snapshot{}, fmt.Errorf("make the snapshot of %s: %w", b.ID(), err)
	case age <= readable:
		return newSnapshot(b, doc), nil
	}
	return r.count(ctx, b, snap.ReadTime)
}

// make makes the board's snapshot and stores it. The error is work.ErrLeased while another caller
// makes it, and work.ErrLost if the stored one changed meanwhile, as it does when a user leaves
// the board.
func (r *Reader) make(
	ctx context.Context, b leaderboard.Board, snap *firestore.DocumentSnapshot, doc leaderboard.SnapshotDoc,
) (Snapshot, error) {
	if err := doc.Lease.Take(rand.Text(), snap.ReadTime, work.LeaseTime); err != nil {
		return Snapshot{}, err
	}
	taken, err := lease(ctx, snap, doc.Lease)
	if err != nil {
		return Snapshot{}, overtaken(err)
	}
	// What has left by now is not counted, and what leaves from now on fails the write below.
	made, err := r.count(ctx, b, taken)
	if err == nil {
		err = r.keep(ctx, snap.Ref, made, taken)
	}
	if err != nil {
		return Snapshot{}, errors.Join(err, work.Release(ctx, func(ctx context.Context) error {
			free := []firestore.Update{{Path: "lease", Value: work.Lease{}}}
			_, err := snap.Ref.Update(ctx, free, firestore.LastUpdateTime(taken))
			return overtaken(err)
		}))
	}
	return made, nil
}

// keep stores the snapshot unless the stored one has changed since the lease was taken.
func (r *Reader) keep(ctx context.Context, ref *firestore.DocumentRef, made Snapshot, taken time.Time) error {
	top := make(map[string]leaderboard.TopRow, len(made.top))
	for _, one := range made.top {
		top[string(one.uid)] = one.TopRow
	}
	updates := []firestore.Update{
		{Path: "schema", Value: snapshotSchema}, {Path: "asOf", Value: made.AsOf}, {Path: "counts", Value: made.counts},
		{Path: "top", Value: top}, {Path: "lease", Value: work.Lease{}}, {Path: "removals", Value: 0},
	}
	if p := made.Board.Period; !p.Always() {
		updates = append(updates, firestore.Update{Path: "expireAt", Value: p.Expires()})
	}
	_, err := ref.Update(ctx, updates, firestore.LastUpdateTime(taken))
	return overtaken(err)
}

// lease writes the lease on the snapshot that was read, and returns the time of the write.
func lease(ctx context.Context, snap *firestore.DocumentSnapshot, l work.Lease) (time.Time, error) {
	if !snap.Exists() {
		result, err := snap.Ref.Create(ctx, map[string]any{"lease": l})
		if err != nil {
			return time.Time{}, err
		}
		return result.UpdateTime, nil
	}
	result, err := snap.Ref.Update(
		ctx, []firestore.Update{{Path: "lease", Value: l}}, firestore.LastUpdateTime(snap.UpdateTime),
	)
	if err != nil {
		return time.Time{}, err
	}
	return result.UpdateTime, nil
}

// overtaken returns err, as work.ErrLost for the error of a write whose condition failed.
func overtaken(err error) error {
	if store.Overtaken(err) || status.Code(err) == codes.AlreadyExists || status.Code(err) == codes.Aborted {
		return fmt.Errorf("%w: %w", work.ErrLost, err)
	}
	return err
}

// count reads the board as of the time.
func (r *Reader) count(ctx context.Context, b leaderboard.Board, at time.Time) (Snapshot, error) {
	s := Snapshot{Board: b, AsOf: at.Truncate(time.Microsecond)}
	err := r.at(ctx, s.AsOf, func(_ context.Context, tx *firestore.Transaction) (err error) {
		if s.counts, err = leaderboard.ReadCounts(tx, r.Firestore, b.ID()); err != nil {
			return err
		}
		s.top, err = rows(tx, leaderboard.Entries(r.Firestore, b.ID()).OrderBy("sortKey", firestore.Asc).Limit(TopRows))
		return err
	})
	return s, err
}

// at runs fn in a transaction that reads as of the time, which is in whole microseconds: Firestore
// takes no finer one, and ignores the read time of an aggregation outside of such a transaction.
func (r *Reader) at(
	ctx context.Context, asOf time.Time, fn func(context.Context, *firestore.Transaction) error,
) error {
	return r.Firestore.RunTransaction(ctx, fn, firestore.ReadOnly, firestore.TransactionReadTime(asOf))
}

// rows returns the entries that the query finds.
func rows(tx *firestore.Transaction, q firestore.Query) ([]row, error) {
	snaps, err := tx.Documents(q).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	all := make([]row, len(snaps))
	for i, snap := range snaps {
		if all[i], err = rowOf(snap); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// rowOf returns the entry of the document.
func rowOf(snap *firestore.DocumentSnapshot) (row, error) {
	e, err := store.Decode[leaderboard.EntryDoc](snap, nil, "entry", nil)
	return row{e.UID, leaderboard.TopRow{Rating: e.Rating, Scans: e.Scans, SortKey: e.SortKey}}, err
}
