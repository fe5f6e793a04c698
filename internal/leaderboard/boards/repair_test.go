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
	"github.com/facescan/facescan/internal/work"
)

func TestRecount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		damage func(*bench) error
		wrong  int64
	}{
		"of counts that are right": {func(*bench) error { return nil }, 0},
		"of three too many": {func(b *bench) error {
			_, err := b.shard(3).Set(b.t.Context(), map[string]any{
				"counts": map[string]any{"500": firestore.Increment(3)},
			}, firestore.MergeAll)
			return err
		}, 3},
		"of a negative count": {func(b *bench) error {
			_, err := b.shard(15).Set(b.t.Context(), map[string]any{
				"counts": map[string]any{"999": -2},
			}, firestore.MergeAll)
			return err
		}, 2},
		"of a shard that is missing": {func(b *bench) error {
			_, err := b.shard(leaderboard.ShardOf("u0")).Delete(b.t.Context())
			return err
		}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			for i := range 20 {
				b.rated(account.UID(fmt.Sprintf("u%d", i)), day0, float64(5*i))
			}
			if err := tt.damage(b); err != nil {
				t.Fatal(err)
			}
			d, err := b.reader.Recount(t.Context(), main, nil)
			if err != nil || d.Entries != 20 || d.Wrong != tt.wrong && (tt.wrong >= 0 || d.Wrong == 0) {
				t.Errorf("drift %d of %d entries, want %d: %v", d.Wrong, d.Entries, tt.wrong, err)
			}
			if d, err = b.reader.Recount(t.Context(), main, nil); err != nil || d.Wrong != 0 || b.drift(main) != 0 {
				t.Errorf("drift %d again, %v", d.Wrong, err)
			}
		})
	}
}

// A writer during the repair is not lost, and of two repairs at once one waits.
func TestRecount_whileOthersWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("first", day0, 50)
	_, err := b.shard(0).Set(t.Context(), map[string]any{
		"counts": map[string]any{"7": firestore.Increment(5)},
	}, firestore.MergeAll)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers, repairs sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			mine := *b
			mine.users = map[account.UID]account.User{}
			for i := 0; ctx.Err() == nil; i++ {
				mine.rated(account.UID(fmt.Sprintf("w%d-%d", w, i)), day0, float64(i%101))
			}
		})
	}
	for range 3 {
		repairs.Go(func() {
			if _, err := b.reader.Recount(t.Context(), main, nil); err != nil && !errors.Is(err, work.ErrLeased) {
				t.Error(err)
			}
		})
	}
	repairs.Wait()
	stop()
	writers.Wait()
	if wrong := b.drift(main); wrong != 0 {
		t.Errorf("the histogram is wrong by %d", wrong)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	entry := func(b *bench) *firestore.DocumentRef { return leaderboard.EntryRef(b.fs, main.ID(), "u") }
	for name, damage := range map[string]func(*bench) error{
		"an entry that is lost": func(b *bench) error {
			return b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
				snap, err := tx.Get(entry(b))
				if err != nil {
					return err
				}
				return leaderboard.RemoveEntry(tx, b.fs, snap, b.now)
			})
		},
		"an entry with another rating, counted as it is": func(b *bench) error {
			return b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
				snap, err := tx.Get(entry(b))
				if err != nil {
					return err
				}
				var e leaderboard.EntryDoc
				if err := snap.DataTo(&e); err != nil {
					return err
				}
				was, is := e.Place(), e.Place()
				is.Rating, is.Bucket = 99, leaderboard.BucketOf(99)
				return leaderboard.MoveEntry(tx, b.fs, main, "u", was, is, b.now)
			})
		},
		"an entry on a board that the user is not on": func(b *bench) error {
			women := leaderboard.Board{Division: account.Women, Major: 1}
			stray := leaderboard.EntryDoc{UID: "u", Rating: 50, SortKey: "x"}.Place()
			return b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
				return leaderboard.MoveEntry(tx, b.fs, women, "u", leaderboard.Place{}, stray, b.now)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.now = day0.Add(time.Hour)
			b.rated("u", day0, 60)
			before, boards := emulatortest.Document[leaderboard.EntryDoc](t, entry(b)), b.boardsWith("u")
			if err := damage(b); err != nil {
				t.Fatal(err)
			}
			same := cmp.Equal(before, emulatortest.Document[leaderboard.EntryDoc](t, entry(b)))
			if same && cmp.Equal(boards, b.boardsWith("u")) {
				t.Fatal("nothing is damaged, so this shows nothing")
			}
			for range 2 {
				if err := Restore(t.Context(), b.fs, "u", b.now); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, emulatortest.Document[leaderboard.EntryDoc](t, entry(b))); diff != "" {
					t.Errorf("entry (-before +after):\n%s", diff)
				}
				if diff := cmp.Diff(boards, b.boardsWith("u")); diff != "" || b.drift(main) != 0 {
					t.Errorf("boards, drift %d (-before +after):\n%s", b.drift(main), diff)
				}
			}
		})
	}
}
