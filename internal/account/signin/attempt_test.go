package signin_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/testkit"
)

// limited fails the test unless the attempt is refused for so many seconds.
func (d *door) limited(t *testing.T, a attempt, seconds int) {
	t.Helper()
	rec := d.login(t, a)
	refused(t, rec, fault.CodeRateLimited)
	if got := rec.Header().Get("Retry-After"); got != strconv.Itoa(seconds) {
		t.Errorf("Retry-After = %s, want %d", got, seconds)
	}
}

// wrong makes n wrong guesses that are not refused.
func (d *door) wrong(t *testing.T, n int, a attempt) {
	t.Helper()
	for i := range n {
		a.password = "guess " + strconv.Itoa(i)
		refused(t, d.login(t, a), fault.CodeInvalidCredentials)
	}
}

// Not parallel, like all tests that put something in Identity Toolkit's place: the environment says
// where it is.
func TestLogIn_countsFailuresOnly(t *testing.T) {
	d := newToolkit(t, "ada@example.com").door(t)
	for range 3 * signin.LoginsFromNetwork.Max {
		d.entered(t, attempt{from: "198.51.100.1", password: "correct horse"})
	}
	d.empty(t)
	d.wrong(t, signin.LoginsFromNetwork.Max-1, attempt{from: "198.51.100.1"})
	for range 3 {
		d.entered(t, attempt{from: "198.51.100.1", password: "correct horse"})
	}
	d.wrong(t, 1, attempt{from: "198.51.100.1"})
	d.limited(t, attempt{from: "198.51.100.1", password: "correct horse"}, 3600)
}

func TestLogIn_strangers(t *testing.T) {
	for name, tt := range map[string]struct {
		// wrong guesses come first.
		wrong []attempt
		// try is made then, and refused for so many seconds, or not if that is 0.
		try     attempt
		seconds int
	}{
		"one network cannot use up the mailbox": {
			wrong: repeat(10, attempt{from: "198.51.100.1"}), try: attempt{from: "198.51.99.1"},
		},
		"a network is one client": {
			wrong: repeat(10, attempt{from: "198.51.100.1"}), try: attempt{from: "198.51.100.254"}, seconds: 3600,
		},
		"and an IPv6 network is a site's": {
			wrong: repeat(10, attempt{from: "2001:db8:1:1::1"}), try: attempt{from: "2001:db8:1:ffff::1"}, seconds: 3600,
		},
		"but not its neighbour's": {
			wrong: repeat(10, attempt{from: "2001:db8:1:1::1"}), try: attempt{from: "2001:db8:2::1"},
		},
		"many networks have a quarter of an hour's together": {
			wrong: scattered(12, attempt{}), try: attempt{from: "198.51.100.1"}, seconds: 900,
		},
		"in whatever case the mailbox is written": {
			wrong: scattered(12, attempt{mailbox: "Ada@Example.COM"}), try: attempt{from: "198.51.100.1"}, seconds: 900,
		},
		"which an app is not refused for": {
			wrong: scattered(12, attempt{}), try: attempt{from: "198.51.100.1", app: true},
		},
		"even in the network of the guesses": {
			wrong: repeat(10, attempt{from: "198.51.100.1"}), try: attempt{from: "198.51.100.1", app: true},
		},
		"apps have a share of their own": {
			wrong: scattered(8, attempt{app: true}), try: attempt{from: "198.51.100.1"},
		},
		"beside that of all": {
			wrong: scattered(8+12, attempt{app: true}), try: attempt{from: "198.51.100.1", app: true}, seconds: 900,
		},
		"a list of mailboxes": {
			wrong: elsewhere(60, attempt{from: "198.51.100.1"}), try: attempt{from: "198.51.100.1"}, seconds: 900,
		},
		"of which the neighbours know nothing": {
			wrong: elsewhere(60, attempt{from: "198.51.100.1"}), try: attempt{from: "198.51.100.2"},
		},
		"nor an app behind the same address": {
			wrong: elsewhere(60, attempt{from: "198.51.100.1"}), try: attempt{from: "198.51.100.1", app: true},
		},
		"the sooner of two waits": { // of the network for an hour, of all apps for a quarter
			wrong: append(repeat(10, attempt{from: "198.51.100.1"}), scattered(8, attempt{app: true})...),
			try:   attempt{from: "198.51.100.1", app: true}, seconds: 900,
		},
	} {
		t.Run(name, func(t *testing.T) {
			it := newToolkit(t, "ada@example.com")
			d := it.door(t)
			for _, a := range tt.wrong {
				d.wrong(t, 1, a)
			}
			known := tt.try
			tt.try.password = "correct horse"
			if tt.seconds == 0 {
				d.entered(t, tt.try)
				return
			}
			d.limited(t, tt.try, tt.seconds)
			if it.reached() != len(tt.wrong) {
				t.Errorf("%d guesses reached Identity Toolkit, want %d", it.reached(), len(tt.wrong))
			}
			known.password, known.token = "correct horse", d.tokenOf(t, "ada@example.com")
			d.entered(t, known)
		})
	}
}

