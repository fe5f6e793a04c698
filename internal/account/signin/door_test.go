package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

// clients is the ring for the tokens of clients, in which earlier is a secret of before.
var clients = keys.NewRing(keys.ForClients, testkit.Secret(keys.ForClients), []byte(earlier))

const earlier = "the secret of before, of 32 bytes"

// clock stands still until it is moved. Noon is the beginning of a window of every rule.
type clock struct{ nanoseconds atomic.Int64 }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func (c *clock) now() time.Time          { return time.Unix(0, c.nanoseconds.Load()).UTC() }
func (c *clock) set(to time.Time)        { c.nanoseconds.Store(to.UnixNano()) }
func (c *clock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// apps takes "genuine" for an App Check token.
type apps struct{}

func (apps) VerifyApp(_ context.Context, token string) error {
	if token == "genuine" {
		return nil
	}
	return fault.New(fault.CodeAppCheckInvalid, "Not valid.")
}

// door is the routes in one process.
type door struct {
	api     *httpapi.API
	handler *signin.Handler
	fs      *firestore.Client
	meter   *meter.Meter
	clock   *clock
	project string
	// owner is the mailbox that attempts are at that name no other.
	owner string
}

// newDoor is the routes before the Auth emulator, or before what its variable names.
func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{clock: new(clock), project: emulatortest.UniqueProject(t), owner: newEmail()}
	d.clock.set(noon)
	d.open(t, authClient(t))
	return d
}

// again is the same in another process, over the same database and with the same clock.
func (d *door) again(t *testing.T) *door {
	t.Helper()
	other := &door{clock: d.clock, project: d.project, owner: d.owner}
	other.open(t, authClient(t))
	return other
}

func (d *door) open(t *testing.T, users *auth.Client) {
	t.Helper()
	d.meter = new(meter.Meter)
	d.fs = emulatortest.Firestore(t, d.project, d.meter.Options()...)
	h, err := signin.New(t.Context(), signin.Options{
		Users: users, Limits: quota.New(d.fs, testkit.Ring(keys.ForLimits), d.clock.now),
		Key: clients, Now: d.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.handler = h
	d.api = httpapi.New(httpapi.Options{
		Verifier: usertest.Tokens(users), LogKey: testkit.Ring(keys.ForLogs), Apps: apps{},
		AppCheck: httpapi.AppCheck{Routes: map[string]httpapi.AppCheckMode{
			"POST /v1/auth/login": httpapi.AppCheckMonitor, "POST /v1/auth/password-reset": httpapi.AppCheckMonitor,
		}},
	})
	h.Routes(d.api)
}

// attempt is a login, or with no password a request for a reset.
type attempt struct {
	from, mailbox, password, token string
	// app is set for a request with an App Check token.
	app bool
	// ctx is that of the request, nil for the test's.
	ctx context.Context
}

func (d *door) login(t *testing.T, a attempt) *httptest.ResponseRecorder {
	t.Helper()
	return d.ask(t, "/v1/auth/login", a)
}

func (d *door) reset(t *testing.T, a attempt) *httptest.ResponseRecorder {
	t.Helper()
	return d.ask(t, "/v1/auth/password-reset", a)
}

func (d *door) ask(t *testing.T, path string, a attempt) *httptest.ResponseRecorder {
	t.Helper()
	body := map[string]string{"email": d.owner}
	if a.mailbox != "" {
		body["email"] = a.mailbox
	}
	if a.password != "" {
		body["password"] = a.password
	}
	if a.token != "" {
		body["clientToken"] = a.token
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
	}
	if a.ctx == nil {
		a.ctx = t.Context()
	}
	req := httptest.NewRequestWithContext(a.ctx, http.MethodPost, path, bytes.NewReader(raw))
	req.Header.Set("Content-Type", "application/json")
	if a.from != "" {
		req.Header.Set(httpapi.HeaderClient, a.from)
	}
	if a.app {
		req.Header.Set("X-Firebase-AppCheck", "genuine")
	}
	rec := httptest.NewRecorder()
	d.api.ServeHTTP(rec, req)
	return rec
}

// signedIn is the token of a client that signs in to the owner's mailbox.
func (d *door) signedIn(t *testing.T) string {
	t.Helper()
	return d.entered(t, attempt{from: "203.0.113.1", password: "correct horse"})
}

// entered is the client's token after an attempt that must succeed.
func (d *door) entered(t *testing.T, a attempt) string {
	t.Helper()
	rec := d.login(t, a)
	var s sessionView
	if err := json.Unmarshal(rec.Body.Bytes(), &s); err != nil || rec.Code != http.StatusOK || s.ClientToken == "" {
		t.Fatalf("%s: status %d: %s", d.clock.now().Format(time.TimeOnly), rec.Code, rec.Body)
	}
	return s.ClientToken
}

// counts are the counts by rule, those of zero left out.
func (d *door) counts(t *testing.T) map[string]int {
	t.Helper()
	docs, err := d.fs.Collection("limits").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, doc := range docs {
		n, _ := doc.Data()["count"].(int64)
		name, _ := doc.Data()["rule"].(string)
		if n != 0 {
			counts[name] += int(n)
		}
	}
	return counts
}

func (d *door) sum(t *testing.T) (n int) {
	t.Helper()
	for _, count := range d.counts(t) {
		n += count
	}
	return n
}

// empty fails the test if anything is counted.
func (d *door) empty(t *testing.T) {
	t.Helper()
	if counts := d.counts(t); len(counts) > 0 {
		t.Errorf("counted %v", counts)
	}
}

// toolkit stands for Identity Toolkit with one user, whose password is "correct horse".
type toolkit struct {
	owner  string
	server *httptest.Server
	// answer replaces its answers, for as long as it is set.
	answer atomic.Value // of a func(http.ResponseWriter)
	mu     sync.Mutex
	// guesses are the wrong passwords by mailbox.
	guesses map[string]int
	// guessed is called for each of them.
	guessed func()
}

func newToolkit(t *testing.T, owner string) *toolkit {
	t.Helper()
	it := &toolkit{owner: owner, guesses: map[string]int{}, guessed: func() {}}
	it.server = httptest.NewServer(it)
	t.Cleanup(it.server.Close)
	return it
}

// door is the routes before it. It changes the environment for as long as it takes.
func (it *toolkit) door(t *testing.T) *door {
	t.Helper()
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", it.server.Listener.Addr().String())
	d := newDoor(t)
	d.owner = it.owner
	return d
}

func (it *toolkit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	right := in.Email == it.owner && in.Password == "correct horse"
	if !right {
		it.mu.Lock()
		it.guesses[in.Email]++
		it.guessed()
		it.mu.Unlock()
	}
	if answer, ok := it.answer.Load().(func(http.ResponseWriter)); ok && answer != nil {
		answer(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !right {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, message(http.StatusBadRequest, "INVALID_LOGIN_CREDENTIALS"))
		return
	}
	_, _ = io.WriteString(w, `{"localId":"u","idToken":"i","refreshToken":"r","expiresIn":"3600"}`)
}

// reached is how many wrong passwords reached it.
func (it *toolkit) reached() (n int) {
	it.mu.Lock()
	defer it.mu.Unlock()
	for _, of := range it.guesses {
		n += of
	}
	return n
}

// network is an address of the i-th network, IPv4 and IPv6 in turn.
func network(i int) string {
	if i%2 == 0 {
		return fmt.Sprintf("%d.%d.%d.7", 11+i>>16, i>>8&0xff, i&0xff)
	}
	return fmt.Sprintf("2a00:%x:%x::7", i>>16+1, i&0xffff)
}
