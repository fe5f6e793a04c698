package account_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

// world is the functions register and profile in a project of their own.
type world struct {
	project string
	fs      *firestore.Client
	auth    *auth.Client
	bus     *recorder
	api     *httpapi.API
	// ahead is by how much the accounts' clock is ahead of the machine's.
	ahead time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{project: emulatortest.UniqueProject(t), bus: &recorder{}}
	w.fs = emulatortest.Firestore(t, w.project)
	w.auth = authOf(t, w.project)
	w.serve(usertest.Tokens(w.auth))
	return w
}

// again is the world as another process serves it.
func (w *world) again(t *testing.T) *world {
	t.Helper()
	other := *w
	other.fs = emulatortest.Firestore(t, w.project)
	other.serve(usertest.Tokens(w.auth))
	return &other
}

func (w *world) serve(verifier httpapi.TokenVerifier) {
	clock := func() time.Time { return time.Now().Add(w.ahead) }
	acts := audit.New(w.fs, testkit.Ring(keys.ForAudit), clock)
	service := account.New(w.fs, outbox.New(w.fs, w.bus, testkit.Writer("test"), clock), acts, clock)
	w.api = httpapi.New(httpapi.Options{Verifier: verifier, LogKey: testkit.Ring(keys.ForLogs)})
	service.RegisterRoutes(w.api, quota.New(w.fs, testkit.Ring(keys.ForLimits), clock))
	service.ProfileRoutes(w.api)
}

func authOf(t *testing.T, project string) *auth.Client {
	t.Helper()
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: project})
	if err != nil {
		t.Fatal(err)
	}
	client, err := app.Auth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const password = "correct horse"

// signIn makes a Firebase user and returns it with an ID token that the Auth emulator issued.
func (w *world) signIn(t *testing.T, email string) (uid, token string) {
	t.Helper()
	user, err := w.auth.CreateUser(t.Context(), (&auth.UserToCreate{}).Email(email).Password(password))
	if err != nil {
		t.Fatal(err)
	}
	return user.UID, w.token(t, email)
}

// token signs in once more. The owner's bearer is what lets the request name a project.
func (w *world) token(t *testing.T, email string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"email": email, "password": password, "returnSecureToken": true, "targetProjectId": w.project,
	})
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + os.Getenv(
		"FIREBASE_AUTH_EMULATOR_HOST",
	) + "/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer owner")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		IDToken string `json:"idToken"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.IDToken == "" {
		t.Fatalf("sign in: status %d, %v", res.StatusCode, err)
	}
	return answer.IDToken
}

// registered is a signed-in user with an account.
func (w *world) registered(t *testing.T, email string) (uid, token string) {
	t.Helper()
	uid, token = w.signIn(t, email)
	w.call(t, "POST", "/v1/auth/register", token, `{}`).want(t, http.StatusCreated)
	return uid, token
}

// forge makes an unsigned token, which the emulator's verifier takes for signed.
func forge(t *testing.T, project, uid string, exp time.Time) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(map[string]any{"alg": "none", "typ": "JWT"}) + "." + part(map[string]any{
		"aud": project, "iss": "https://securetoken.google.com/" + project, "sub": uid, "user_id": uid,
		"iat": exp.Add(-time.Hour).Unix(), "auth_time": exp.Add(-time.Hour).Unix(), "exp": exp.Unix(),
	}) + "."
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// call asks the API; headers are pairs of name and value.
func (w *world) call(t *testing.T, method, path, token, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, req)
	return answer{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
}

// want ends the test unless the status is as expected, and returns the body.
func (a answer) want(t *testing.T, status int) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	var body map[string]any
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
	return body
}

// refused ends the test unless the answer is a problem of the code; it returns the pointers of its
// fields.
func (a answer) refused(t *testing.T, code fault.Code) (fields []string) {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("status %d, body %q: %v", a.status, a.body, err)
	}
	if p.Code != code || a.status != code.Kind().Status() {
		t.Fatalf("status %d, problem %+v, want %s", a.status, p, code)
	}
	for _, f := range p.Fields {
		fields = append(fields, f.String())
	}
	return fields
}

// recorder is a publisher that keeps what it is given.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
	broken bool
}

func (r *recorder) Publish(_ context.Context, _ string, data []byte, _ map[string]string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return errors.New("no bus")
	}
	e, err := event.Decode(data)
	r.events = append(r.events, e)
	return err
}

// take returns "type uid" of the events published since the last take, and fails on an id told
// twice.
func (r *recorder) take(t *testing.T) []string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var told, ids []string
	for _, e := range r.events {
		var who struct {
			UID string `json:"uid"`
		}
		if err := json.Unmarshal(e.Data, &who); err != nil {
			t.Error(err)
		}
		if slices.Contains(ids, e.ID) {
			t.Errorf("event %s of %s was published twice", e.ID, e.Type)
		}
		ids = append(ids, e.ID)
		told = append(told, e.Type+" "+who.UID)
	}
	r.events = nil
	return told
}

// told ends the test unless exactly these events were published since the last look.
func (w *world) told(t *testing.T, want ...string) {
	t.Helper()
	if got := w.bus.take(t); !slices.Equal(got, want) {
		t.Fatalf("published %q, want %q", got, want)
	}
}

func (w *world) docs(t *testing.T, collection string) []string {
	t.Helper()
	refs, err := w.fs.Collection(collection).DocumentRefs(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, r := range refs {
		ids = append(ids, r.ID)
	}
	return ids
}

// race runs n calls at once and returns how many answers had each status.
func race(n int, do func(i int) answer) map[int]int {
	answers := make([]answer, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			answers[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	counts := map[int]int{}
	for _, a := range answers {
		counts[a.status]++
	}
	return counts
}

func equal(t *testing.T, body map[string]any, want any, path ...string) {
	t.Helper()
	if got := testkit.Member(body, path...); got != want {
		t.Errorf("%s = %v, want %v", fmt.Sprint(path), got, want)
	}
}
