package erasure_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
)

// The erasure frees the user's name and the one they gave up before: nothing of them is kept, a
// reservation neither.
func TestErase_freesNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := account.New(w.fs, outbox.New(w.fs, &bus{}, w.clock), w.clock)
	api := httpapi.New(httpapi.Options{Verifier: w, HashKey: []byte("key")})
	accounts.RegisterRoutes(api)
	accounts.ProfileRoutes(api)
	ask := func(method, path, uid, body string) int {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+uid)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		api.ServeHTTP(rec, r)
		return rec.Code
	}
	take := func(uid, name string) int {
		return ask(http.MethodPut, "/v1/me/username", uid, `{"username":"`+name+`"}`)
	}
	for _, uid := range []string{ada, bob} {
		if _, err := w.auth.CreateUser(t.Context(), (&auth.UserToCreate{}).UID(uid)); err != nil {
			t.Fatal(err)
		}
		if got := ask(http.MethodPost, "/v1/auth/register", uid, `{}`); got != http.StatusCreated {
			t.Fatalf("register %s: %d", uid, got)
		}
	}
	for _, name := range []string{"lovelace", "countess"} {
		if got := take(ada, name); got != http.StatusOK {
			t.Fatalf("take %s: %d", name, got)
		}
	}
	for _, name := range []string{"lovelace", "countess"} {
		if got := take(bob, name); got != http.StatusConflict {
			t.Errorf("before the erasure bob takes %s: %d", name, got)
		}
	}

	path := w.request(t, ada)
	w.deliver(t)
	w.finish(t)
	for _, s := range w.readReceipt(t, path).Stores {
		if s.Store == "usernames" && (s.Deleted != 2 || s.Left != 0) {
			t.Errorf("receipt: %+v", s)
		}
	}
	if left := w.mentions(t, ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if got := take(bob, "lovelace"); got != http.StatusOK {
		t.Errorf("bob takes the name that was given up: %d", got)
	}
	w.advance(account.RenameCooldown)
	if got := take(bob, "countess"); got != http.StatusOK {
		t.Errorf("bob takes the name: %d", got)
	}
}
