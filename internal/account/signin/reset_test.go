package signin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// verified is the routes before the emulator with an owner whose address is verified. They answer
// as soon as they can.
func verified(t *testing.T) *door {
	t.Helper()
	d := newDoor(t)
	d.handler.AnswerResetsAfter(0)
	user := new(auth.UserToCreate).Email(d.owner).EmailVerified(true).Password("correct horse")
	if _, err := authClient(t).CreateUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	return d
}

// asked is how many mails the owner has once the request for one is accepted.
func (d *door) asked(t *testing.T, a attempt) int {
	t.Helper()
	if got := d.reset(t, a); got.Code != http.StatusAccepted || got.Body.Len() > 0 {
		t.Fatalf("status %d: %s", got.Code, got.Body)
	}
	return mails(t, "PASSWORD_RESET", d.owner)
}

// resetLimited fails the test unless the request is refused for so many seconds.
func (d *door) resetLimited(t *testing.T, a attempt, seconds int) {
	t.Helper()
	rec := d.reset(t, a)
	refused(t, rec, fault.CodeRateLimited)
	if got := rec.Header().Get("Retry-After"); got != strconv.Itoa(seconds) {
		t.Errorf("Retry-After = %s, want %d", got, seconds)
	}
}

// However many ask, after each request that is accepted there is a mail of the last five minutes.
// The answer does not show that a mailbox had its mail: that would show that it was asked for.
func TestPasswordReset_isNotSwallowed(t *testing.T) {
	t.Parallel()
	d := verified(t)
	var strangers sync.WaitGroup
	for i := range 20 {
		strangers.Go(func() {
			if rec := d.reset(t, attempt{from: network(i)}); rec.Code != http.StatusAccepted {
				t.Errorf("status %d: %s", rec.Code, rec.Body)
			}
		})
	}
	strangers.Wait()
	d.clock.advance(5*time.Minute - time.Nanosecond)
	if n := d.asked(t, attempt{from: "198.51.100.1"}); n != 1 {
		t.Errorf("%d mails in one slot", n)
	}
	for slot := 2; slot <= 4; slot++ {
		d.clock.advance(time.Nanosecond)
		if n := d.asked(t, attempt{from: "198.51.100." + strconv.Itoa(slot), mailbox: strings.ToUpper(d.owner)}); n != slot {
			t.Errorf("%d mails in %d slots", n, slot)
		}
		d.clock.advance(5*time.Minute - time.Nanosecond)
		if slot == 3 {
			d.clock.advance(20 * time.Minute) // another half hour
		}
	}
}

// A client that signed in before has mails of its own, and is then a stranger.
func TestPasswordReset_knownClient(t *testing.T) {
	t.Parallel()
	d := verified(t)
	token := d.entered(t, attempt{from: "203.0.113.1", password: "correct horse"})
	sent := d.asked(t, attempt{from: "198.51.100.1"})
	for range signin.ResetsOfKnown.Max {
		sent++
		if n := d.asked(t, attempt{from: "198.51.100.2", token: token}); n != sent {
			t.Errorf("%d mails, want %d", n, sent)
		}
	}
	if n := d.asked(t, attempt{from: "198.51.100.2", token: token}); n != sent {
		t.Errorf("%d mails, want no more than %d", n, sent)
	}
	if n := d.asked(t, attempt{from: "203.0.113.9", token: "another's"}); n != sent {
		t.Errorf("%d mails, want no more than %d", n, sent)
	}
}

// One network is told that it asks too often, and no other client is.
func TestPasswordReset_fromOneNetwork(t *testing.T) {
	t.Parallel()
	d := verified(t)
	token := d.entered(t, attempt{from: "203.0.113.1", password: "correct horse"})
	for i := range signin.ResetsFromNetwork.Max {
		if n := d.asked(t, attempt{from: "198.51.100." + strconv.Itoa(i)}); n != i+1 {
			t.Errorf("%d mails, want %d", n, i+1)
		}
		d.clock.advance(5 * time.Minute)
	}
	d.resetLimited(t, attempt{from: "198.51.100.9"}, 15*60)
	for name, a := range map[string]attempt{
		"a client of before":   {from: "198.51.100.9", token: token},
		"an app":               {from: "198.51.100.9", app: true},
		"another network":      {from: "198.51.101.9"},
		"of another mailbox's": {from: "198.51.100.9", mailbox: newEmail()},
	} {
		if got := d.reset(t, a); got.Code != http.StatusAccepted {
			t.Errorf("%s: status %d: %s", name, got.Code, got.Body)
		}
	}
	d.clock.advance(15 * time.Minute)
	before := mails(t, "PASSWORD_RESET", d.owner)
	if n := d.asked(t, attempt{from: "198.51.100.9"}); n != before+1 {
		t.Errorf("%d mails in the next half hour, want %d", n, before+1)
	}
}

