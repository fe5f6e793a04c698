package signin_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Auth, emulator.Firestore)) }

// newAPI is the routes for the emulator's default project: with an API key alone, a request reaches
// no other. So each test has e-mail addresses of its own.
func newAPI(t *testing.T) *httpapi.API {
	t.Helper()
	return newDoor(t).api
}

func authClient(t *testing.T) *auth.Client {
	t.Helper()
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: emulator.DefaultProject})
	if err != nil {
		t.Fatal(err)
	}
	client, err := app.Auth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newEmail() string { return strings.ToLower(rand.Text()) + "@example.com" }

func post(t *testing.T, api http.Handler, path, token string, body any) *httptest.ResponseRecorder {
	t.Helper()
	var raw bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&raw).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, &raw)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	api.ServeHTTP(rec, req)
	return rec
}

type signInRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

type sessionView struct {
	UID          string `json:"uid"`
	IDToken      string `json:"idToken"`
	RefreshToken string `json:"refreshToken"`
	ExpiresIn    int    `json:"expiresIn"`
	// ClientToken is not in the answer to a refresh.
	ClientToken string `json:"clientToken"`
}

func wantSession(t *testing.T, rec *httptest.ResponseRecorder, status int) sessionView {
	t.Helper()
	var s sessionView
	if err := json.Unmarshal(rec.Body.Bytes(), &s); err != nil || rec.Code != status {
		t.Fatalf("status %d, want %d: %s", rec.Code, status, rec.Body)
	}
	if s.UID == "" || s.IDToken == "" || s.RefreshToken == "" || s.ExpiresIn != 3600 {
		t.Fatalf("session = %+v", s)
	}
	token, err := authClient(t).VerifyIDToken(t.Context(), s.IDToken)
	if err != nil || token.UID != s.UID {
		t.Fatalf("token of %v, want %s: %v", token, s.UID, err)
	}
	return s
}

func refused(t *testing.T, rec *httptest.ResponseRecorder, code fault.Code, fields ...string) {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || p.Code != code || rec.Code != code.Kind().Status() {
		t.Fatalf("status %d, want %s: %s", rec.Code, code, rec.Body)
	}
	var got []string
	for _, f := range p.Fields {
		got = append(got, f.String())
	}
	if strings.Join(got, " ") != strings.Join(fields, " ") {
		t.Errorf("fields = %v, want %v", got, fields)
	}
}

func TestSignUpAndLogIn(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	who := signInRequest{newEmail(), "correct horse"}
	made := wantSession(t, post(t, api, "/v1/auth/signup", "", who), http.StatusCreated)
	found := wantSession(t, post(t, api, "/v1/auth/login", "", who), http.StatusOK)
	if made.UID != found.UID {
		t.Errorf("signed up as %s, logged in as %s", made.UID, found.UID)
	}
	if made.ClientToken == "" || found.ClientToken == "" || made.ClientToken == found.ClientToken {
		t.Errorf("the clients got the tokens %q and %q", made.ClientToken, found.ClientToken)
	}
	refused(t, post(t, api, "/v1/auth/signup", "", who), fault.CodeEmailExists)
	refused(
		t, post(t, api, "/v1/auth/signup", "", signInRequest{strings.ToUpper(who.Email), "another horse"}),
		fault.CodeEmailExists,
	)

	if _, err := authClient(t).UpdateUser(t.Context(), made.UID, (&auth.UserToUpdate{}).Disabled(true)); err != nil {
		t.Fatal(err)
	}
	right := post(t, api, "/v1/auth/login", "", who)
	wrong := post(t, api, "/v1/auth/login", "", signInRequest{who.Email, "another horse"})
	refused(t, right, fault.CodeInvalidCredentials)
	sameAnswer(t, right, wrong)
	refused(t, refresh(t, api, made.RefreshToken), fault.CodeUserDisabled)
}

func TestLogIn_tellsNobodyWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	known := newEmail()
	wantSession(t, post(t, api, "/v1/auth/signup", "", signInRequest{known, "correct horse"}), http.StatusCreated)
	wrong := post(t, api, "/v1/auth/login", "", signInRequest{known, "wrong horse"})
	unknown := post(t, api, "/v1/auth/login", "", signInRequest{newEmail(), "wrong horse"})
	refused(t, wrong, fault.CodeInvalidCredentials)
	refused(t, unknown, fault.CodeInvalidCredentials)
	sameAnswer(t, wrong, unknown)
}

