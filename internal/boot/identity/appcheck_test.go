package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"firebase.google.com/go/v4/appcheck"
	"github.com/golang-jwt/jwt/v4"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

const appProject = "demo-app-check"

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// serveKeys has the SDK fetch the key from here instead of from Firebase.
func serveKeys(t *testing.T, key *rsa.PublicKey) {
	t.Helper()
	text := base64.RawURLEncoding
	keys, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1",
		"n": text.EncodeToString(key.N.Bytes()), "e": text.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(keys) }))
	t.Cleanup(server.Close)
	askAt(t, server.URL)
}

func askAt(t *testing.T, url string) {
	t.Helper()
	before := appcheck.JWKSUrl
	appcheck.JWKSUrl = url
	t.Cleanup(func() { appcheck.JWKSUrl = before })
}

// appToken is a token such as Firebase makes, changed as the case wants it.
func appToken(t *testing.T, method jwt.SigningMethod, key any, change func(header, claims map[string]any)) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": "https://firebaseappcheck.googleapis.com/123", "sub": "1:123:android:abc",
		"aud": []string{"projects/123", "projects/" + appProject},
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "k1"
	if change != nil {
		change(token.Header, claims)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func enforcing(t *testing.T) *httpapi.API {
	t.Helper()
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:1") // nothing is there, and nothing is asked
	p := &boot.Process{Config: boot.Config{Project: appProject, AppCheck: httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}}}
	api, err := identity.API(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	api.Handle("GET /public", httpapi.Public, func(http.ResponseWriter, *http.Request) error { return nil })
	return api
}

func askWith(t *testing.T, api http.Handler, token string) (int, fault.Code) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/public", http.NoBody)
	r.Header.Set("X-Firebase-AppCheck", token)
	rec := httptest.NewRecorder()
	api.ServeHTTP(rec, r)
	var p httpapi.Problem
	_ = json.Unmarshal(rec.Body.Bytes(), &p) // a success has no body
	return rec.Code, p.Code
}

// Not parallel: it changes the environment and where the SDK fetches its keys.
func TestAPI_asksFirebaseWhichAppCalls(t *testing.T) {
	key := newKey(t)
	serveKeys(t, &key.PublicKey)
	api := enforcing(t)
	rs256 := jwt.SigningMethodRS256
	for name, tt := range map[string]struct {
		token string
		code  fault.Code // "" is a success
	}{
		"an app's":        {appToken(t, rs256, key, nil), ""},
		"none":            {"", fault.CodeAppCheckMissing},
		"no token at all": {"x", fault.CodeAppCheckInvalid},
		"another key's":   {appToken(t, rs256, newKey(t), nil), fault.CodeAppCheckInvalid},
		"another key id": {
			appToken(t, rs256, key, func(h, _ map[string]any) { h["kid"] = "k2" }), fault.CodeAppCheckInvalid,
		},
		"unsigned": {
			appToken(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), fault.CodeAppCheckInvalid,
		},
		"signed by the public": {appToken(t, jwt.SigningMethodHS256, key.N.Bytes(), nil), fault.CodeAppCheckInvalid},
		"expired": {
			appToken(t, rs256, key, func(_, c map[string]any) { c["exp"] = 1 }), fault.CodeAppCheckInvalid,
		},
		"another project's": {
			appToken(t, rs256, key, func(_, c map[string]any) { c["aud"] = []string{"projects/other"} }),
			fault.CodeAppCheckInvalid,
		},
		"an ID token": {
			appToken(t, rs256, key, func(_, c map[string]any) { c["iss"] = "https://securetoken.google.com/x" }),
			fault.CodeAppCheckInvalid,
		},
		"nobody's": {appToken(t, rs256, key, func(_, c map[string]any) { c["sub"] = "" }), fault.CodeAppCheckInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			status, code := askWith(t, api, tt.token)
			if code != tt.code || (status == http.StatusOK) != (tt.code == "") {
				t.Errorf("%d %s, want %q", status, code, tt.code)
			}
		})
	}
}

// Not parallel, for the same reason.
func TestAppCheckWithoutKeys_isUnavailable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	askAt(t, gone.URL)
	api, key := enforcing(t), newKey(t)
	token := appToken(t, jwt.SigningMethodRS256, key, nil)
	if status, code := askWith(t, api, token); status != http.StatusServiceUnavailable || code != fault.CodeUnavailable {
		t.Errorf("%d %s", status, code)
	}
	serveKeys(t, &key.PublicKey)
	if status, code := askWith(t, api, token); status != http.StatusOK {
		t.Errorf("once the keys are back: %d %s", status, code)
	}
}