// An address that has mails sent to many mailboxes keeps out no known client and no app.
func TestPasswordReset_toManyMailboxes(t *testing.T) {
	t.Parallel()
	d := verified(t)
	token := d.entered(t, attempt{from: "203.0.113.1", password: "correct horse"})
	var list sync.WaitGroup
	for range signin.ResetsOfClient.Max {
		list.Go(func() { d.reset(t, attempt{from: "198.51.100.1", mailbox: newEmail()}) })
	}
	list.Wait()
	d.resetLimited(t, attempt{from: "198.51.100.1"}, 3600)
	for i, a := range []attempt{
		{from: "198.51.100.1", app: true}, {from: "198.51.100.1", token: token},
	} {
		if n := d.asked(t, a); n != i+1 {
			t.Errorf("%d mails, want %d", n, i+1)
		}
	}
}

// What is read and written does not show who has an account.
func TestPasswordReset_costsTheSameForAll(t *testing.T) {
	t.Parallel()
	d := verified(t)
	for _, mailbox := range []string{d.owner, newEmail()} {
		for i, want := range []meter.Cost{
			{Documents: 2*2 + 2, Writes: 3}, // with a mail, if there is an owner
			{Documents: 2*2 + 1, Writes: 2}, // in the same slot
			{Documents: 2*2 + 1, Writes: 2},
			{Documents: 2}, // refused
		} {
			d.meter.Take()
			if d.reset(t, attempt{mailbox: mailbox}).Code == http.StatusAccepted == (i == 3) {
				t.Errorf("request %d was answered otherwise", i)
			}
			if diff := cmp.Diff(want, d.meter.Take()); diff != "" {
				t.Errorf("request %d (-want +got):\n%s", i, diff)
			}
		}
	}
}

// front hands requests on to the Auth emulator, but for mails while it refuses them.
type front struct {
	proxy   http.Handler
	refuses atomic.Bool
	// looked is called when a user is looked for.
	looked atomic.Value // of a func()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.refuses.Load() && strings.HasSuffix(r.URL.Path, ":sendOobCode") {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if looked, ok := f.looked.Load().(func()); ok && strings.HasSuffix(r.URL.Path, ":lookup") {
		looked()
	}
	f.proxy.ServeHTTP(w, r)
}

// before puts the front before the emulator. Not for parallel tests.
func (f *front) before(t *testing.T) {
	t.Helper()
	emulator := &url.URL{Scheme: "http", Host: os.Getenv("FIREBASE_AUTH_EMULATOR_HOST")}
	f.proxy = httputil.NewSingleHostReverseProxy(emulator)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", server.Listener.Addr().String())
}

// A mail that Firebase does not take leaves its slot to the next request.
func TestPasswordReset_mailFails(t *testing.T) {
	f := new(front)
	f.before(t)
	d := verified(t)
	f.refuses.Store(true)
	for range 2 * signin.ResetsFromNetwork.Max {
		if n := d.asked(t, attempt{from: "198.51.100.1"}); n != 0 {
			t.Errorf("%d mails", n)
		}
	}
	d.empty(t)
	f.refuses.Store(false)
	if n := d.asked(t, attempt{from: "198.51.100.1"}); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// A client that hangs up has its mail sent, or it would take the slot of the owner's.
func TestPasswordReset_hangUp(t *testing.T) {
	f := new(front)
	f.before(t)
	d := verified(t)
	ctx, hangUp := context.WithCancel(t.Context())
	f.looked.Store((func())(hangUp))
	d.reset(t, attempt{from: "203.0.113.1", ctx: ctx})
	if n := mails(t, "PASSWORD_RESET", d.owner); n != 1 {
		t.Errorf("%d mails", n)
	}
}