func sameAnswer(t *testing.T, a, b *httptest.ResponseRecorder) {
	t.Helper()
	if a.Code != b.Code || withoutID(a.Body.String()) != withoutID(b.Body.String()) {
		t.Errorf("the answers differ:\n%d %s\n%d %s", a.Code, a.Body, b.Code, b.Body)
	}
	if len(a.Header()) != len(b.Header()) {
		t.Errorf("the headers differ:\n%v\n%v", a.Header(), b.Header())
	}
	for name := range a.Header() {
		if name != "X-Request-Id" && a.Header().Get(name) != b.Header().Get(name) {
			t.Errorf("header %s differs", name)
		}
	}
}

var requestID = regexp.MustCompile(`"requestId":"[A-Z0-9]{26}"`)

func withoutID(body string) string { return requestID.ReplaceAllString(body, "") }

func TestCredentials_areChecked(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	weak := signInRequest{newEmail(), "short"}
	refused(t, post(t, api, "/v1/auth/signup", "", weak), fault.CodeWeakPassword, "/password")
	for _, path := range []string{"/v1/auth/signup", "/v1/auth/login"} {
		refused(t, post(t, api, path, "", signInRequest{"no address", "correct horse"}), fault.CodeInvalidField, "/email")
		refused(t, post(t, api, path, "", signInRequest{}), fault.CodeInvalidField, "/email", "/password")
		refused(t, post(t, api, path, "", signInRequest{Email: newEmail()}), fault.CodeInvalidField, "/password")
		refused(t, post(t, api, path, "", map[string]string{"uid": "x"}), fault.CodeUnknownField, "/uid")
		refused(
			t, post(t, api, path, "", signInRequest{newEmail(), strings.Repeat("ö", 4097)}), fault.CodeInvalidField, "/password",
		)
	}
}

