package erasure_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/testkit"
)

// token is an ID token as the Auth emulator makes it, unsigned, of the sign-in at the time in
// seconds.
func (w *world) token(t *testing.T, uid string, signedInAt int64) string {
	t.Helper()
	now := time.Now()
	body, err := json.Marshal(map[string]any{
		"iss": "https://securetoken.google.com/" + w.Project, "aud": w.Project, "sub": uid, "user_id": uid,
		"iat": now.Unix(), "auth_time": signedInAt, "exp": now.Add(time.Hour).Unix(), "firebase": map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(
		[]byte(`{"alg":"none","typ":"JWT"}`),
	) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
}

// askFirebase has the API take Firebase's word for who calls.
func (w *world) askFirebase(t *testing.T) {
	t.Helper()
	w.API = httpapi.New(httpapi.Options{Verifier: usertest.Tokens(w.Users), LogKey: testkit.Ring(keys.ForLogs)})
	w.requests(t).Routes(w.API)
}

// The answer to the request may be lost, and the user is locked by it: the app that has asked must
// come by the receipt's URL nevertheless, and no one else.
func TestRequest_isAnsweredAgainThoughTheUserIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "adas-phone")
	w.Register(bob, "bobs-phone")
	w.askFirebase(t)
	signedIn := time.Now().Unix()
	token, earlier := w.token(t, ada, signedIn), w.token(t, ada, signedIn-60)
	receipt := w.request(t, token)
	published := len(w.Published())
	w.erase(t)
	if u, err := w.Users.GetUser(t.Context(), ada); err != nil || !u.Disabled {
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
	if len(w.Published()) > published {
		t.Error("the repetitions have told an event")
	}
	w.wantRefused(t, "another sign-in of the user", earlier, "user_disabled")
	if _, err := w.Users.UpdateUser(t.Context(), bob, (&auth.UserToUpdate{}).Disabled(true)); err != nil {
		t.Fatal(err)
	}
	w.wantRefused(t, "a user who is disabled for another reason", w.token(t, bob, signedIn), "user_disabled")

	w.finish(t)
	w.wantRefused(t, "the user when all is over", token, "token_invalid")
	w.wantErased(t, receipt)
}

func (w *world) wantRefused(t *testing.T, who, token, code string) {
	t.Helper()
	status, answer, _ := w.call(t, http.MethodDelete, "/v1/me", token)
	if answer["code"] != code || answer["receiptUrl"] != nil {
		t.Errorf("%s: %d %v, want %s", who, status, answer, code)
	}
}

// An app that has deleted the user by Firebase's SDK can still ask for the rest, as long as the
// token lasts.
func TestRequest_ofAUserWhoWasDeletedAtFirebase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "adas-phone")
	w.Register(bob, "bobs-phone")
	w.askFirebase(t)
	signedIn := time.Now().Unix()
	token, earlier := w.token(t, ada, signedIn), w.token(t, ada, signedIn-60)
	w.deleteAtFirebase(t, ada, "stranger-0123456789")

	w.wantRefused(t, "somebody who has no account here", w.token(t, "stranger-0123456789", signedIn), "token_invalid")
	receipt := w.request(t, token)
	if again := w.request(t, token); again != receipt {
		t.Errorf("asked again: %s, first %s", again, receipt)
	}
	w.wantRefused(t, "another sign-in of the user", earlier, "token_invalid")
	w.erase(t)
	if again := w.request(t, token); again != receipt {
		t.Errorf("asked while it is erased: %s, first %s", again, receipt)
	}
	w.finish(t)
	w.wantErased(t, receipt)
	for _, s := range w.readReceipt(t, receipt).Stores {
		if s.Store == "sign-in" && s.Deleted != 0 {
			t.Errorf("the receipt says that a Firebase user was deleted: %+v", s)
		}
	}
	if sent := w.Mail.Messages(); len(sent) > 0 {
		t.Errorf("%d mails, to an address that nobody has", len(sent))
	}
	w.wantRefused(t, "the user when all is over", token, "token_invalid")
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if u := w.User(bob); u.State != account.Active {
		t.Errorf("another user: %+v", u)
	}
}

// deleteAtFirebase is what the SDK's user.delete() and the console do. Who is not there is none of
// their business.
func (w *world) deleteAtFirebase(t *testing.T, uids ...string) {
	t.Helper()
	for _, uid := range uids {
		if err := w.Users.DeleteUser(t.Context(), uid); err != nil && !auth.IsUserNotFound(err) {
			t.Fatal(err)
		}
	}
}

func (w *world) wantErased(t *testing.T, receipt string) {
	t.Helper()
	if state := w.state(t, receipt); state != "erased" {
		t.Errorf("the receipt says %v", state)
	}
}
