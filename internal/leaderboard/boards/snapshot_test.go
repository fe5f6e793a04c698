package boards

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/work"
)

// stored returns the board's stored snapshot.
func (b *bench) stored() *leaderboard.SnapshotDoc {
	b.t.Helper()
	return emulatortest.Document[leaderboard.SnapshotDoc](b.t, leaderboard.SnapshotRef(b.fs, main.ID()))
}

// change changes fields of the stored snapshot.
func (b *bench) change(fields map[string]any) {
	b.t.Helper()
	if _, err := leaderboard.SnapshotRef(b.fs, main.ID()).Set(b.t.Context(), fields, firestore.MergeAll); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) snapshot() Snapshot {
	b.t.Helper()
	s, err := b.reader.Snapshot(b.t.Context(), main)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	held := work.Lease{Token: "another", Until: time.Now().Add(time.Hour)} // the sub-tests wait for their turn
	dead := work.Lease{Token: "dead", Until: time.Now().Add(-time.Second)}
	minute, hour := time.Now().Add(-time.Minute), time.Now().Add(-time.Hour)
	for name, tt := range map[string]struct {
		stored map[string]any // over a snapshot with one of the two entries
		total  int64
		made   bool
	}{
		"that is fresh is used":                      {map[string]any{}, 1, false},
		"that has lost an entry since is made again": {map[string]any{"removals": 1}, 2, true},
		"that is stale is made again":                {map[string]any{"asOf": hour}, 2, true},
		"that another makes is used as it was":       {map[string]any{"asOf": minute, "lease": held}, 1, false},
		"that is too old to read by is counted":      {map[string]any{"asOf": hour, "lease": held}, 2, false},
		"whose maker died with the first is counted": {map[string]any{"asOf": firestore.Delete, "lease": held}, 2, false},
		"whose maker died is made again after the lease": {
			map[string]any{"asOf": firestore.Delete, "lease": dead}, 2, true,
		},
		"that only a removal has written is made": {
			map[string]any{"asOf": firestore.Delete, "counts": firestore.Delete, "schema": firestore.Delete}, 2, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.rated("a", day0, 60)
			b.snapshot()
			b.rated("b", day0, 40)
			b.change(tt.stored)
			before := b.stored()
			if s := b.snapshot(); s.Total() != tt.total || int64(len(s.top)) != tt.total {
				t.Errorf("total %d, top of %d, want %d", s.Total(), len(s.top), tt.total)
			}
			if made := !b.stored().AsOf.Equal(before.AsOf); made != tt.made {
				t.Errorf("made: %v, want %v", made, tt.made)
			}
		})
	}
}

func TestSnapshot_manyAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("a", day0, 60)
	b.rated("b", day0, 40)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if s, err := b.reader.Snapshot(t.Context(), main); err != nil || s.Total() != 2 {
				t.Errorf("total %d, %v", s.Total(), err)
			}
		})
	}
	all.Wait()
	if d := b.stored(); d.Lease.Token != "" || len(d.Top) != 2 {
		t.Errorf("stored: %+v", d)
	}
}

