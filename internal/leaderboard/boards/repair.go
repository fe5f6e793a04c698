package boards

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/work"
)

// repairPage is the number of entries that a repair reads at once.
const repairPage = 1000

// cell is a count of a histogram.
type cell struct{ shard, bucket int }

// Drift is the difference between a board's histogram and its entries at one moment.
type Drift struct {
	// Entries is the number of entries, and Wrong the number by which the counts are wrong in all.
	Entries, Wrong int64
	// missing is what the counts lack.
	missing map[cell]int64
}

// Drift counts the board's entries and compares the histogram with them. It reads each entry, in
// pages as of one moment, which must be done within readable.
func (r *Reader) Drift(ctx context.Context, b leaderboard.Board) (Drift, error) {
	d := Drift{missing: map[cell]int64{}}
	snap, err := leaderboard.SnapshotRef(r.Firestore, b.ID()).Get(ctx)
	if err != nil && status.Code(err) != codes.NotFound {
		return Drift{}, fmt.Errorf("ask for the time: %w", err)
	}
	at := snap.ReadTime.Truncate(time.Microsecond)
	err = r.at(ctx, at, func(_ context.Context, tx *firestore.Transaction) error { return d.subtract(tx, r.Firestore, b) })
	for after := ""; err == nil; {
		var page []row
		err = r.at(ctx, at, func(_ context.Context, tx *firestore.Transaction) (err error) {
			all := leaderboard.Entries(r.Firestore, b.ID()).OrderBy("sortKey", firestore.Asc)
			page, err = rows(tx, all.Where("sortKey", ">", after).Limit(repairPage))
			return err
		})
		for _, one := range page {
			d.missing[cell{leaderboard.ShardOf(one.uid), leaderboard.BucketOf(one.Rating)}]++
			d.Entries++
			after = one.SortKey
		}
		if len(page) < repairPage {
			break
		}
	}
	if err != nil {
		return Drift{}, fmt.Errorf("compare the counts of %s: %w", b.ID(), err)
	}
	for _, n := range d.missing {
		d.Wrong += max(n, -n)
	}
	return d, nil
}

// subtract takes the board's counts from what is missing.
func (d *Drift) subtract(tx *firestore.Transaction, fs *firestore.Client, b leaderboard.Board) error {
	for shard := range leaderboard.Shards {
		all, err := leaderboard.ReadShards(tx, fs, b.ID(), shard, shard+1)
		if err != nil {
			return err
		}
		for bucket, n := range all {
			if n != 0 {
				d.missing[cell{shard, bucket}] -= n
			}
		}
	}
	return nil
}

// repairDoc is boards/{board}/snapshot/repair, which exists while a repair is under way.
type repairDoc struct {
	Lease    work.Lease `firestore:"lease"`
	ExpireAt time.Time  `firestore:"expireAt,omitzero"`
}

// Recount repairs the board's histogram and returns what was wrong with it. The counts are
// corrected by what they lacked at one moment, so that what others count meanwhile is kept. The
// error is work.ErrLeased while another repair is under way: both would make the same correction.
// with writes more in the commit of the correction, such as who asked for it; nil writes nothing.
func (r *Reader) Recount(
	ctx context.Context, b leaderboard.Board, with func(*firestore.Transaction) error,
) (Drift, error) {
	ref := leaderboard.SnapshotRef(r.Firestore, b.ID()).Parent.Doc("repair")
	token := rand.Text()
	err := r.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(ref)
		doc, err := store.Decode[repairDoc](snap, err, "repair", nil)
		if err != nil {
			return err
		}
		if err := doc.Lease.Take(token, r.Now(), readable); err != nil {
			return err
		}
		return tx.Set(ref, repairDoc{Lease: doc.Lease, ExpireAt: b.Period.Expires()})
	})
	if err != nil {
		return Drift{}, fmt.Errorf("begin to repair %s: %w", b.ID(), err)
	}
	d, err := r.Drift(ctx, b)
	if err != nil {
		return Drift{}, errors.Join(err, work.Release(ctx, func(ctx context.Context) error {
			return r.correct(ctx, b, ref, token, Drift{}, nil)
		}))
	}
	if err := r.correct(ctx, b, ref, token, d, with); err != nil {
		return Drift{}, fmt.Errorf("repair %s: %w", b.ID(), err)
	}
	return d, nil
}

