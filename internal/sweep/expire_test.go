package sweep_test

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/admin"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/erase"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/moderation"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/sweep"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

var quiet outbox.Publisher = publisherFunc(func(string) error { return nil })

// live has a user live, so that there is something in every collection of schema.Expiring but
// erased.
func (f *fixture) live(t *testing.T) {
	t.Helper()
	f.MoveIn("ada", account.Notifications{Push: true, Email: true}, "token")
	f.Do("ada", http.MethodPut, "/v1/me/username", `{"username":"lovelace"}`) // reserves the one before
	f.Scan("ada", usertest.Photo(t, 0, ""))
	f.Rank("ada", usertest.Ranked)
	today := leaderboard.Day(f.Clock())
	board := leaderboard.Board{Division: leaderboard.Overall, Period: today, Major: report.MajorVersion()}
	f.Do("ada", http.MethodGet, "/v1/leaderboards/"+board.ID()+"/top", "") // makes a snapshot
	m := f.Published()[0].Message
	if err := parked.Keep(t.Context(), f.Firestore, "test", m, event.ErrMalformed, f.Clock()); err != nil {
		t.Fatal(err)
	}
}

// staff is an administrator, whatever the token.
type staff struct{}

func (staff) VerifyIDToken(context.Context, string) (*httpapi.Token, error) {
	return &httpapi.Token{
		UID: "boss", Claims: map[string]any{"role": string(httpapi.RoleAdmin), "email_verified": true},
	}, nil
}

func (s staff) VerifyIDTokenAndCheckRevoked(ctx context.Context, raw string) (*httpapi.Token, error) {
	return s.VerifyIDToken(ctx, raw)
}

// report has a name reported, and the queue looked at, which is kept in audit.
func (f *fixture) report(t *testing.T) {
	t.Helper()
	limits := quota.New(f.Firestore, testkit.Ring(keys.ForLimits), f.Clock)
	(&moderation.Handler{Firestore: f.Firestore, Limits: limits, Now: f.Clock}).Routes(f.API)
	f.Register("eve", "token-of-eve")
	f.Do("eve", http.MethodPut, "/v1/me/username", `{"username":"eavesdropper"}`)
	f.Do("ada", http.MethodPost, "/v1/leaderboards/reports", `{"username":"eavesdropper","reason":"insulting"}`)
	api := httpapi.New(httpapi.Options{Verifier: staff{}})
	accounts := account.New(f.Firestore, f.Outbox, f.Acts, f.Clock)
	(&admin.Handler{
		Firestore: f.Firestore, Accounts: accounts, Logs: testkit.Ring(keys.ForLogs), Acts: f.Acts, Now: f.Clock,
	}).Routes(api)
	f.API, api = api, f.API
	f.Do("boss", http.MethodGet, "/v1/admin/reports", "")
	f.API = api
}

