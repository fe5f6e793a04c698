package erasure_test

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/scripts/migrate/fixture"
)

// backup returns a copy of the database.
func (w *world) backup(t *testing.T) []byte {
	t.Helper()
	all, err := w.Firestore.Collections(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.ID
	}
	copied, err := fixture.Dump(t.Context(), w.Project, names...)
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// restore puts the copy in the place of the database. Buckets, queues and Firebase stay as they
// are.
func (w *world) restore(t *testing.T, copied []byte) {
	t.Helper()
	at := "http://" + os.Getenv("FIRESTORE_EMULATOR_HOST") + "/emulator/v1/projects/" + w.Project +
		"/databases/(default)/documents"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Fatalf("empty the database: %s", resp.Status)
	}
	if err := fixture.Load(t.Context(), w.Project, copied); err != nil {
		t.Fatal(err)
	}
}

// replayBy replays with the rings.
func (w *world) replayBy(t *testing.T, receipts, erased keys.Ring) (done []erasure.Redone) {
	t.Helper()
	r := w.replayer(t)
	r.Key, r.ErasedKey = receipts, erased
	r.Tell = func(one erasure.Redone) { done = append(done, one) }
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return done
}

// replayer replays as its command does: the events are left in the outbox.
func (w *world) replayer(t *testing.T) erasure.Replay {
	t.Helper()
	tombstones, err := tombstone.Read(t.Context(), w.Tombstones)
	if err != nil {
		t.Fatal(err)
	}
	box := outbox.New(w.Firestore, unheard{}, testkit.Writer("test"), w.Clock)
	return erasure.Replay{
		Firestore: w.Firestore, Accounts: account.New(w.Firestore, box, w.Acts, w.Clock), Acts: w.Acts, Outbox: box,
		Tombstones: tombstones,
		Key:        testkit.Ring(keys.ForReceipts), ErasedKey: testkit.Ring(keys.ForErased), Wait: wait, Now: w.Clock,
	}
}

// replay replays with the functions' rings.
func (w *world) replay(t *testing.T, dry bool) (done []erasure.Redone) {
	t.Helper()
	r := w.replayer(t)
	r.Dry, r.Tell = dry, func(one erasure.Redone) { done = append(done, one) }
	sum, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counted := map[erasure.Deed]int{}
	for _, d := range done {
		counted[d.Did]++
		if d.Pseudonym != erasure.Pseudonym(testkit.Ring(keys.ForErased), ada) {
			t.Errorf("somebody else was meant: %+v", d)
		}
	}
	if rest := sum.Users - len(done); rest > 0 {
		counted[erasure.NoDeed] = rest
	}
	if !maps.Equal(counted, sum.Deeds) {
		t.Errorf("counted %v of %d users, told %v", sum.Deeds, sum.Users, counted)
	}
	return done
}

// deeds replays dry, which must write nothing, and for real. It returns what was done.
func (w *world) deeds(t *testing.T) (all []erasure.Deed) {
	t.Helper()
	before := w.backup(t)
	planned := w.replay(t, true)
	if diff := cmp.Diff(string(before), string(w.backup(t))); diff != "" {
		t.Errorf("the dry run writes (-before +after):\n%s", diff)
	}
	done := w.replay(t, false)
	if diff := cmp.Diff(planned, done); diff != "" {
		t.Errorf("deeds (-dry run +run):\n%s", diff)
	}
	for _, d := range done {
		all = append(all, d.Did)
	}
	return all
}

// wantDeeds replays and has everything happen that follows.
func (w *world) wantDeeds(t *testing.T, want ...erasure.Deed) {
	t.Helper()
	if got := w.deeds(t); !slices.Equal(got, want) {
		t.Errorf("replayed %q, want %q", got, want)
	}
	w.publish(t)
	w.erase(t)
	w.finish(t)
}

