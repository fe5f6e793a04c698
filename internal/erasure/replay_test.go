package erasure_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
)

// token is an ID token as the Auth emulator makes it, unsigned, of the sign-in at the time in seconds.
func (w *world) token(t *testing.T, uid string, signedInAt int64) string {
	t.Helper()
	now := time.Now()
	body, err := json.Marshal(map[string]any{
		"iss": "https://securetoken.google.com/" + w.project, "aud": w.project, "sub": uid, "user_id": uid,
		"iat": now.Unix(), "auth_time": signedInAt, "exp": now.Add(time.Hour).Unix(), "firebase": map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
}

// askFirebase has the API take Firebase's word for who calls.
func (w *world) askFirebase(t *testing.T) {
	t.Helper()
	requests, err := erasure.NewRequests(w.fs, outbox.New(w.fs, w.bus, w.clock), erasure.Options{
		Keys: []string{w.signer.Public()}, PublicURL: "https://api.test", Key: []byte("key"), Now: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.api = httpapi.New(httpapi.Options{Verifier: w.auth, HashKey: []byte("key")})
	requests.Routes(w.api)
}

// The answer to the request may be lost, and the user is locked by it: the app that has asked must come by the receipt's URL
// nevertheless, and nobody else.
func TestRequest_isAnsweredAgainThoughTheUserIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.askFirebase(t)
	w.seed(t, ada)
	w.seed(t, bob)
	signedIn := time.Now().Unix()
	token, earlier := w.token(t, ada, signedIn), w.token(t, ada, signedIn-60)
	receipt := w.request(t, token)
	refused := func(who, token, code string) {
		t.Helper()
		if status, answer, _ := w.call(t, http.MethodDelete, "/v1/me", token); answer["code"] != code || answer["receiptUrl"] != nil {
			t.Errorf("%s: %d %v, want %s", who, status, answer, code)
		}
	}

	w.deliver(t)
	if u, err := w.auth.GetUser(t.Context(), ada); err != nil || !u.Disabled {
		t.Fatalf("Firebase user = %+v, %v", u, err)
	}
	for range 2 {
		if again := w.request(t, token); again != receipt {
			t.Errorf("asked again: %s, first %s", again, receipt)
		}
	}
	if again := w.request(t, w.token(t, ada, signedIn)); again != receipt {
		t.Errorf("asked again with a refreshed token: %s, first %s", again, receipt)
	}
	if len(w.bus.take()) > 0 {
		t.Error("the repetitions have told an event")
	}
	refused("another sign-in of the user", earlier, "user_disabled")
	if _, err := w.auth.UpdateUser(t.Context(), bob, (&auth.UserToUpdate{}).Disabled(true)); err != nil {
		t.Fatal(err)
	}
	refused("a user who is disabled for another reason", w.token(t, bob, signedIn), "user_disabled")

	w.finish(t)
	refused("the user when all is over", token, "token_invalid")
	w.wantErased(t, receipt)
}

func (w *world) wantErased(t *testing.T, receipt string) {
	t.Helper()
	if state := w.state(t, receipt); state != "erased" {
		t.Errorf("the receipt says %v", state)
	}
}