// The Auth emulator takes almost anything for an address, which Identity Toolkit would refuse.
func TestSignUp_refusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	for _, address := range []string{
		"no address", "a b@example.com", " a@example.com", "a@example.com ", "a@exam ple.com", "a@example.com\n",
		"a\x00@example.com",
		"@example.com", "a@", "a@b@example.com", "a@-example.com", "a@example-.com", "a@example..com", "a@.example.com",
		"a@example.com.",
		"a@localhost", "a@example.c", "a@127.0.0.1", "a@[127.0.0.1]", `"a b"@example.com`, "Ada <a@example.com>",
		".a@example.com", "a.@example.com", "a..b@example.com", "ä@example.com",
		"a@exämple.com", "a\u200b@example.com", strings.Repeat("a", 65) + "@example.com",
		"a@" + strings.Repeat("a", 64) + ".com",
		"a@" + strings.Repeat("example.", 32) + "com",
	} {
		refused(
			t, post(t, api, "/v1/auth/signup", "", signInRequest{address, "correct horse"}), fault.CodeInvalidField, "/email",
		)
	}
	for _, address := range []string{
		"a@" + strings.ToLower(rand.Text()) + ".example", "o'h+a.b_c-d/" + newEmail(), "1@xn--exmple-cua.com",
	} {
		wantSession(t, post(t, api, "/v1/auth/signup", "", signInRequest{address, "correct horse"}), http.StatusCreated)
	}
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	email := newEmail()
	s := wantSession(t, post(t, api, "/v1/auth/signup", "", signInRequest{email, "correct horse"}), http.StatusCreated)
	refused(t, post(t, api, "/v1/auth/verify-email", "", nil), fault.CodeTokenMissing)

	if rec := post(
		t, api, "/v1/auth/verify-email", s.IDToken, nil,
	); rec.Code != http.StatusAccepted || rec.Body.Len() > 0 {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if n := mails(t, "VERIFY_EMAIL", email); n != 1 {
		t.Fatalf("%d mails", n)
	}
	if _, err := authClient(t).UpdateUser(t.Context(), s.UID, (&auth.UserToUpdate{}).EmailVerified(true)); err != nil {
		t.Fatal(err)
	}
	verified := wantSession(t, post(t, api, "/v1/auth/login", "", signInRequest{email, "correct horse"}), http.StatusOK)
	if rec := post(t, api, "/v1/auth/verify-email", verified.IDToken, nil); rec.Code != http.StatusAccepted {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if n := mails(t, "VERIFY_EMAIL", email); n != 1 {
		t.Errorf("%d mails after the address was verified", n)
	}
}

// mails counts the mails of the type that the emulator says it would have sent.
func mails(t *testing.T, kind, email string) int {
	t.Helper()
	return len(oobCodes(t, kind, email))
}

// oobCodes returns the codes in those mails.
func oobCodes(t *testing.T, kind, email string) (codes []string) {
	t.Helper()
	url := fmt.Sprintf(
		"http://%s/emulator/v1/projects/%s/oobCodes", os.Getenv("FIREBASE_AUTH_EMULATOR_HOST"), emulator.DefaultProject,
	)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var sent struct {
		OOBCodes []struct {
			Email       string `json:"email"`
			RequestType string `json:"requestType"`
			Code        string `json:"oobCode"`
		} `json:"oobCodes"`
	}
	if err := json.NewDecoder(res.Body).Decode(&sent); err != nil {
		t.Fatal(err)
	}
	for _, m := range sent.OOBCodes {
		if m.Email == email && m.RequestType == kind {
			codes = append(codes, m.Code)
		}
	}
	return codes
}

// Production answers what the emulator never does; these are its documented shapes. What is no
// failure of the one who asks is not counted, but for a throttled attempt of a stranger.
func TestIdentityToolkitsErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		status     int
		body       string
		want       fault.Code
		fields     []string
		retryAfter string
		// counted is by how many rules it counts, for a stranger and for a known client.
		counted, known int
	}{
		"enumeration protection": {
			400, message(400, "INVALID_LOGIN_CREDENTIALS"), fault.CodeInvalidCredentials, nil, "", 3, 2,
		},
		"a disabled user": {400, message(400, "USER_DISABLED"), fault.CodeInvalidCredentials, nil, "", 3, 2},
		"an explained code": {
			400, message(400, "WEAK_PASSWORD : Password should be at least 6 characters"), fault.CodeWeakPassword,
			[]string{"/password"}, "", 3, 2,
		},
		"a password policy": {
			400, message(400, "PASSWORD_DOES_NOT_MEET_REQUIREMENTS : Missing password requirements: [x]"),
			fault.CodeWeakPassword, []string{"/password"}, "", 3, 2,
		},
		"throttled": {
			400, message(400, "TOO_MANY_ATTEMPTS_TRY_LATER : Access is disabled."), fault.CodeRateLimited, nil, "60", 3, 0,
		},
		"out of quota": {429, message(429, "Quota exceeded for quota metric."), fault.CodeRateLimited, nil, "60", 3, 0},
		"down":         {503, message(503, "UNAVAILABLE"), fault.CodeUnavailable, nil, "1", 0, 0},
		"down, and no JSON": {
			502, "<html>", fault.CodeUnavailable, nil, "1", 0, 0,
		},
		"password login is off": {400, message(400, "PASSWORD_LOGIN_DISABLED"), fault.CodeInternal, nil, "", 3, 2},
		"a code only in the text": {
			400, message(400, "SOMETHING_ELSE : not EMAIL_EXISTS"), fault.CodeInternal, nil, "", 3, 2,
		},
		"a second factor": {
			200, `{"localId":"u","mfaPendingCredential":"c"}`, fault.CodeSecondFactorNeeded, nil, "", 0, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			it := newToolkit(t, "ada@example.com")
			d := it.door(t)
			known := d.signedIn(t)
			it.answer.Store(func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			d.empty(t)
			for _, as := range []struct {
				token   string
				counted int
			}{{"", tt.counted}, {known, tt.counted + tt.known}} {
				rec := d.login(t, attempt{password: "correct horse", token: as.token})
				refused(t, rec, tt.want, tt.fields...)
				if got := rec.Header().Get("Retry-After"); got != tt.retryAfter {
					t.Errorf("Retry-After = %q, want %q", got, tt.retryAfter)
				}
				if got := d.sum(t); got != as.counted {
					t.Errorf("counted %d, want %d", got, as.counted)
				}
			}
		})
	}
}

func message(status int, text string) string {
	raw, _ := json.Marshal(map[string]any{"error": map[string]any{"code": status, "message": text}})
	return string(raw)
}

func TestIdentityToolkitUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	host := server.Listener.Addr().String()
	server.Close()
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", host)
	api := newAPI(t)
	refused(t, post(t, api, "/v1/auth/login", "", signInRequest{"a@example.com", "correct horse"}), fault.CodeUnavailable)
	refused(t, refresh(t, api, "x"), fault.CodeUnavailable)
	refused(t, reset(t, api, "a@example.com"), fault.CodeUnavailable)
}

func TestNew_needsAKey(t *testing.T) {
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", "")
	if _, err := signin.New(t.Context(), signin.Options{}); err == nil || !strings.Contains(
		err.Error(), "FACESCAN_FIREBASE_API_KEY",
	) {
		t.Errorf("err = %v", err)
	}
	if _, err := signin.New(t.Context(), signin.Options{APIKey: "key"}); err != nil {
		t.Error(err)
	}
}