// publish publishes what is left in the outbox, as the sweep does.
func (w *world) publish(t *testing.T) {
	t.Helper()
	w.Advance(outbox.SweepAge)
	if _, err := w.Outbox.SweepAbandoned(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// tombstones are the names of the objects, without the pseudonym and the time.
func (w *world) tombstones(t *testing.T) (all []string) {
	t.Helper()
	for o, err := range bucket.List(t.Context(), w.Tombstones, "") {
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(o.Name, "-")
		all = append(all, strings.TrimPrefix(parts[0], erasure.Pseudonym(testkit.Ring(keys.ForErased), ada)+"/")+" "+parts[2])
	}
	return all
}

func TestReplay_erasesWhomARestoreBroughtBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.seed(t, bob)
	w.publish(t)
	bobs := w.Mentions(bob)
	copied := w.backup(t)
	w.Advance(time.Minute)
	receipt := w.request(t, ada)
	w.erase(t)
	if diff := cmp.Diff([]string{"account begun.json"}, w.tombstones(t)); diff != "" {
		t.Errorf("tombstones at the beginning (-want +got):\n%s", diff)
	}
	w.finish(t)
	if diff := cmp.Diff([]string{"account begun.json", "account done.json"}, w.tombstones(t)); diff != "" {
		t.Errorf("tombstones at the end (-want +got):\n%s", diff)
	}
	if left := w.Mentions(ada); len(left) > 0 {
		t.Fatalf("left: %q", left)
	}

	w.restore(t, copied)
	if collectionsOf(w.Mentions(ada))["scans"] == 0 || w.User(ada).State != account.Active {
		t.Fatal("the restore brings nothing back, so this shows nothing")
	}
	w.wantDeeds(t, erasure.EraseAgain)
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if diff := cmp.Diff(bobs, w.Mentions(bob)); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
	status, answer, _ := w.call(t, http.MethodGet, receipt, "")
	if status != http.StatusOK || answer["state"] != "erased" {
		t.Errorf("the receipt's URL, which the user has: %d %v", status, answer)
	}
	w.wantDeeds(t) // again
}

// The database may be lost while an erasure runs, and then comes back from before or from amidst.
func TestReplay_goesOnWithAnErasure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	before := w.backup(t)
	w.Advance(time.Minute)
	w.request(t, ada)
	w.erase(t)
	amidst := w.backup(t)
	for name, tt := range map[string]struct {
		copied []byte
		want   []erasure.Deed
	}{
		"from before": {before, []erasure.Deed{erasure.EraseAgain}},
		"from amidst": {amidst, nil},
	} {
		w.restore(t, tt.copied)
		w.wantDeeds(t, tt.want...)
		if left := w.Mentions(ada); len(left) > 0 {
			t.Errorf("%s, left: %q", name, left)
		}
	}
	if _, err := w.Users.GetUser(t.Context(), ada); !auth.IsUserNotFound(err) {
		t.Errorf("the Firebase user is there: %v", err)
	}
}

// An app with its own sign-in may give an id again.
func TestReplay_leavesAnAccountMadeSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "token")
	w.Advance(time.Minute)
	w.request(t, ada)
	w.erase(t)
	w.finish(t)
	w.Advance(time.Minute)
	w.MoveIn(ada, byBoth, "token-of-ada")
	w.restore(t, w.backup(t))
	w.wantDeeds(t)
	if w.User(ada).State != account.Active {
		t.Error("it was erased")
	}
}

// measured are how many documents there are of the user that a withdrawal removes, but for those of
// a move-in.
func (w *world) measured(uid string) int {
	n := 0
	for _, path := range w.Mentions(uid) {
		c, ok := schema.Find(ofCollection(path))
		if ok && c.Removed == schema.WithConsent && c.Name != "inbox" && c.Name != "deliveries" {
			n++
		}
	}
	return n
}