// leave has a user leave, whose receipt is kept in erased.
func (f *fixture) leave(t *testing.T) {
	t.Helper()
	signer, err := receipt.NewSigner(fmt.Sprintf("%043d=", 0))
	if err != nil {
		t.Fatal(err)
	}
	requests, err := erasure.NewHandler(f.Firestore, f.Outbox, erasure.Options{
		Keys: []string{signer.Public()}, PublicURL: "https://api.test", Key: testkit.Ring(keys.ForReceipts),
		Wait: "0s", Acts: f.Acts, Now: f.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	requests.Routes(f.API)
	f.Handlers["erase"] = (&erase.Consumer{
		Firestore: f.Firestore, Uploads: f.Uploads, Results: f.Results, Tombstones: f.Tombstones, Auth: f.Users,
		Mailer: f.Mailer, Signer: signer, PublicURL: "https://api.test", Key: testkit.Ring(keys.ForReceipts),
		ErasedKey: testkit.Ring(keys.ForErased), Acts: f.Acts, Now: f.Clock,
	}).Handle
	f.Register("bob", "token-of-bob")
	f.Do("bob", http.MethodDelete, "/v1/me", "")
	f.Deliver("erase")
}

// expiring are the documents that carry expireAt, by their path, but for the sweep's own, which
// each sweep renews.
func (f *fixture) expiring(t *testing.T) map[string]time.Time {
	t.Helper()
	all := map[string]time.Time{}
	for _, collection := range schema.Names() {
		snaps, err := f.Firestore.CollectionGroup(collection).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, snap := range snaps {
			at, has := snap.Data()["expireAt"].(time.Time)
			if has && snap.Ref.Path != f.lease().Path {
				all[snap.Ref.Path] = at
			}
		}
	}
	return all
}

// Each document goes in the sweep at its time, and not in one before.
func TestSweep_deletesWhatHasExpired(t *testing.T) {
	t.Parallel()
	f := newFixture(t, quiet)
	f.live(t)
	f.report(t)
	f.leave(t)
	due := f.expiring(t)
	for _, collection := range schema.Expiring() {
		if !slices.ContainsFunc(pathsOf(due), func(p string) bool { return path.Base(path.Dir(p)) == collection }) {
			t.Errorf("nothing in %q expires, so this shows nothing", collection)
		}
	}
	var times []time.Time
	for _, at := range due {
		times = append(times, at)
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range slices.CompactFunc(times, time.Time.Equal) {
		for _, before := range []time.Duration{time.Microsecond, 0} {
			f.Advance(at.Sub(f.Clock()) - before)
			if err := f.sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			left := f.expiring(t)
			for p, expires := range due {
				if _, there := left[p]; there != expires.After(f.Clock()) {
					t.Errorf("%s expires %v, and is there at %v: %v", p, expires, f.Clock(), there)
				}
			}
		}
	}
	for _, p := range []string{"users/ada", "usernames/" + f.User("ada").Folded} {
		if _, err := f.Firestore.Doc(p).Get(t.Context()); err != nil {
			t.Errorf("what does not expire: %s: %v", p, err)
		}
	}
}

func pathsOf(due map[string]time.Time) (paths []string) {
	for p := range due {
		paths = append(paths, p)
	}
	return paths
}

func TestSweep_deletesSoManyAtATime(t *testing.T) {
	t.Parallel()
	const atATime, more = 1000, 7
	f := newFixture(t, quiet)
	f.live(t)
	f.Advance(100 * 24 * time.Hour) // longer than anything of it but the device is kept
	events, err := f.Firestore.Collection("parked").Documents(t.Context()).GetAll()
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events are parked, %v", len(events), err)
	}
	document, writer := events[0].Data(), f.Firestore.BulkWriter(t.Context())
	for i := range atATime + more - 1 {
		document["expireAt"] = f.Clock().Add(-time.Duration(i) * time.Second)
		if _, err := writer.Set(f.Firestore.Collection("parked").NewDoc(), document); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
	for _, want := range []int{more, 0} {
		if err := f.sweep.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := f.Firestore.Collection("parked").Documents(t.Context()).GetAll()
		if err != nil || len(left) != want {
			t.Errorf("%d are left, %v, want %d", len(left), err, want)
		}
		items, err := f.Firestore.CollectionGroup("inbox").Documents(t.Context()).GetAll()
		if err != nil || len(items) > 0 {
			t.Errorf("one collection kept the sweep from another: %d items, %v", len(items), err)
		}
		f.Advance(catalog.SweepEvery)
	}
}

// A sweep that is killed between two of its steps is gone on with by the next one once its lease is
// over, and what it did before is not done twice.
func TestSweep_killedBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	for after := range len(newFixture(t, quiet).sweep.Steps) + 1 {
		t.Run(fmt.Sprintf("after %d", after), func(t *testing.T) {
			t.Parallel()
			published := 0
			f := newFixture(t, publisherFunc(func(string) error {
				published++
				return nil
			}))
			f.live(t)
			f.Advance(schema.DeviceLife + schema.AuditLife) // all that expires is due
			f.abandon(t, time.Hour)
			due := len(f.expiring(t))
			dying := f.sweepOf(t, publisherFunc(func(string) error {
				published++
				return nil
			}))
			dying.Steps = slices.Insert(dying.Steps, after, sweep.Step{
				Name: "dies", Run: func(context.Context) (int, error) { panic("killed") },
			})
			func() {
				defer func() { _ = recover() }()
				_ = dying.Sweep(t.Context())
			}()
			f.Advance(work.LeaseTime)
			if err := f.sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := len(f.expiring(t)); due == 0 || left > 0 {
				t.Errorf("of %d expired documents %d are left", due, left)
			}
			if f.owed(t) != 0 || published != 1 {
				t.Errorf("%d events are owed, %d were published", f.owed(t), published)
			}
		})
	}
}
