package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

// fakeVerifier takes any token for the user's and notes which of its methods is asked.
type fakeVerifier struct {
	token httpapi.Token
	err   error
	asked []string
}

func (f *fakeVerifier) VerifyIDToken(_ context.Context, idToken string) (*httpapi.Token, error) {
	f.asked = append(f.asked, "offline "+idToken)
	return &f.token, f.err
}

func (f *fakeVerifier) VerifyIDTokenAndCheckRevoked(_ context.Context, idToken string) (*httpapi.Token, error) {
	f.asked = append(f.asked, "revocation "+idToken)
	return &f.token, f.err
}

// guarded is an API with a route of each access; each notes its caller in seen.
func guarded(verifier httpapi.TokenVerifier, seen *[]httpapi.Identity) *httpapi.API {
	api := httpapi.New(httpapi.Options{Verifier: verifier, LogKey: testkit.Ring(keys.ForLogs)})
	for path, access := range map[string]httpapi.Access{
		"/public": httpapi.Public, "/user": httpapi.User, "/fresh": httpapi.FreshUser, "/leave": httpapi.Leaving,
	} {
		api.Handle("GET "+path, access, func(_ http.ResponseWriter, r *http.Request) error {
			*seen = append(*seen, httpapi.Caller(r.Context()))
			return nil
		})
	}
	return api
}

func get(t *testing.T, api http.Handler, path, authorization string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	rec := httptest.NewRecorder()
	api.ServeHTTP(rec, req)
	return rec
}

// No document can have the id, so all that the user did would fail as if it were our fault.
func TestUserWhoseIDNamesNoDocument(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/user", "/fresh", "/leave"} {
		var seen []httpapi.Identity
		api := guarded(&fakeVerifier{token: httpapi.Token{UID: "victim/ratings/x"}}, &seen)
		problem(t, get(t, api, path, "Bearer token"), fault.CodeTokenInvalid)
		if len(seen) > 0 {
			t.Errorf("%s: the handler saw %v", path, seen)
		}
	}
}

func TestAccess_decidesWhichCheckIsMade(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"/public": nil, "/user": {"offline abc"}, "/fresh": {"revocation abc"}, "/leave": {"revocation abc"},
	} {
		verifier := &fakeVerifier{token: httpapi.Token{UID: "u1"}}
		var seen []httpapi.Identity
		if rec := get(t, guarded(verifier, &seen), path, "Bearer abc"); rec.Code != http.StatusOK {
			t.Errorf("%s: status %d", path, rec.Code)
		}
		if diff := cmp.Diff(want, verifier.asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path   string
		claims map[string]any
		want   httpapi.Identity
	}{
		"all claims": {
			"/user", map[string]any{"email": "a@b.c", "email_verified": true},
			httpapi.Identity{UID: "u1", Email: "a@b.c", EmailVerified: true},
		},
		"no claims":          {"/fresh", nil, httpapi.Identity{UID: "u1"}},
		"claims of no type":  {"/user", map[string]any{"email": 7, "email_verified": "true"}, httpapi.Identity{UID: "u1"}},
		"nobody in a public": {"/public", map[string]any{"email": "a@b.c"}, httpapi.Identity{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []httpapi.Identity
			get(t, guarded(&fakeVerifier{token: httpapi.Token{UID: "u1", Claims: tt.claims}}, &seen), tt.path, "bearer abc")
			if diff := cmp.Diff([]httpapi.Identity{tt.want}, seen); diff != "" {
				t.Errorf("callers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuthenticate_refuses(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "abc", "Bearer", "Bearer ", "Basic abc", "Token abc"} {
		verifier := &fakeVerifier{}
		var seen []httpapi.Identity
		rec := get(t, guarded(verifier, &seen), "/user", header)
		problem(t, rec, fault.CodeTokenMissing)
		if len(verifier.asked) > 0 || len(seen) > 0 {
			t.Errorf("%q: asked %v, let in %v", header, verifier.asked, seen)
		}
	}
}

// The kinds of refusal are tested with the emulator's tokens in package account; an outage it does
// not have.
func TestAuthenticate_outageIsNotTheTokensFault(t *testing.T) {
	t.Parallel()
	var seen []httpapi.Identity
	rec := get(t, guarded(&fakeVerifier{err: errors.New("dial 10.0.0.1")}, &seen), "/fresh", "Bearer abc")
	if p := problem(t, rec, fault.CodeUnavailable); strings.Contains(p.Detail, "10.0.0.1") || len(seen) > 0 {
		t.Errorf("problem = %+v, let in %v", p, seen)
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "", "Bearer abc": "abc", "BEARER abc": "abc", "Basic abc": "", "Bearerabc": "",
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Authorization", header)
		if got := httpapi.Bearer(req); got != want {
			t.Errorf("Bearer(%q) = %q, want %q", header, got, want)
		}
	}
}