// A user who leaves while a snapshot is made must not come back with it.
func TestMake_isLostToOneWhoLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("leaver", day0, 60)
	ref := leaderboard.SnapshotRef(b.fs, main.ID())
	snap, err := ref.Get(t.Context())
	if snap == nil {
		t.Fatal(err)
	}
	taken, err := lease(t.Context(), snap, work.Lease{Token: "mine", Until: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.reader.count(t.Context(), main, taken)
	if err != nil || len(made.top) != 1 {
		t.Fatalf("top = %v, %v", made.top, err)
	}
	u := member("leaver")
	u.Leaderboard.OptIn = false
	b.save(u, scored("leaver", day0, 60))
	if err := b.reader.keep(t.Context(), ref, made, taken); !errors.Is(err, work.ErrLost) {
		t.Errorf("err = %v, want lost", err)
	}
	b.leftNoTrace("leaver")
	if s := b.snapshot(); s.Total() != 0 || b.stored().AsOf.IsZero() {
		t.Errorf("the next maker waits for the lease: total %d, stored %+v", s.Total(), b.stored())
	}
}

// The counts of a snapshot are those of one moment, while others write.
func TestCount_isOfOneMoment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			mine := *b
			mine.users = map[account.UID]account.User{}
			for i := 0; ctx.Err() == nil; i++ {
				mine.rated(account.UID(fmt.Sprintf("w%d-%d", w, i)), day0, float64(i%101))
			}
		})
	}
	for range 8 {
		var at time.Time
		snap, _ := leaderboard.SnapshotRef(b.fs, main.ID()).Get(t.Context())
		if at = snap.ReadTime; at.IsZero() {
			t.Fatal("no read time")
		}
		s, err := b.reader.count(t.Context(), main, at)
		if err != nil {
			t.Fatal(err)
		}
		var entries int64
		err = b.reader.at(t.Context(), s.AsOf, func(ctx context.Context, tx *firestore.Transaction) (err error) {
			entries, err = store.Count(ctx, tx, leaderboard.Entries(b.fs, main.ID()).Query)
			return err
		})
		if err != nil || entries != s.Total() {
			t.Errorf("%d are counted of %d, %v", s.Total(), entries, err)
		}
	}
	stop()
	writers.Wait()
	if wrong := b.drift(main); wrong != 0 {
		t.Errorf("the histogram is wrong by %d", wrong)
	}
}

// What a user changed since the snapshot counts for their own place at once, and shows nowhere
// twice.
func TestReader_ownChangeIsNewerThanTheSnapshot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i, uid := range []account.UID{"a", "b", "c", "d"} {
		b.rated(uid, day0, float64(80-10*i))
	}
	b.snapshot()
	names := func(uid account.UID) (all []string) {
		p, reason, err := b.reader.Around(t.Context(), main, uid, 5)
		if err != nil || reason != "" {
			t.Fatalf("%q, %v", reason, err)
		}
		for _, r := range p.Rows {
			all = append(all, fmt.Sprintf("%d %s", r.Rank, r.Username))
		}
		return all
	}
	for _, tt := range []struct {
		uid   account.UID
		score float64
		rank  int64
		rows  []string
	}{
		{"d", 99, 1, []string{"1 name-d", "2 name-a", "3 name-b", "4 name-c"}},
		{"d", 65, 3, []string{"1 name-a", "2 name-b", "3 name-d", "4 name-c"}},
		{"d", 50, 4, []string{"1 name-a", "2 name-b", "3 name-c", "4 name-d"}},
		{"a", 1, 4, []string{"1 name-b", "2 name-c", "3 name-d", "4 name-a"}},
	} {
		b.rated(tt.uid, day0, tt.score)
		s, err := b.reader.Standing(t.Context(), main, tt.uid)
		if err != nil || s.Rank == nil || s.Rank.Rank != tt.rank || s.Total != 4 {
			t.Errorf("%s with %v: %+v of %d, %v", tt.uid, tt.score, s.Rank, s.Total, err)
		}
		if diff := cmp.Diff(tt.rows, names(tt.uid)); diff != "" {
			t.Errorf("around %s with %v (-want +got):\n%s", tt.uid, tt.score, diff)
		}
		b.renew(main)
		b.snapshot()
	}
	b.rated("new", day0, 90)
	if s, err := b.reader.Standing(t.Context(), main, "new"); err != nil || s.Rank.Rank != 1 || s.Total != 5 {
		t.Errorf("new: %+v of %d, %v", s.Rank, s.Total, err)
	}
	if diff := cmp.Diff([]string{"1 name-new", "2 name-b", "3 name-c", "4 name-d", "5 name-a"}, names("new")); diff != "" {
		t.Errorf("around the new one (-want +got):\n%s", diff)
	}
}
