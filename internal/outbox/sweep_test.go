package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
)

// longestPause is the longest that the sweep lets an event alone that it could not publish.
const longestPause = time.Hour

// A process may end at any point between commit and publish: with an error, or with no word at all.
func TestSweep_publishesWhatWasAbandoned(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault string
		want  error // of Run: failing to publish is none
	}{
		"the publisher failed": {"error", nil},
		"the process crashed":  {"panic", errCrash},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.topics.setFail(failing([]string{tt.fault}))
			err := survive(func() error { return f.commit(t.Context(), t, "a", "b") })
			if !errors.Is(err, tt.want) {
				t.Fatalf("err = %v, want %v", err, tt.want)
			}
			if !f.committed(t, "a") {
				t.Error("not committed")
			}
			checkIDs(t, "outbox after the failure", f.owed(t), []string{"a", "b"})
			checkIDs(t, "published before the sweep", ids(f.topics.take()), nil)

			f.topics.setFail(nil)
			f.advance(time.Hour)
			n, err := f.box.Sweep(t.Context(), 0)
			if err != nil || n != 2 {
				t.Errorf("Sweep = %d, %v, want 2", n, err)
			}
			got := f.topics.take()
			slices.SortFunc(got, func(a, b message) int { return strings.Compare(a.Attributes["id"], b.Attributes["id"]) })
			if diff := cmp.Diff([]message{asOwed(t, "a"), asOwed(t, "b")}, got); diff != "" {
				t.Errorf("published (-owed +got):\n%s", diff)
			}
			checkIDs(t, "outbox after the sweep", f.owed(t), nil)
		})
	}
	t.Run("an event that fails leaves those beside it alone", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.topics.setFail(func(_ context.Context, id string) error {
			if id == "a" {
				return errBroken
			}
			return nil
		})
		if err := f.commit(t.Context(), t, "a", "b"); err != nil {
			t.Fatal(err)
		}
		checkIDs(t, "published", ids(f.topics.take()), []string{"b"})
		checkIDs(t, "outbox", f.owed(t), []string{"a"})
	})
}

// Published and not known to be: the event is told again with the same id, by which its consumers
// drop it.
func TestEventWhoseDocument_staysIsPublishedAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	project := emulatortest.UniqueProject(t)
	dying := fixtureOn(t, project)
	dying.topics.setFail(func(context.Context, string) error { return dying.fs.Close() }) // so that the delete fails
	if err := dying.commit(t.Context(), t, "a"); err != nil {
		t.Fatal(err)
	}
	first := dying.topics.take()

	f := fixtureOn(t, project)
	checkIDs(t, "outbox", f.owed(t), []string{"a"})
	f.advance(time.Hour)
	if n, err := f.box.Sweep(t.Context(), outbox.SweepAge); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v, want 1", n, err)
	}
	again := f.topics.take()
	if diff := cmp.Diff([]message{asOwed(t, "a")}, first); diff != "" {
		t.Errorf("published at first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("published again (-first +again):\n%s", diff)
	}
	checkIDs(t, "outbox after the sweep", f.owed(t), nil)
}

