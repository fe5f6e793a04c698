package identity_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	firebase "firebase.google.com/go/v4"
	"github.com/golang-jwt/jwt/v4"
	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

const lockedProject = "demo-locked"

// google is Google's side of production's client: the certificates that verify tokens, and a user who is disabled.
type google struct {
	certificates string
	lookups      int
}

func (g *google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := g.certificates
	if strings.HasSuffix(r.URL.Path, "/accounts:lookup") {
		g.lookups++
		body = `{"users":[{"localId":"u1","disabled":true}]}`
	}
	w.Header().Set("Cache-Control", "max-age=100")
	_, _ = io.WriteString(w, body)
}

// replace has every host be this one: the SDK fetches certificates by a client of its own.
func (g *google) replace(t *testing.T) {
	t.Helper()
	server := httptest.NewTLSServer(g)
	t.Cleanup(server.Close)
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	http.DefaultTransport = &http.Transport{DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		return dialer.DialContext(ctx, network, server.Listener.Addr().String())
	}}
}

func certificateOf(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{"k1": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func idToken(t *testing.T, method jwt.SigningMethod, key any, change func(claims map[string]any)) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": "https://securetoken.google.com/" + lockedProject, "aud": lockedProject, "sub": "u1", "user_id": "u1",
		"iat": now.Add(-time.Minute).Unix(), "auth_time": 1700000000, "exp": now.Add(time.Hour).Unix(),
	}
	change(claims)
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "k1"
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// httpapi reads the token of a disabled user itself, because Firebase's SDK says that the user is disabled only of a token
// that it has verified. Should that change, a forged token would pass for the user's.
// Not parallel: the client is production's, with no emulator in the environment.
func TestDisabledUserIsSaidOfAVerifiedTokenOnly(t *testing.T) {
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", "")
	key := newKey(t)
	side := &google{certificates: certificateOf(t, key)}
	side.replace(t)
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: lockedProject}, option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})))
	if err != nil {
		t.Fatal(err)
	}
	users, err := app.Auth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var seen []httpapi.Identity
	api := httpapi.New(httpapi.Options{Verifier: users, HashKey: []byte("key")})
	note := func(_ http.ResponseWriter, r *http.Request) error {
		seen = append(seen, httpapi.Caller(r.Context()))
		return nil
	}
	api.Handle("GET /leave", httpapi.Leaving, note)
	api.Handle("GET /fresh", httpapi.FreshUser, note)
	as := func(map[string]any) {}
	rs256 := jwt.SigningMethodRS256
	for name, tt := range map[string]struct {
		path, token string
		code        fault.Code // "" is a success
	}{
		"the user's":                         {"/leave", idToken(t, rs256, key, as), ""},
		"the user's, where nobody is exempt": {"/fresh", idToken(t, rs256, key, as), fault.CodeUserDisabled},
		"another key's":                      {"/leave", idToken(t, rs256, newKey(t), as), fault.CodeTokenInvalid},
		"unsigned":                           {"/leave", idToken(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, as), fault.CodeTokenInvalid},
		"expired":                            {"/leave", idToken(t, rs256, key, func(c map[string]any) { c["exp"] = 1700000000 }), fault.CodeTokenExpired},
		"another project's":                  {"/leave", idToken(t, rs256, key, func(c map[string]any) { c["aud"] = "other" }), fault.CodeTokenInvalid},
		"another issuer's":                   {"/leave", idToken(t, rs256, key, func(c map[string]any) { c["iss"] = "https://other" }), fault.CodeTokenInvalid},
		"no token":                           {"/leave", "x", fault.CodeTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			seen, side.lookups = nil, 0
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, http.NoBody)
			r.Header.Set("Authorization", "Bearer "+tt.token)
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, r)
			var p httpapi.Problem
			_ = json.Unmarshal(rec.Body.Bytes(), &p) // a success has no body
			verified := tt.code == "" || tt.code == fault.CodeUserDisabled
			if p.Code != tt.code || (side.lookups == 1) != verified {
				t.Errorf("%d %s after %d lookups, want %q", rec.Code, p.Code, side.lookups, tt.code)
			}
			if want := (httpapi.Identity{UID: "u1", SignedInAt: 1700000000, Locked: true}); tt.code == "" && (len(seen) != 1 || seen[0] != want) {
				t.Errorf("let in %+v, want %+v", seen, want)
			}
			if tt.code != "" && len(seen) > 0 {
				t.Errorf("let in %+v", seen)
			}
		})
	}
}
