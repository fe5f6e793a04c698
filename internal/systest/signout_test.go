package systest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// session is a sign-in by e-mail and password.
func (s *system) session(ctx context.Context, t *testing.T, path, email string) api.Session {
	t.Helper()
	c := caller{system: s}
	body := fmt.Sprintf(`{"email":%q,"password":"correct horse"}`, email)
	status, answer := c.call(ctx, t, http.MethodPost, path, body)
	if status >= http.StatusBadRequest {
		t.Fatalf("%s: %d %s", path, status, answer)
	}
	var session api.Session
	if err := json.Unmarshal(answer, &session); err != nil {
		t.Fatal(err)
	}
	return session
}

// refusal is the code with which the caller is refused, "" if they are not.
func (c caller) refusal(ctx context.Context, t *testing.T, path string) fault.Code {
	t.Helper()
	_, answer := c.call(ctx, t, http.MethodGet, path, "")
	var p httpapi.Problem
	_ = json.Unmarshal(answer, &p) // a success is no problem
	return p.Code
}

// All sign-ins from before end with the answer, on every device. The next
// one works at once, and Firebase forgets the refresh tokens soon.
func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	s := start(t).under(t)
	const email = "systest-sign-out@example.com"
	phone := s.session(ctx, t, "/v1/auth/signup", email)
	lost := s.session(ctx, t, "/v1/auth/login", email)
	mine, thief := caller{s, phone.IDToken}, caller{s, lost.IDToken}
	mine.done(ctx, t, http.MethodPost, "/v1/auth/register", `{"displayName":"Lost phone"}`)
	mine.done(ctx, t, http.MethodPost, "/v1/auth/sign-out-everywhere", "")
	for name, c := range map[string]caller{"the phone": mine, "the other": thief} {
		if code := c.refusal(ctx, t, "/v1/me"); code != fault.CodeTokenRevoked {
			t.Errorf("%s: %q, want token_revoked", name, code)
		}
	}
	again := caller{s, s.session(ctx, t, "/v1/auth/login", email).IDToken}
	// The emulator's refresh tokens do not end, and it dates their tokens by the user's last sign-in,
	// so here it is what Firebase is told that is looked at.
	user, err := account.Get(ctx, s.fs, account.UID(phone.UID))
	if err != nil {
		t.Fatal(err)
	}
	s.await(ctx, t, "Firebase to end the sign-ins", func() bool {
		u, err := s.firebase(ctx, t).GetUser(ctx, phone.UID)
		return err == nil && time.UnixMilli(u.TokensValidAfterMillis).Equal(user.TokensValidAfter)
	})
	again.done(ctx, t, http.MethodGet, "/v1/me", "")
}
