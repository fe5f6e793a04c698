package rank

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// fiveScans are of two days, with one that does not count and two personal bests, b and e.
func fiveScans() []leaderboard.Contribution {
	return []leaderboard.Contribution{
		scanAt("a", day0.Add(1*time.Hour), 60), scanAt("b", day0.Add(2*time.Hour), 70),
		scanAt("c", day0.Add(3*time.Hour), 65),
		scanAt("d", day0.Add(4*time.Hour), 99), scanAt("e", day0.Add(25*time.Hour), 72),
	}
}

// threeDays are scans that others may see the rating of.
func threeDays() []leaderboard.Contribution {
	return []leaderboard.Contribution{
		scanAt("a", day0.Add(-47*time.Hour), 60), scanAt("b", day0.Add(-23*time.Hour), 70),
		scanAt("c", day0.Add(time.Hour), 65),
	}
}

func TestHandle_anyOrderTwiceConcurrently(t *testing.T) {
	want := leaderboard.Place{
		Board: board, Rating: see(fiveScans()...).Rating(major), Scans: 4, AchievedAt: day0.Add(25 * time.Hour),
	}
	for round := range 3 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(member("u"))
			twice := append(fiveScans(), fiveScans()...)
			rand.Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
			for _, c := range twice {
				b.handle(completed("u", c))
			}
			if diff := cmp.Diff(&want, b.place("u"), cmpopts.IgnoreFields(leaderboard.Place{}, "Bucket", "Shard")); diff != "" {
				t.Errorf("place (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(see(fiveScans()...), b.rating("u").Contributions); diff != "" {
				t.Errorf("contributions (-want +got):\n%s", diff)
			}
			told := map[string]bool{}
			for _, best := range b.topic.bests(t) {
				told[best.ScanID] = true
			}
			if !told["b"] || !told["e"] {
				t.Errorf("personal bests told: %v, want b and e among them", told)
			}
		})
	}
}

func TestHandle_oneEventEightTimesAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(member("u"))
	b.handle(completed("u", fiveScans()[0]))
	scan := fiveScans()[1]
	scan.Interval = event.Around(40, 90)
	second := messageOf(t, completed("u", scan))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := b.consumer.Handle(t.Context(), second); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if e := b.place("u"); e == nil || e.Scans != 2 {
		t.Errorf("place = %+v, want one of two scans", e)
	}
	want := []event.PersonalBestReachedV1{{
		UID: "u", ScanID: "b", Board: board, ConsentEpoch: 1, Score: 70, Interval: event.Around(40, 90), Previous: 60,
	}}
	if diff := cmp.Diff(want, b.topic.bests(t)); diff != "" {
		t.Errorf("personal bests (-want +got):\n%s", diff)
	}
}

func TestHandle_duplicateChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(member("u"))
	b.handle(completed("u", fiveScans()[0]))
	before, beforeEntry := b.rating("u"), b.place("u")
	b.now = b.now.Add(time.Hour)
	b.handle(completed("u", fiveScans()[0]))
	if diff := cmp.Diff(before, b.rating("u")) + cmp.Diff(beforeEntry, b.place("u")); diff != "" {
		t.Errorf("a duplicate changed:\n%s", diff)
	}
}

func TestHandle_nanosecondsDoNotReorder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(member("u"))
	at := day0.Add(time.Hour)
	b.handle(completed("u", scanAt("z", at.Add(100), 60))) // earlier by 100 ns, the same to Firestore
	b.handle(completed("u", scanAt("a", at.Add(200), 50)))
	got := b.rating("u").Contributions
	if len(got) != 2 || got[0].ScanID != "a" {
		t.Errorf("contributions = %v, want a before z: equal times are ordered by id", got)
	}
}

func TestHandle_unrankable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(member("u"))
	e := completed("u", fiveScans()[0])
	e.Rankable = false
	b.handle(e)
	if b.rating("u") != nil || b.entry("u") != nil {
		t.Error("an unrankable scan left a trace")
	}
}

func TestHandle_boardsOfEnginesAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(member("u"))
	other := completed("u", fiveScans()[0])
	other.EngineMajor = 2
	b.handle(other)
	if b.place("u") != nil {
		t.Error("a scan of engine 2 is on the board of engine 1")
	}
	second := leaderboard.Ratings(b.fs, "u").Doc(leaderboard.AllTime(2).ID())
	if r := emulatortest.Document[leaderboard.RatingDoc](t, second); r == nil || len(r.Places) == 0 {
		t.Error("a scan of engine 2 is not on its own board")
	}
}