func TestReplay_withdrawsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.MoveIn(ada, byBoth, "token-of-ada")
	w.MoveIn(bob, byBoth, "token-of-bob")
	w.measure(t, ada)
	w.Scan(bob, usertest.Photo(t, 0, "bob"))
	w.publish(t)
	bobs := w.Mentions(bob)
	copied := w.backup(t)
	w.Advance(time.Minute)
	w.Withdraw(ada)
	w.Advance(time.Minute)
	w.Grant(ada) // before anything has followed
	w.erase(t)
	w.finish(t)
	if diff := cmp.Diff([]string{"consent begun.json", "consent done.json"}, w.tombstones(t)); diff != "" {
		t.Errorf("tombstones (-want +got):\n%s", diff)
	}

	w.restore(t, copied)
	if w.measured(ada) == 0 || !w.User(ada).Consent.Granted {
		t.Fatal("the restore brings nothing back, so this shows nothing")
	}
	w.wantDeeds(t, erasure.WithdrawAgain)
	if left := w.measured(ada); left > 0 || w.User(ada).Consent.Granted {
		t.Errorf("%d documents are left: %q", left, w.Mentions(ada))
	}
	if diff := cmp.Diff(bobs, w.Mentions(bob)); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}

	// A consent of after the restore has an epoch that a withdrawn one had.
	w.Advance(time.Minute)
	w.Grant(ada)
	w.measure(t, ada)
	w.publish(t)
	made := w.measured(ada)
	w.wantDeeds(t, erasure.RemoveAgain)
	if got := w.measured(ada); got != made || made == 0 || !w.User(ada).Consent.Granted {
		t.Errorf("%d documents of the new consent are left of %d", got, made)
	}
}

// The copy has the withdrawal and the consent after it, but the saga of the withdrawal had not
// begun, and its event is lost.
func TestReplay_removesWhatAWithdrawalLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.MoveIn(ada, byBoth, "token-of-ada")
	w.measure(t, ada)
	w.Advance(time.Minute)
	first := w.scansOf(t, ada)
	w.Withdraw(ada)
	w.Advance(time.Minute)
	w.Grant(ada)
	w.measure(t, ada)
	w.publish(t)
	copied := w.backup(t)
	w.erase(t)
	w.finish(t)
	want := w.Mentions(ada)

	w.restore(t, copied)
	if got := w.scansOf(t, ada); len(got) <= len(first) {
		t.Fatal("the restore brings nothing back, so this shows nothing")
	}
	w.wantDeeds(t, erasure.RemoveAgain)
	if diff := cmp.Diff(want, w.Mentions(ada)); diff != "" {
		t.Errorf("left (-without the restore +with it):\n%s", diff)
	}
	if !w.User(ada).Consent.Granted {
		t.Error("the consent given since was withdrawn")
	}
}

// No document is removed and no saga ends whose tombstone could not be kept.
func TestErase_needsItsTombstone(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*world){
		"of an erasure":   func(w *world) { w.request(t, ada) },
		"of a withdrawal": func(w *world) { w.Withdraw(ada) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.MoveIn(ada, byBoth, "token-of-ada")
			w.measure(t, ada)
			w.Deliver("notify", "rank")
			begin(w)
			kept := w.eraser.Tombstones
			absent := func() *storage.BucketHandle { return w.StorageClient(nil).Bucket("absent") }
			had := w.measured(ada)
			w.eraser.Tombstones = absent()
			if err := w.TryDeliver("erase"); err == nil || w.measured(ada) != had || had == 0 {
				t.Errorf("at the beginning: %v, %d documents are left of %d", err, w.measured(ada), had)
			}
			w.eraser.Tombstones = kept
			w.Advance(5 * time.Minute)
			w.drive(t)
			if left := w.measured(ada); left > 0 {
				t.Errorf("%d documents are left: %q", left, w.Mentions(ada))
			}
			w.eraser.Tombstones = absent()
			w.Advance(wait)
			if _, err := w.sweeper.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.TryDeliver("erase"); err == nil || collectionsOf(w.Mentions(ada))["erasures"] != 1 {
				t.Errorf("at the end: %v, left %q", err, w.Mentions(ada))
			}
			if _, err := w.Users.GetUser(t.Context(), ada); err != nil {
				t.Error(err)
			}
			w.eraser.Tombstones = kept
			w.finish(t)
			if collectionsOf(w.Mentions(ada))["erasures"] != 0 {
				t.Errorf("left: %q", w.Mentions(ada))
			}
		})
	}
}