// repeat is the attempt n times.
func repeat(n int, a attempt) []attempt {
	all := make([]attempt, n)
	for i := range all {
		all[i] = a
	}
	return all
}

// scattered is the attempt from n networks.
func scattered(n int, a attempt) []attempt {
	all := repeat(n, a)
	for i := range all {
		all[i].from = network(i)
	}
	return all
}

// elsewhere is the attempt at n other mailboxes.
func elsewhere(n int, a attempt) []attempt {
	all := repeat(n, a)
	for i := range all {
		all[i].mailbox = "user" + strconv.Itoa(i) + "@example.com"
	}
	return all
}

// tokenOf is a client's token as a login to the mailbox an hour ago would have answered.
func (d *door) tokenOf(t *testing.T, mailbox string) string {
	t.Helper()
	return sealed(t, clients, keys.Client, mailbox, d.clock.now().Add(-time.Hour))
}

func sealed(t *testing.T, by keys.Ring, p keys.Purpose, mailbox string, at time.Time) string {
	t.Helper()
	token, err := by.Seal(p, "CLIENT "+strconv.FormatInt(at.Unix(), 10), mailbox)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A client that signed in before has failures of its own, and is then a stranger.
func TestLogIn_knownClient(t *testing.T) {
	d := newToolkit(t, "ada@example.com").door(t)
	first := d.signedIn(t)
	second := d.signedIn(t)
	for i := range signin.LoginsToMailbox.Max {
		d.wrong(t, 1, attempt{from: network(i)})
	}
	d.limited(t, attempt{from: "198.51.100.1", password: "correct horse"}, 900)
	d.wrong(t, signin.LoginsOfKnown.Max-1, attempt{from: "198.51.100.1", token: first})
	renewed := d.entered(t, attempt{from: "198.51.100.2", password: "correct horse", token: first})
	d.wrong(t, 1, attempt{from: "198.51.99.1", token: renewed}) // a renewed token is the same client's
	d.limited(t, attempt{from: "198.51.100.1", password: "correct horse", token: first}, 900)
	d.entered(t, attempt{from: "198.51.100.1", password: "correct horse", token: second})

	d.clock.advance(15 * time.Minute)
	fresh := d.entered(t, attempt{from: "198.51.100.1", password: "correct horse", token: first})
	for i := range signin.LoginsToMailbox.Max {
		d.wrong(t, 1, attempt{from: network(i)})
	}
	d.entered(t, attempt{from: "198.51.100.1", password: "correct horse", token: fresh})
	d.limited(t, attempt{from: "198.51.100.1", password: "correct horse", token: first}, 900)
}

// Many clients of one mailbox are not many budgets for a person who once knew the password.
func TestLogIn_manyKnownClients(t *testing.T) {
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	for range 2 * signin.LoginsOfAllKnown.Max / signin.LoginsOfKnown.Max {
		token := d.signedIn(t)
		for i := range signin.LoginsOfKnown.Max {
			d.login(t, attempt{from: "203.0.113.1", password: "guess " + strconv.Itoa(i), token: token})
		}
		d.clock.advance(time.Second)
		if it.reached() >= signin.LoginsOfAllKnown.Max {
			break
		}
	}
	if n := it.reached(); n != signin.LoginsOfAllKnown.Max {
		t.Fatalf("%d guesses, want %d", n, signin.LoginsOfAllKnown.Max)
	}
	for i := range 3 * signin.LoginsToMailbox.Max {
		d.login(t, attempt{from: network(i), password: "guess", token: d.tokenOf(t, "ada@example.com")})
	}
	if n := it.reached(); n != signin.LoginsOfAllKnown.Max+signin.LoginsToMailbox.Max {
		t.Errorf("%d guesses", n)
	}
}

// A token that is not valid is none: it is neither refused nor worth anything.
func TestLogIn_clientToken(t *testing.T) {
	d := newToolkit(t, "ada@example.com").door(t)
	const life = 180 * 24 * time.Hour
	given := d.signedIn(t)
	cursors := keys.NewRing(keys.ForCursors, testkit.Secret(keys.ForClients))
	at := func(ago time.Duration) string {
		return sealed(t, clients, keys.Client, "ada@example.com", noon.Add(-ago))
	}
	by := func(secret string) string {
		ring := keys.NewRing(keys.ForClients, []byte(secret))
		return sealed(t, ring, keys.Client, "ada@example.com", noon)
	}
	plain := func(text string) string {
		token, err := clients.Seal(keys.Client, text, "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for i := range signin.LoginsToMailbox.Max {
		d.wrong(t, 1, attempt{from: network(i)})
	}
	for name, tt := range map[string]struct {
		token string
		known bool
	}{
		"given":                             {given, true},
		"of the last second":                {at(life - time.Second), true},
		"too old":                           {at(life), false},
		"much too old":                      {at(10 * life), false},
		"of a process whose clock is ahead": {at(-10 * time.Minute), true},
		"of another mailbox":                {sealed(t, clients, keys.Client, "bob@example.com", noon), false},
		"by the secret of before":           {by(earlier), true},
		"by another secret":                 {by("another"), false},
		"of another purpose, by its secret": {
			sealed(t, testkit.Ring(keys.ForCursors), keys.Cursor, "ada@example.com", noon), false,
		},
		"of another purpose, by this secret": {sealed(t, cursors, keys.Cursor, "ada@example.com", noon), false},
		"changed":                            {strings.ToUpper(given), false},
		"cut off":                            {given[:len(given)-1], false},
		"no token":                           {"x", false},
		"long":                               {strings.Repeat("x", 60_000), false},
		"none":                               {"", false},
		"sealed without a time":              {plain("CLIENT"), false},
		"sealed with another time":           {plain("CLIENT tomorrow"), false},
		"sealed with nothing":                {plain(""), false},
	} {
		t.Run(name, func(t *testing.T) {
			rec := d.login(t, attempt{from: "198.51.100.1", password: "guess", token: tt.token})
			want := fault.CodeRateLimited
			if tt.known {
				want = fault.CodeInvalidCredentials
			}
			refused(t, rec, want)
		})
	}
	d.entered(t, attempt{mailbox: "ada@example.com", from: "198.51.100.1", password: "correct horse", token: given})
	for name, body := range map[string]any{"a number": 1, "null": nil} {
		t.Run(name+" is of the wrong type", func(t *testing.T) {
			refused(t, post(t, d.api, "/v1/auth/login", "", map[string]any{
				"email": "ada@example.com", "password": "x", "clientToken": body,
			}), fault.CodeInvalidField, "/clientToken")
		})
	}
}

// The mailbox that a token is bound to is the same in any case.
func TestLogIn_clientTokenInAnyCase(t *testing.T) {
	it := newToolkit(t, "Ada@Example.com")
	d := it.door(t)
	token := d.signedIn(t)
	for i := range signin.LoginsToMailbox.Max {
		d.wrong(t, 1, attempt{from: network(i)})
	}
	d.wrong(t, 1, attempt{from: "198.51.100.1", mailbox: "ADA@example.com", token: token})
	d.limited(t, attempt{from: "198.51.100.1", mailbox: "ADA@example.com"}.with("guess"), 900)
}

func (a attempt) with(password string) attempt {
	a.password = password
	return a
}

// Windows end and begin to the nanosecond, and what is given back goes to the window that it was
// taken from.
func TestLogIn_clockEdges(t *testing.T) {
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	d.clock.set(noon.Add(15*time.Minute - time.Nanosecond))
	for i := range signin.LoginsToMailbox.Max {
		d.wrong(t, 1, attempt{from: network(i)})
	}
	d.limited(t, attempt{from: "198.51.100.1", password: "correct horse"}, 1)
	d.clock.advance(time.Nanosecond)
	for _, a := range scattered(signin.LoginsToMailbox.Max-1, attempt{}) {
		d.wrong(t, 1, a)
	}

	d.clock.set(noon.Add(30*time.Minute - time.Nanosecond))
	it.answer.Store(func(w http.ResponseWriter) {
		d.clock.set(noon.Add(30 * time.Minute))
		_, _ = io.WriteString(w, `{"localId":"u","idToken":"i","refreshToken":"r","expiresIn":"3600"}`)
	})
	before := d.counts(t)
	d.entered(t, attempt{from: network(200), password: "correct horse"})
	if diff := cmp.Diff(before, d.counts(t)); diff != "" {
		t.Errorf("a login across the end of a window left (-before +after):\n%s", diff)
	}
}

// Of many at once in two processes exactly as many reach Identity Toolkit as may, and right
// passwords that were asked at once leave nothing behind.
func TestLogIn_parallel(t *testing.T) {
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	token := d.signedIn(t)
	doors := []*door{d, d.again(t)}
	var all sync.WaitGroup
	try := func(i int, a attempt, statuses ...int) {
		a.from = network(i)
		all.Go(func() {
			if rec := doors[i%2].login(t, a); rec.Code != statuses[0] && rec.Code != statuses[len(statuses)-1] {
				t.Errorf("status %d: %s", rec.Code, rec.Body)
			}
		})
	}
	for i := range 60 {
		try(i, attempt{password: "guess " + strconv.Itoa(i)}, http.StatusUnauthorized, http.StatusTooManyRequests)
	}
	for i := range signin.LoginsOfKnown.Max {
		try(i, attempt{password: "correct horse", token: token}, http.StatusOK)
	}
	all.Wait()
	if n := it.reached(); n != signin.LoginsToMailbox.Max {
		t.Errorf("%d guesses reached Identity Toolkit, want %d", n, signin.LoginsToMailbox.Max)
	}
	counts := map[string]int{"login-stranger-mailbox": 12, "login-stranger-network": 12, "login-stranger-client": 12}
	if diff := cmp.Diff(counts, d.counts(t)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}

	d.clock.advance(15 * time.Minute)
	for i := range 40 {
		try(i, attempt{password: "correct horse"}, http.StatusOK, http.StatusTooManyRequests)
	}
	all.Wait()
	if diff := cmp.Diff(counts, d.counts(t)); diff != "" {
		t.Errorf("right passwords that were asked at once changed the counts (-want +got):\n%s", diff)
	}
}

// A process that dies before it gives back leaves its attempt counted, until the window ends.
func TestLogIn_crash(t *testing.T) {
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	dying := d.again(t)
	it.answer.Store(func(w http.ResponseWriter) {
		_ = dying.fs.Close()
		_, _ = io.WriteString(w, `{"localId":"u","idToken":"i","refreshToken":"r","expiresIn":"3600"}`)
	})
	dying.entered(t, attempt{from: "198.51.100.1", password: "correct horse"}) // the password was right
	it.answer.Store((func(http.ResponseWriter))(nil))
	counts := map[string]int{"login-stranger-mailbox": 1, "login-stranger-network": 1, "login-stranger-client": 1}
	if diff := cmp.Diff(counts, d.counts(t)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	d.wrong(t, signin.LoginsFromNetwork.Max-1, attempt{from: "198.51.100.1"})
	d.limited(t, attempt{from: "198.51.100.1", password: "correct horse"}, 3600)
	d.clock.advance(time.Hour)
	d.entered(t, attempt{from: "198.51.100.1", password: "correct horse"})
}

// A client that hangs up before the answer has guessed all the same.
func TestLogIn_hangUp(t *testing.T) {
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	for i := range 2 * signin.LoginsToMailbox.Max {
		ctx, hangUp := context.WithCancel(t.Context())
		it.mu.Lock()
		it.guessed = hangUp
		it.mu.Unlock()
		d.login(t, attempt{from: network(i), password: "guess", ctx: ctx})
		hangUp()
	}
	if n := it.reached(); n != signin.LoginsToMailbox.Max {
		t.Errorf("%d guesses reached Identity Toolkit, want %d", n, signin.LoginsToMailbox.Max)
	}
}

// While Identity Toolkit is down nothing is used up.
func TestLogIn_unavailable(t *testing.T) {
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	it.answer.Store(func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
	for range 3 * signin.LoginsFromNetwork.Max {
		refused(t, d.login(t, attempt{from: "198.51.100.1", password: "correct horse"}), fault.CodeUnavailable)
	}
	d.empty(t)
}

// What is read and written does not show who has an account, and neither does a refusal. A refused
// attempt reads three documents and writes none.
func TestLogIn_costsTheSameForAll(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	known, disabled := newEmail(), newEmail()
	for email, change := range map[string]*auth.UserToCreate{
		known: {}, disabled: new(auth.UserToCreate).Disabled(true),
	} {
		if _, err := authClient(t).CreateUser(t.Context(), change.Email(email).Password("correct horse")); err != nil {
			t.Fatal(err)
		}
	}
	d.meter.Take()
	for _, mailbox := range []string{known, disabled, newEmail()} {
		for range signin.LoginsFromNetwork.Max {
			refused(t, d.login(t, attempt{mailbox: mailbox, password: "x"}), fault.CodeInvalidCredentials)
			if diff := cmp.Diff(meter.Cost{Documents: 6, Writes: 3}, d.meter.Take()); diff != "" {
				t.Fatalf("a failure cost (-want +got):\n%s", diff)
			}
		}
		for range 5 {
			d.limited(t, attempt{mailbox: mailbox, password: "correct horse"}, 3600)
			if diff := cmp.Diff(meter.Cost{Documents: 3}, d.meter.Take()); diff != "" {
				t.Fatalf("a refusal cost (-want +got):\n%s", diff)
			}
		}
	}
	found := d.login(t, attempt{from: "198.51.100.1", mailbox: known, password: "correct horse"})
	wantSession(t, found, http.StatusOK)
	if diff := cmp.Diff(meter.Cost{Documents: 6, Writes: 6}, d.meter.Take()); diff != "" {
		t.Errorf("a login cost (-want +got):\n%s", diff)
	}
}
