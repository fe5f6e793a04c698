package account_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")

	first := w.call(t, "POST", "/v1/auth/register", token, `{"displayName":"Ada","locale":"PT-br"}`)
	body := first.want(t, http.StatusCreated)
	equal(t, body, uid, "uid")
	equal(t, body, "ada@example.com", "email")
	equal(t, body, false, "emailVerified")
	equal(t, body, "Ada", "displayName")
	equal(t, body, "pt-BR", "locale")
	equal(t, body, nil, "username")
	equal(t, body, false, "leaderboard", "optIn")
	equal(t, body, "never", "consent", "state")
	if first.header.Get("ETag") != `"1"` || first.header.Get("Location") != "/v1/me" {
		t.Errorf("header = %v", first.header)
	}
	w.told(t, "account.registered.v1 "+uid)

	again := w.call(t, "POST", "/v1/auth/register", token, `{"displayName":"Other"}`)
	if diff := cmp.Diff(body, again.want(t, http.StatusOK)); diff != "" {
		t.Errorf("the second answer differs (-first +second):\n%s", diff)
	}
	w.told(t)
	if left := w.docs(t, "outbox"); len(left) > 0 {
		t.Errorf("outbox holds %v", left)
	}

	me := w.call(t, "GET", "/v1/me", token, "")
	if diff := cmp.Diff(body, me.want(t, http.StatusOK)); diff != "" {
		t.Errorf("GET /v1/me differs (-registered +me):\n%s", diff)
	}
}

func TestRegister_putsTheDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")
	w.call(
		t, "POST", "/v1/auth/register", token, `{"device":{"id":"phone","token":"old","platform":"ios"}}`,
	).want(t, http.StatusCreated)
	w.call(
		t, "POST", "/v1/auth/register", token, `{"device":{"id":"phone","token":"new","platform":"ios"}}`,
	).want(t, http.StatusOK)
	w.told(t, "account.registered.v1 "+uid) // and not of the device
	snap, err := device.Of(account.Ref(w.fs, account.UID(uid))).Doc("phone").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := snap.Data()["token"]; got != "new" {
		t.Errorf("token = %v, want that of the second registration", got)
	}
}

// A device that a registered account did not have is told, and no other.
func TestRegister_tellsOfAnAddedDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")
	register := func(device string) {
		t.Helper()
		body := `{"device":{"id":"` + device + `","token":"of-` + device + `","platform":"ios"}}`
		if got := w.call(t, "POST", "/v1/auth/register", token, body); got.status >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", device, got.status, got.body)
		}
	}
	register("phone")
	register("tablet")
	w.told(t, "account.registered.v1 "+uid)
	w.ahead = 10 * time.Minute
	register("phone")
	w.told(t)
	register("laptop")
	register("laptop")
	w.told(t, "device.added.v1 "+uid)
}

// Registration takes any token that the contract allows, and can be repeated with it.
func TestRegister_longToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")
	for _, n := range []int{1500, device.MaxToken} {
		body := fmt.Sprintf(`{"device":{"id":"d%d","token":%q,"platform":"web"}}`, n, strings.Repeat("y", n))
		for range 2 {
			if got := w.call(t, "POST", "/v1/auth/register", token, body); got.status >= http.StatusMultipleChoices {
				t.Errorf("a token of %d bytes: %d %s", n, got.status, got.body)
			}
		}
	}
	w.told(t, "account.registered.v1 "+uid)
}

func TestRegister_refusesAFaultyDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.signIn(t, "ada@example.com")
	for body, want := range map[string][]string{
		`{"device":{"id":"a/b","token":"t","platform":"ios"}}`:  {"/device/id"},
		`{"device":{"id":"a","token":"","platform":"toaster"}}`: {"/device/token", "/device/platform"},
		`{"device":{"id":"","token":"t","platform":"android"}}`: {"/device/id"},
	} {
		fields := w.call(t, "POST", "/v1/auth/register", token, body).refused(t, fault.CodeInvalidField)
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("fields of %s (-want +got):\n%s", body, diff)
		}
	}
	w.told(t)
}

func TestRegister_takesOverTheTokensEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, _ := w.registered(t, "ada@example.com")
	w.told(t, "account.registered.v1 "+uid)
	if _, err := w.auth.UpdateUser(t.Context(), uid, (&auth.UserToUpdate{}).EmailVerified(true)); err != nil {
		t.Fatal(err)
	}
	answer := w.call(t, "POST", "/v1/auth/register", w.token(t, "ada@example.com"), `{}`)
	equal(t, answer.want(t, http.StatusOK), true, "emailVerified")
	if answer.header.Get("ETag") != `"2"` {
		t.Errorf("ETag = %s", answer.header.Get("ETag"))
	}
	w.told(t)
}