func TestHandle_fence(t *testing.T) {
	tests := map[string]func(*account.User){
		"another epoch":     func(u *account.User) { u.ConsentEpoch = 3 },
		"consent withdrawn": func(u *account.User) { u.Consent.Granted = false },
		"erasing":           func(u *account.User) { u.State = account.Erasing },
		"unknown user":      nil,
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if change != nil {
				u := member("u")
				change(&u)
				b.save(u)
			}
			b.handle(completed("u", fiveScans()[0]))
			if b.rating("u") != nil || b.entry("u") != nil {
				t.Error("the fence let a scan through")
			}
		})
	}
}

func TestHandle_accountUpdates(t *testing.T) {
	rated := func(t *testing.T, u account.User) *bench {
		t.Helper()
		t.Parallel()
		b := newBench(t)
		b.save(u)
		for _, c := range threeDays() {
			b.handle(completed("u", c))
		}
		return b
	}
	t.Run("opting in later creates the entry", func(t *testing.T) {
		u := member("u")
		u.Leaderboard.OptIn = false
		b := rated(t, u)
		if b.entry("u") != nil || b.rating("u") == nil {
			t.Fatal("want a rating and no entry before opting in")
		}
		b.updated(member("u"))
		b.updated(member("u"))
		if e := b.entry("u"); e == nil || e.Rating != see(threeDays()...).Rating(major) {
			t.Errorf("entry = %+v", e)
		}
	})
	t.Run("opting out removes the entry and keeps the rating", func(t *testing.T) {
		b := rated(t, member("u"))
		u := member("u")
		u.Leaderboard.OptIn = false
		b.updated(u)
		if b.entry("u") != nil || b.rating("u") == nil {
			t.Error("want a rating and no entry")
		}
	})
	gone := map[string]func(*account.User){
		"consent withdrawn": func(u *account.User) { u.Consent.Granted, u.ConsentEpoch = false, 2 },
		"consent withdrawn and granted anew before the event": func(u *account.User) { u.ConsentEpoch = 3 },
		"erasing": func(u *account.User) { u.State = account.Erasing },
	}
	for name, change := range gone {
		t.Run(name, func(t *testing.T) {
			b := rated(t, member("u"))
			u := member("u")
			change(&u)
			b.updated(u)
			if b.entry("u") != nil || b.rating("u") != nil {
				t.Error("rating or entry are left")
			}
		})
	}
	t.Run("user gone", func(t *testing.T) {
		b := rated(t, member("u"))
		if _, err := account.Ref(b.fs, "u").Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.handle(event.AccountUpdatedV1{UID: "u"})
		if b.entry("u") != nil || b.rating("u") != nil {
			t.Error("rating or entry are left")
		}
	})
	t.Run("agreeing to a newer text keeps the rating", func(t *testing.T) {
		b := rated(t, member("u"))
		u := member("u")
		u.ConsentEpoch, u.Consent.Since = 2, 1
		b.updated(u)
		u.ConsentEpoch = 3
		b.updated(u)
		if r := b.rating("u"); r == nil || r.ConsentEpoch != 3 || b.entry("u") == nil {
			t.Errorf("rating = %+v, entry = %+v, want both under epoch 3", r, b.entry("u"))
		}
	})
	t.Run("a scan under the new consent starts anew", func(t *testing.T) {
		b := rated(t, member("u"))
		u := member("u")
		u.ConsentEpoch = 3
		b.save(u)
		e := completed("u", fiveScans()[1])
		e.ConsentEpoch = 3
		b.handle(e)
		if r := b.rating("u"); len(r.Contributions) != 1 || r.Contributions[0].ScanID != "b" {
			t.Errorf("contributions = %v, want b alone", r.Contributions)
		}
	})
}

func TestHandle_malformed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wrongScore := completed("u", scanAt("a", day0, 101))
	noTime := completed("u", scanAt("a", time.Time{}, 50))
	tests := map[string]event.Message{
		"no event":      {Data: []byte("{")},
		"no scan event": messageOf(t, event.ScanFailedV1{UID: "u", ScanID: "s", Code: "no_face"}),
		"score":         messageOf(t, wrongScore),
		"time":          messageOf(t, noTime),
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			if err := b.consumer.Handle(t.Context(), m); !errors.Is(err, event.ErrMalformed) {
				t.Errorf("error = %v, want ErrMalformed", err)
			}
		})
	}
}

// Not parallel: it looks at all goroutines.
func TestHandle_leavesNoGoroutine(t *testing.T) {
	present := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, present) })
	fs, err := firestore.NewClient(t.Context(), emulatortest.UniqueProject(t)) // see emulatortest.Firestore
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })
	b := benchOver(t, fs)
	b.save(member("u"))
	for _, c := range slices.Backward(fiveScans()) {
		b.handle(completed("u", c))
	}
}