func TestSweep(t *testing.T) {
	t.Parallel()
	t.Run("an empty outbox is no work", func(t *testing.T) {
		t.Parallel()
		if n, err := newFixture(t).box.Sweep(t.Context(), 0); n != 0 || err != nil {
			t.Errorf("Sweep = %d, %v", n, err)
		}
	})
	t.Run("it takes what is as old as the age, oldest first, and leaves what is younger", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		for _, id := range []string{"c-oldest", "a-old", "b-young"} {
			f.abandon(t, id)
			f.advance(10 * time.Second)
		}
		f.advance(outbox.SweepAge - 20*time.Second) // a-old is now as old as the age, b-young 10 s younger
		if n, err := f.box.Sweep(t.Context(), outbox.SweepAge); n != 2 || err != nil {
			t.Errorf("Sweep = %d, %v, want 2", n, err)
		}
		var order []string
		for _, m := range f.topics.take() {
			order = append(order, m.Attributes["id"])
		}
		checkIDs(t, "published", order, []string{"c-oldest", "a-old"})
		checkIDs(t, "outbox", f.owed(t), []string{"b-young"})
	})
	t.Run("it goes on after failures and joins their errors", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.abandon(t, "a", "b", "c", "d", "e")
		unreadable := []firestore.Update{{Path: "topic", Value: 7}}
		if _, err := f.fs.Collection("outbox").Doc("c").Update(t.Context(), unreadable); err != nil {
			t.Fatal(err)
		}
		f.topics.setFail(func(_ context.Context, id string) error {
			if id == "a" || id == "d" {
				return errBroken
			}
			return nil
		})
		n, err := f.box.Sweep(t.Context(), 0)
		if n != 2 || !errors.Is(err, errBroken) {
			t.Errorf("Sweep = %d, %v, want 2 and the publisher's error", n, err)
		}
		for _, id := range []string{"event a ", "document c:", "event d "} {
			if err == nil || !strings.Contains(err.Error(), id) {
				t.Errorf("error %v does not name %s", err, id)
			}
		}
		checkIDs(t, "published", ids(f.topics.take()), []string{"b", "e"})
		checkIDs(t, "outbox", f.owed(t), []string{"a", "c", "d"})
	})
	t.Run("more than a page that fail for good do not keep it from the others", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		const page = 500
		f.abandon(t, "a")
		snap, err := f.fs.Collection("outbox").Doc("a").Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		unreadable, writer := snap.Data(), f.fs.BulkWriter(t.Context())
		unreadable["topic"] = 7
		for i := range page + 1 {
			unreadable["dueAt"] = start.Add(time.Duration(i-page-1) * time.Second)
			if _, err := writer.Set(f.fs.Collection("outbox").NewDoc(), unreadable); err != nil {
				t.Fatal(err)
			}
		}
		writer.End()
		published := 0
		for range 2 {
			n, err := f.box.Sweep(t.Context(), 0)
			if err == nil {
				t.Error("no error")
			}
			published += n
		}
		if published != 1 {
			t.Errorf("%d events published, want 1", published)
		}
		if n, err := f.box.Sweep(t.Context(), 0); n != 0 || err != nil {
			t.Errorf("Sweep = %d, %v: what failed was not put off", n, err)
		}
	})
	t.Run("what failed is tried again, ever more rarely and no more rarely than once an hour", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.abandon(t, "a")
		f.topics.setFail(func(context.Context, string) error { return errBroken })
		for _, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
			pause := time.Minute * time.Duration(minutes)
			if _, err := f.box.Sweep(t.Context(), 0); !errors.Is(err, errBroken) {
				t.Fatalf("before the pause of %v: %v", pause, err)
			}
			f.advance(pause - time.Microsecond)
			if _, err := f.box.Sweep(t.Context(), 0); err != nil {
				t.Fatalf("in the pause of %v: %v", pause, err)
			}
			f.advance(time.Microsecond)
		}
		f.topics.setFail(nil)
		if n, err := f.box.Sweep(t.Context(), 0); n != 1 || err != nil {
			t.Errorf("Sweep = %d, %v, want 1", n, err)
		}
	})
	t.Run("it ends with its context", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.abandon(t, "a")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.box.Sweep(ctx, 0); err == nil {
			t.Error("no error")
		}
		checkIDs(t, "outbox", f.owed(t), []string{"a"})
	})
	t.Run("it tries no more of them once its context has ended", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.abandon(t, "a", "b", "c")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		tried := 0
		f.topics.setFail(func(context.Context, string) error {
			tried++
			cancel()
			return errBroken
		})
		if _, err := f.box.Sweep(ctx, 0); !errors.Is(err, context.Canceled) || !errors.Is(err, errBroken) {
			t.Errorf("err = %v, want both the publisher's and the context's", err)
		}
		if tried != 1 {
			t.Errorf("%d events were tried, want 1", tried)
		}
	})
}

// Whatever fails and crashes in whatever order: in the end exactly the committed events were
// published, and the outbox is empty.
func TestEveryCommittedEventAndNoOtherIsPublished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		committed, published := map[string]bool{}, map[string]bool{}
		for step := range rapid.IntRange(1, 4).Draw(rt, "steps") {
			f.topics.setFail(failing(rapid.SliceOfN(rapid.SampledFrom([]string{"", "error", "panic"}), 4, 4).Draw(rt, "faults")))
			refused := rapid.Bool().Draw(rt, "fn fails")
			owe := []string{fmt.Sprintf("run-%d-%d-x", runs, step), fmt.Sprintf("run-%d-%d-y", runs, step)}
			err := survive(func() error {
				return f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
					for _, id := range owe {
						tx.Owe(scanFailed(t, id))
					}
					if refused {
						return errBroken
					}
					return nil
				})
			})
			if errors.Is(err, errBroken) != refused {
				rt.Fatalf("Run: %v", err)
			}
			if !refused {
				committed[owe[0]], committed[owe[1]] = true, true
			}
			if rapid.Bool().Draw(rt, "sweep") {
				_ = survive(func() error {
					_, err := f.box.Sweep(t.Context(), 0)
					return err
				})
			}
		}
		f.topics.setFail(nil)
		f.advance(longestPause)
		if _, err := f.box.Sweep(t.Context(), 0); err != nil {
			rt.Fatal(err)
		}
		for _, m := range f.topics.take() {
			published[m.Attributes[event.AttributeID]] = true
		}
		if diff := cmp.Diff(committed, published); diff != "" {
			rt.Fatalf("events (-committed +published):\n%s", diff)
		}
		if left := f.owed(t); len(left) != 0 {
			rt.Fatalf("left in the outbox: %q", left)
		}
	})
}

var errCrash = errors.New("crash")

// survive turns a panic into errCrash.
func survive(work func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errCrash
		}
	}()
	return work()
}

// failing lets the calls of a publisher fail in turn.
func failing(faults []string) func(context.Context, string) error {
	calls := 0
	return func(context.Context, string) error {
		fault := faults[calls%len(faults)]
		calls++
		switch fault {
		case "error":
			return errBroken
		case "panic":
			panic("crash")
		}
		return nil
	}
}