// correct adds what the counts lack and ends the repair, in one commit of its lease's holder.
func (r *Reader) correct(
	ctx context.Context, b leaderboard.Board, ref *firestore.DocumentRef, token string, d Drift,
	with func(*firestore.Transaction) error,
) error {
	by := map[int]map[int]int{}
	for c, n := range d.missing {
		if by[c.shard] == nil {
			by[c.shard] = map[int]int{}
		}
		by[c.shard][c.bucket] += int(n)
	}
	return r.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(ref)
		doc, err := store.Decode[repairDoc](snap, err, "repair", nil)
		if err != nil {
			return err
		}
		if err := doc.Lease.Check(token); err != nil {
			return err
		}
		for shard, counts := range by {
			if err := leaderboard.AddTo(tx, r.Firestore, b, shard, counts); err != nil {
				return err
			}
		}
		if with != nil {
			if err := with(tx); err != nil {
				return err
			}
		}
		return tx.Delete(ref)
	})
}

// Restore writes the user's entries again as their ratings have them, and deletes those that no
// rating has, with the counts of the entries that appear and disappear. It mends entries that were
// damaged or lost; a damaged histogram is mended by [Reader.Recount].
func Restore(ctx context.Context, fs *firestore.Client, uid account.UID, now time.Time) error {
	entries, err := fs.CollectionGroup("entries").Where("uid", "==", string(uid)).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list the user's entries: %w", err)
	}
	err = leaderboard.Change(ctx, fs, uid, func(
		tx *firestore.Transaction, u account.User, all []leaderboard.RatingDoc,
	) error {
		refs := make([]*firestore.DocumentRef, 0, len(entries))
		for _, snap := range entries {
			refs = append(refs, snap.Ref)
		}
		want := map[string]leaderboard.Place{}
		for i, d := range all {
			all[i].Places = d.PlacesAfter(u, d.Contributions, now)
			for board, p := range leaderboard.ShownPlaces(all[i].Places) {
				want[board] = p
				refs = append(refs, leaderboard.EntryRef(fs, board, uid))
			}
		}
		if err := restore(tx, fs, uid, refs, want, now); err != nil {
			return err
		}
		for _, d := range all {
			places := []firestore.Update{{Path: "places", Value: d.Places}}
			if err := tx.Update(leaderboard.Ratings(fs, uid).Doc(d.Board), places); err != nil {
				return fmt.Errorf("write places: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("restore the entries: %w", err)
	}
	return nil
}

// restore writes the wanted places over the entries of the references.
func restore(
	tx *firestore.Transaction, fs *firestore.Client, uid account.UID, refs []*firestore.DocumentRef,
	want map[string]leaderboard.Place, now time.Time,
) error {
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return fmt.Errorf("read the entries: %w", err)
	}
	done := map[string]bool{}
	for _, snap := range snaps {
		id := snap.Ref.Parent.Parent.ID
		b, ok := leaderboard.ParseBoard(id)
		if !ok || done[id] || b.Period.Gone(now) {
			continue
		}
		done[id] = true
		var was leaderboard.Place
		if snap.Exists() {
			e, err := store.Decode[leaderboard.EntryDoc](snap, nil, "entry", nil)
			if err != nil {
				return err
			}
			was = e.Place()
		}
		if err := leaderboard.MoveEntry(tx, fs, b, uid, was, want[id], now); err != nil {
			return fmt.Errorf("restore the entry on %s: %w", id, err)
		}
	}
	return nil
}