// By phone, say, or anonymously.
func TestRegister_withoutAnEmailAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, err := w.auth.CreateUser(t.Context(), (&auth.UserToCreate{}).PhoneNumber("+4915112345678"))
	if err != nil {
		t.Fatal(err)
	}
	token := forge(t, w.project, user.UID, time.Now().Add(time.Hour))
	body := w.call(t, "POST", "/v1/auth/register", token, `{}`).want(t, http.StatusCreated)
	equal(t, body, user.UID, "uid")
	equal(t, body, nil, "email")
	equal(t, body, false, "emailVerified")
	w.told(t, "account.registered.v1 "+user.UID)
}

func TestRegister_bodySaysNothingOfWhoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.signIn(t, "ada@example.com")
	for _, name := range []string{"uid", "email", "emailVerified", "score", "password", "consentEpoch"} {
		fields := w.call(t, "POST", "/v1/auth/register", token, `{"`+name+`":"x"}`).refused(t, fault.CodeUnknownField)
		if diff := cmp.Diff([]string{"/" + name}, fields); diff != "" {
			t.Error(diff)
		}
	}
	fields := w.call(
		t, "POST", "/v1/auth/register", token, `{"displayName":"a\u0000b","locale":"!"}`,
	).refused(t, fault.CodeInvalidField)
	if diff := cmp.Diff([]string{"/displayName", "/locale"}, fields); diff != "" {
		t.Error(diff)
	}
	if users := w.docs(t, "users"); len(users) > 0 {
		t.Errorf("users = %v", users)
	}
}

func TestRegister_tenAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")
	counts := race(10, func(int) answer { return w.call(t, "POST", "/v1/auth/register", token, `{}`) })
	if diff := cmp.Diff(map[int]int{http.StatusCreated: 1, http.StatusOK: 9}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	w.told(t, "account.registered.v1 "+uid)
}

func TestRegister_theEventOutlivesABrokenBus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")
	w.bus.broken = true
	w.call(t, "POST", "/v1/auth/register", token, `{}`).want(t, http.StatusCreated)
	w.bus.broken = false
	w.told(t)
	if owed := w.docs(t, "outbox"); len(owed) != 1 {
		t.Fatalf("outbox = %v", owed)
	}
	later := func() time.Time { return time.Now().Add(2 * outbox.SweepAge) }
	box := outbox.New(w.fs, w.bus, testkit.Writer("test"), later)
	if n, err := box.Sweep(t.Context(), outbox.SweepAge); n != 1 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	w.told(t, "account.registered.v1 "+uid)
}

func TestRegister_refusesTokens(t *testing.T) {
	t.Parallel()
	w, foreign := newWorld(t), newWorld(t)
	uid, valid := w.signIn(t, "ada@example.com")
	_, foreignToken := foreign.signIn(t, "ada@example.com")
	disabled, disabledToken := w.signIn(t, "disabled@example.com")
	if _, err := w.auth.UpdateUser(t.Context(), disabled, (&auth.UserToUpdate{}).Disabled(true)); err != nil {
		t.Fatal(err)
	}
	revoked, revokedToken := w.signIn(t, "revoked@example.com")
	w.revoke(t, revoked, revokedToken)

	for name, tt := range map[string]struct {
		header string
		want   fault.Code
	}{
		"none":              {"", fault.CodeTokenMissing},
		"another scheme":    {"Basic " + valid, fault.CodeTokenMissing},
		"an empty bearer":   {"Bearer ", fault.CodeTokenMissing},
		"malformed":         {"Bearer abc", fault.CodeTokenInvalid},
		"three empty parts": {"Bearer ..", fault.CodeTokenInvalid},
		"expired":           {"Bearer " + forge(t, w.project, uid, time.Now().Add(-10*time.Minute)), fault.CodeTokenExpired},
		"another project's": {"Bearer " + foreignToken, fault.CodeTokenInvalid},
		"of no user":        {"Bearer " + forge(t, w.project, "nobody", time.Now().Add(time.Hour)), fault.CodeTokenInvalid},
		"revoked":           {"Bearer " + revokedToken, fault.CodeTokenRevoked},
		"disabled":          {"Bearer " + disabledToken, fault.CodeUserDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.call(t, "POST", "/v1/auth/register", "", `{}`, "Authorization", tt.header).refused(t, tt.want)
		})
	}
	t.Cleanup(func() { w.told(t) })
}

// revoke makes the token invalid. Revocation counts in seconds, so it waits for the second after
// the token's.
func (w *world) revoke(t *testing.T, uid, token string) {
	t.Helper()
	issued, err := w.auth.VerifyIDToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "a later second than the token's", func() bool { return time.Now().Unix() > issued.IssuedAt })
	if err := w.auth.RevokeRefreshTokens(t.Context(), uid); err != nil {
		t.Fatal(err)
	}
}

