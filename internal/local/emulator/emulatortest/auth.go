package emulatortest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
)

// authHost names the variable that the Firebase SDK takes the emulator's address from, and environ
// guards it while it is another's.
const authHost = "FIREBASE_AUTH_EMULATOR_HOST"

var environ sync.Mutex

// AuthClient returns a client of the Auth emulator for the project.
func AuthClient(tb testing.TB, project string) *auth.Client {
	tb.Helper()
	environ.Lock()
	defer environ.Unlock()
	return authClient(tb, project)
}

func authClient(tb testing.TB, project string) *auth.Client {
	tb.Helper()
	app, err := firebase.NewApp(tb.Context(), &firebase.Config{ProjectID: project})
	if err != nil {
		tb.Fatal(err)
	}
	client, err := app.Auth(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// AuthFront stands before the Auth emulator, and answers in its place while the test wants it: the
// emulator itself is always there and always right.
type AuthFront struct {
	// Asked counts the requests.
	Asked atomic.Int64

	server *httptest.Server
	proxy  http.Handler
	answer atomic.Pointer[http.HandlerFunc]
}

// NewAuthFront starts a front that hands everything on.
func NewAuthFront(tb testing.TB) *AuthFront {
	tb.Helper()
	environ.Lock()
	emulator := &url.URL{Scheme: "http", Host: os.Getenv(authHost)}
	environ.Unlock()
	f := &AuthFront{proxy: httputil.NewSingleHostReverseProxy(emulator)}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.Asked.Add(1)
		if answer := f.answer.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		f.Pass(w, r)
	}))
	tb.Cleanup(f.server.Close)
	return f
}

// Pass hands the request on to the emulator.
func (f *AuthFront) Pass(w http.ResponseWriter, r *http.Request) { f.proxy.ServeHTTP(w, r) }

// Client returns a client of the emulator for the project, through the front.
func (f *AuthFront) Client(tb testing.TB, project string) (client *auth.Client) {
	tb.Helper()
	f.Before(tb, func() { client = authClient(tb, project) })
	return client
}

// Before has the clients that connect makes go through the front.
func (f *AuthFront) Before(tb testing.TB, connect func()) {
	tb.Helper()
	environ.Lock()
	defer environ.Unlock()
	// Not tb.Setenv, which parallel tests may not call and which would last as long as the test.
	before := os.Getenv(authHost)
	defer func() { _ = os.Setenv(authHost, before) }()                      //nolint:usetesting // as said
	err := os.Setenv(authHost, strings.TrimPrefix(f.server.URL, "http://")) //nolint:usetesting // as said
	if err != nil {
		tb.Fatal(err)
	}
	connect()
}

// Answer sets a function that answers in the emulator's place. nil ends that.
func (f *AuthFront) Answer(answer http.HandlerFunc) {
	if answer == nil {
		f.answer.Store(nil)
		return
	}
	f.answer.Store(&answer)
}
