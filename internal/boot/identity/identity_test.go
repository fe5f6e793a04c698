package identity_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/httpapi"
)

// What Firebase answers is for the real emulator's tests (package account); here only whom the
// client asks. Not parallel: it changes the environment.
func TestClient_asksForTheProcessesProject(t *testing.T) {
	var path string
	auth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		_, _ = io.WriteString(w, `{"users":[{"localId":"u1"}]}`)
	}))
	t.Cleanup(auth.Close)
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", strings.TrimPrefix(auth.URL, "http://"))
	t.Setenv("GOOGLE_CLOUD_PROJECT", "demo-of-the-environment")

	p := &boot.Process{Config: boot.Config{Project: "demo-of-the-process"}}
	client, err := identity.Client(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := identity.Client(t.Context(), p); again != client || err != nil {
		t.Errorf("another client for the same process: %v", err)
	}
	user, err := client.GetUser(t.Context(), "u1")
	if err != nil || user.UID != "u1" {
		t.Fatalf("GetUser = %v, %v", user, err)
	}
	if !strings.Contains(path, "/projects/demo-of-the-process/") {
		t.Errorf("asked at %s", path)
	}
}

// Not parallel: it changes the environment.
func TestAPI_asksFirebaseWhoCalls(t *testing.T) {
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:1") // nothing is there, and nothing is asked
	api, err := identity.API(t.Context(), &boot.Process{Config: boot.Config{Project: "demo-identity"}})
	if err != nil {
		t.Fatal(err)
	}
	api.Handle("GET /mine", httpapi.User, func(http.ResponseWriter, *http.Request) error {
		t.Error("a stranger was let in")
		return nil
	})
	for _, authorization := range []string{"", "Bearer forged"} {
		r := httptest.NewRequest(http.MethodGet, "/mine", http.NoBody)
		r.Header.Set("Authorization", authorization)
		rec := httptest.NewRecorder()
		api.ServeHTTP(rec, r)
		if rec.Code != http.StatusUnauthorized {
			t.Errorf("%q is answered %d, want 401", authorization, rec.Code)
		}
	}
}