// routes is each route that needs an account, with a body that is valid.
var routes = []struct {
	method, path, body string
	fresh              bool // asks Firebase whether the token was revoked
}{
	{"GET", "/v1/me", "", false},
	{"PATCH", "/v1/me", `{"displayName":"x"}`, false},
	{"PUT", "/v1/me/username", `{"username":"somebody"}`, true},
	{"GET", "/v1/usernames/somebody", "", false},
	{"GET", "/v1/me/consent", "", false},
	{"POST", "/v1/me/consent", `{"version":"` + terms.Current.Version + `"}`, true},
	{"DELETE", "/v1/me/consent", "", true},
}

// spy is a verifier that notes which check was asked for; the emulator's client checks revocation
// in both.
type spy struct{ fresh, offline int }

func (s *spy) VerifyIDToken(context.Context, string) (*httpapi.Token, error) {
	s.offline++
	return &httpapi.Token{UID: "nobody"}, nil
}

func (s *spy) VerifyIDTokenAndCheckRevoked(context.Context, string) (*httpapi.Token, error) {
	s.fresh++
	return &httpapi.Token{UID: "nobody"}, nil
}

func TestRoutes_checkRevocationWhereItMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := &spy{}
	w.serve(seen)
	for _, route := range routes {
		*seen = spy{}
		w.call(t, route.method, route.path, "token", route.body).refused(t, fault.CodeNotRegistered)
		if (seen.fresh == 1) != route.fresh || seen.fresh+seen.offline != 1 {
			t.Errorf("%s %s: checks = %+v", route.method, route.path, *seen)
		}
	}
	*seen = spy{}
	w.call(t, "POST", "/v1/auth/register", "token", `{}`).want(t, http.StatusCreated)
	if *seen != (spy{fresh: 1}) {
		t.Errorf("register: checks = %+v", *seen)
	}
}

func TestRoutes_refuseWhoIsNotRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.signIn(t, "ada@example.com")
	for _, route := range routes {
		t.Run(route.method+" "+route.path, func(t *testing.T) {
			w.call(t, route.method, route.path, token, route.body).refused(t, fault.CodeNotRegistered)
			w.call(t, route.method, route.path, "", route.body).refused(t, fault.CodeTokenMissing)
		})
	}
	w.told(t)
}

func TestRoutes_refuseAnErasingAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	w.told(t, "account.registered.v1 "+uid)
	ref := account.Ref(w.fs, account.UID(uid))
	if _, err := ref.Update(t.Context(), []firestore.Update{{Path: "state", Value: account.Erasing}}); err != nil {
		t.Fatal(err)
	}
	w.call(t, "POST", "/v1/auth/register", token, `{}`).refused(t, fault.CodeAccountErasing)
	for _, route := range routes {
		t.Run(route.method+" "+route.path, func(t *testing.T) {
			w.call(t, route.method, route.path, token, route.body).refused(t, fault.CodeAccountErasing)
		})
	}
	w.told(t)
	if names := w.docs(t, "usernames"); len(names) > 0 {
		t.Errorf("usernames = %v", names)
	}
}

// A phone that was sold, or signed in to by another user, has one token. Its pushes are for the
// user who registered last.
func TestRegister_takesTheDeviceFromItsUserBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, beforeToken := w.signIn(t, "ada@example.com")
	after, afterToken := w.signIn(t, "bob@example.com")
	register := func(token string) answer {
		return w.call(t, "POST", "/v1/auth/register", token, `{"device":{"id":"phone","token":"fcm","platform":"ios"}}`)
	}
	phones := func(uid string) int {
		t.Helper()
		all, err := device.Of(account.Ref(w.fs, account.UID(uid))).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	register(beforeToken).want(t, http.StatusCreated)
	register(afterToken).want(t, http.StatusCreated)
	if phones(before) != 0 || phones(after) != 1 {
		t.Errorf("%d and %d phones after the second user registered, want 0 and 1", phones(before), phones(after))
	}
	register(beforeToken).want(t, http.StatusOK)
	if phones(before) != 1 || phones(after) != 0 {
		t.Errorf("%d and %d phones after the first registered again, want 1 and 0", phones(before), phones(after))
	}
	tokens := []string{beforeToken, afterToken}
	for range 5 {
		race(len(tokens), func(i int) answer { return register(tokens[i]) })
		if phones(before)+phones(after) != 1 {
			t.Fatalf("%d and %d phones after a race, want one", phones(before), phones(after))
		}
	}
}
