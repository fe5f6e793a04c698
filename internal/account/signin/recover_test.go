package signin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	identitytoolkit "google.golang.org/api/identitytoolkit/v1"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/testkit"
)

func refresh(t *testing.T, api http.Handler, token string) *httptest.ResponseRecorder {
	t.Helper()
	return post(t, api, "/v1/auth/refresh", "", map[string]string{"refreshToken": token})
}

func reset(t *testing.T, api http.Handler, email string) *httptest.ResponseRecorder {
	t.Helper()
	return post(t, api, "/v1/auth/password-reset", "", map[string]string{"email": email})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	made := wantSession(
		t, post(t, api, "/v1/auth/signup", "", signInRequest{newEmail(), "correct horse"}), http.StatusCreated,
	)
	fresh := wantSession(t, refresh(t, api, made.RefreshToken), http.StatusOK)
	if fresh.UID != made.UID {
		t.Errorf("refreshed as %s, signed up as %s", fresh.UID, made.UID)
	}
	wantSession(t, refresh(t, api, fresh.RefreshToken), http.StatusOK)

	refused(t, refresh(t, api, "x"), fault.CodeTokenInvalid)
	refused(t, refresh(t, api, ""), fault.CodeInvalidField, "/refreshToken")
	refused(t, post(t, api, "/v1/auth/refresh", "", map[string]string{"token": "x"}), fault.CodeUnknownField, "/token")
	if err := authClient(t).DeleteUser(t.Context(), made.UID); err != nil {
		t.Fatal(err)
	}
	refused(t, refresh(t, api, fresh.RefreshToken), fault.CodeTokenInvalid)
}

// Times of sign-ins are whole seconds, so the first revocations may find the token as new as they
// are.
func TestRefresh_endsWithTheSignIns(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	email := newEmail()
	made := wantSession(t, post(t, api, "/v1/auth/signup", "", signInRequest{email, "correct horse"}), http.StatusCreated)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer := refresh(t, api, made.RefreshToken)
	for answer.Code == http.StatusOK && ctx.Err() == nil {
		if err := authClient(t).RevokeRefreshTokens(ctx, made.UID); err != nil {
			t.Fatal(err)
		}
		answer = refresh(t, api, made.RefreshToken)
	}
	refused(t, answer, fault.CodeTokenRevoked)
	again := wantSession(t, post(t, api, "/v1/auth/login", "", signInRequest{email, "correct horse"}), http.StatusOK)
	wantSession(t, refresh(t, api, again.RefreshToken), http.StatusOK)
}

func TestPasswordReset_goesToVerifiedAddressesOnly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user  *auth.UserToCreate // nil is no user
		mails int
	}{
		"a verified address":           {(&auth.UserToCreate{}).EmailVerified(true).Password("correct horse"), 1},
		"an address not verified":      {(&auth.UserToCreate{}).Password("correct horse"), 0},
		"a disabled user":              {(&auth.UserToCreate{}).EmailVerified(true).Disabled(true), 0},
		"an address of nobody's":       {nil, 0},
		"verified, by other providers": {(&auth.UserToCreate{}).EmailVerified(true), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, email := newAPI(t), newEmail()
			if tt.user != nil {
				if _, err := authClient(t).CreateUser(t.Context(), tt.user.Email(email)); err != nil {
					t.Fatal(err)
				}
			}
			started := time.Now()
			got := reset(t, api, email)
			if got.Code != http.StatusAccepted || got.Body.Len() > 0 {
				t.Fatalf("status %d: %s", got.Code, got.Body)
			}
			if took := time.Since(started); took < 1500*time.Millisecond {
				t.Errorf("answered after %v, which tells whether a mail was sent", took)
			}
			if n := mails(t, "PASSWORD_RESET", email) + mails(t, "VERIFY_EMAIL", email); n != tt.mails {
				t.Errorf("%d mails, want %d", n, tt.mails)
			}
		})
	}
}

// A reset that is only asked for, as anybody can who knows the address, leaves the sign-ins alone
// and with them what a user is told by. A password that is set by its mail ends them.
func TestPasswordReset_isNoChangeOfThePassword(t *testing.T) {
	t.Parallel()
	api, email, users := newAPI(t), newEmail(), authClient(t)
	user, err := users.CreateUser(
		t.Context(), new(auth.UserToCreate).Email(email).EmailVerified(true).Password("correct horse"),
	)
	if err != nil {
		t.Fatal(err)
	}
	validAfter := func() int64 {
		t.Helper()
		u, err := users.GetUser(t.Context(), user.UID)
		if err != nil {
			t.Fatal(err)
		}
		return u.TokensValidAfterMillis
	}
	before := validAfter()
	testkit.Eventually(t, "a later second", func() bool { return time.Now().Truncate(time.Second).UnixMilli() > before })
	if got := reset(t, api, email); got.Code != http.StatusAccepted {
		t.Fatalf("status %d: %s", got.Code, got.Body)
	}
	if after := validAfter(); after != before {
		t.Errorf("sign-ins are valid after %d, and were after %d", after, before)
	}
	toolkit, err := identitytoolkit.NewService(t.Context(), option.WithAPIKey("emulator"), option.WithEndpoint(
		"http://"+os.Getenv("FIREBASE_AUTH_EMULATOR_HOST")+"/identitytoolkit.googleapis.com/",
	))
	if err != nil {
		t.Fatal(err)
	}
	_, err = toolkit.Accounts.ResetPassword(&identitytoolkit.GoogleCloudIdentitytoolkitV1ResetPasswordRequest{
		OobCode: oobCodes(t, "PASSWORD_RESET", email)[0], NewPassword: "battery staple",
	}).Context(t.Context()).Do()
	if err != nil {
		t.Fatal(err)
	}
	if after := validAfter(); after <= before {
		t.Errorf("the new password left the sign-ins valid after %d", after)
	}
}

func TestPasswordReset_refusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	for _, text := range []string{"", "ada", "@example.com", "ada@", "a@b@c", "ada @example.com", "ada@exam\nple.com",
		"ada\u00a0@example.com",
		"ada\u200b@example.com", "ada\u007f@example.com", strings.Repeat("a", 243) + "@example.com"} {
		refused(t, reset(t, api, text), fault.CodeInvalidField, "/email")
	}
}

func TestSignUp_isLimited(t *testing.T) {
	t.Parallel()
	api, weak := newAPI(t), signInRequest{newEmail(), "short"}
	for range signin.SignUpsOfClient.Max {
		refused(t, post(t, api, "/v1/auth/signup", "", weak), fault.CodeWeakPassword, "/password")
	}
	over := post(t, api, "/v1/auth/signup", "", weak)
	refused(t, over, fault.CodeRateLimited)
	if got := over.Header().Get("Retry-After"); got != "3600" { // the clock stands at a full hour
		t.Errorf("Retry-After = %q", got)
	}
}

func TestVerifyEmail_isLimited(t *testing.T) {
	t.Parallel()
	api, email := newAPI(t), newEmail()
	s := wantSession(t, post(t, api, "/v1/auth/signup", "", signInRequest{email, "correct horse"}), http.StatusCreated)
	for range signin.VerificationsOfUser.Max {
		if got := post(t, api, "/v1/auth/verify-email", s.IDToken, nil); got.Code != http.StatusAccepted {
			t.Fatalf("status %d: %s", got.Code, got.Body)
		}
	}
	refused(t, post(t, api, "/v1/auth/verify-email", s.IDToken, nil), fault.CodeRateLimited)
	if n := mails(t, "VERIFY_EMAIL", email); n != signin.VerificationsOfUser.Max {
		t.Errorf("%d mails", n)
	}
}
