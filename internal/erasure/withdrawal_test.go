package erasure_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/scripts/migrate/fixture"
)

// What package schema says of a withdrawal is so for the documents that the product writes.
func TestWithdrawal_leavesWhatWasNotMadeUnderTheConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.MoveIn(ada, byBoth, "token-of-ada")
	w.Deliver("notify", "rank")
	before := w.Mentions(ada)
	w.measure(t, ada)
	made := w.Mentions(ada)

	w.Withdraw(ada)
	w.Deliver("erase", "notify", "rank")
	for _, path := range w.Mentions(ada) {
		collection := ofCollection(path)
		if c, ok := schema.Find(collection); ok && c.Removed != schema.WithConsent {
			continue
		}
		if collection == "" || !slices.Contains(before, path) {
			t.Errorf("left at once: %s", path)
		}
	}
	w.finish(t)

	left := w.Mentions(ada)
	had, has := collectionsOf(made), collectionsOf(left)
	for _, c := range schema.Collections {
		want := had[c.Name]
		switch {
		case c.Removed == schema.WithConsent:
			want = collectionsOf(before)[c.Name]
		case c.Name == "consents":
			want++ // the withdrawal's
		}
		if has[c.Name] != want {
			t.Errorf("collection %q: %d documents are left of %d, want %d", c.Name, has[c.Name], had[c.Name], want)
		}
		if c.Removed == schema.WithConsent && had[c.Name] == collectionsOf(before)[c.Name] {
			t.Errorf("collection %q: nothing was made under the consent there, so this shows nothing", c.Name)
		}
	}
	if slices.ContainsFunc(left, func(path string) bool { return strings.HasPrefix(path, "gs://") }) {
		t.Errorf("objects are left: %q", left)
	}
}

// The saga of one consent does not touch what is made under the next, not even where both are in
// one document.
func TestWithdrawal_takesItsEpochsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, bob)
	bobs := w.Mentions(bob)
	w.MoveIn(ada, byBoth, "token-of-ada")
	w.Deliver("notify", "rank")
	welcome := w.Mentions(ada)
	w.measure(t, ada)
	first := w.Mentions(ada)
	scans := w.scansOf(t, ada)

	w.regrant(t, ada)
	both := w.Mentions(ada)
	w.erase(t)
	w.finish(t)

	// One document holds what is made under whichever consent is in force.
	shared := []string{"ratings", "guard", "entries", "limits", "pace"}
	want := slices.DeleteFunc(slices.Clone(both), func(path string) bool {
		return slices.Contains(first, path) && !slices.Contains(welcome, path) && !slices.Contains(shared, ofCollection(path))
	})
	if diff := cmp.Diff(want, w.Mentions(ada)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if len(want) > len(both)-20 {
		t.Errorf("the test expects too little to go: %q of %q", want, both)
	}
	for _, id := range scans {
		if left := w.Mentions(id); len(left) > 0 {
			t.Errorf("scan %s of the withdrawn consent is still in %q", id, left)
		}
	}
	if again := w.scansOf(t, ada); len(again) != 4 {
		t.Errorf("scans of the new consent: %q", again)
	}
	if diff := cmp.Diff(bobs, w.Mentions(bob)); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
}

// scansOf are the ids of the user's scans.
func (w *world) scansOf(t *testing.T, uid string) (ids []string) {
	t.Helper()
	snaps, err := w.Firestore.Collection("scans").Where("uid", "==", uid).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range snaps {
		ids = append(ids, snap.Ref.ID)
	}
	return ids
}

// The guard must not know a face from an earlier consent, be the withdrawal's saga over or not even
// begun. Here the engine is the real one, and both photos show the same.
func TestWithdrawal_theNextConsentStartsWithNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		// between are what comes about between the two consents, and after the second scan.
		between, after func(*testing.T, *world)
	}{
		"after the saga":  {endSaga, nothingElse},
		"before the saga": {nothingElse, endSaga},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, usertest.Options{Engine: face.Scan})
			w.MoveIn(ada, byBoth, "token-of-ada")
			first := w.Scan(ada, usertest.Photo(t, 0, "first"))
			if known := w.remembered(t); !slices.Equal(known, []string{string(first)}) {
				t.Fatalf("the guard remembers %q, want %q", known, first)
			}
			w.Withdraw(ada)
			tt.between(t, w)
			w.Grant(ada)
			second := w.Scan(ada, usertest.Photo(t, 0, "second"))
			tt.after(t, w)

			type judged struct {
				Result struct {
					Rankable bool
					Guard    []cheat.Reason
				}
			}
			got := usertest.Decode[judged](w.World, w.Do(ada, "GET", "/v1/scans/"+string(second), ""))
			if !got.Result.Rankable || len(got.Result.Guard) > 0 {
				t.Errorf("the first scan of the new consent is judged %+v", got.Result)
			}
			if known := w.remembered(t); !slices.Equal(known, []string{string(second)}) {
				t.Errorf("the guard remembers %q, want %q", known, second)
			}
			if left := w.Mentions(string(first)); len(left) > 0 {
				t.Errorf("left of the first scan: %q", left)
			}
		})
	}
}

// endSaga has the withdrawal's saga go to its end.
func endSaga(t *testing.T, w *world) {
	t.Helper()
	w.erase(t)
	w.finish(t)
}

func nothingElse(*testing.T, *world) {}

// remembered are the scans that ada's guard knows.
func (w *world) remembered(t *testing.T) (ids []string) {
	t.Helper()
	s, err := cheat.Get(t.Context(), w.Firestore, account.UID(ada))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range s.Entries {
		ids = append(ids, e.ScanID)
	}
	return ids
}

// What the version before wrote says less of its consents, and goes all the same, migrated or not.
func TestWithdrawal_ofWhatAnEarlierVersionWrote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, err := os.ReadFile("../../scripts/migrate/testdata/consent.json")
	if err == nil {
		err = fixture.Load(t.Context(), w.Project, before)
	}
	if err != nil {
		t.Fatal(err)
	}
	const uid = "ada"
	had := collectionsOf(w.Mentions(uid))
	if had["guard"] != 1 || had["scans"] != 2 || had["inbox"] != 3 || had["deliveries"] != 6 {
		t.Fatalf("the fixture has %v", had)
	}
	w.Withdraw(uid)
	w.Deliver("erase", "notify", "rank")
	w.finish(t)
	want := map[string]int{"users": 1, "consents": 2, "inbox": 1, "deliveries": 2}
	if diff := cmp.Diff(want, collectionsOf(w.Mentions(uid))); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}
