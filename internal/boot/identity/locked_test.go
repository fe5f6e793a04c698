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

	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

const lockedProject = "demo-locked"

// google is Google's side of production's client: the certificates that verify tokens, and a user
// who is disabled.
type google struct {
	certificates string
	// users is what it says of the user who is looked for.
	users   string
	lookups int
}

func (g *google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := g.certificates
	if strings.HasSuffix(r.URL.Path, "/accounts:lookup") {
		g.lookups++
		body = g.users
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
	http.DefaultTransport = &http.Transport{DialTLSContext: func(
		ctx context.Context, network, _ string,
	) (net.Conn, error) {
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
	text, err := json.Marshal(
		map[string]string{"k1": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))},
	)
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

// Package identity reads the token of a user who is disabled or gone itself, because Firebase's SDK
// reports that only for a token that it has verified. Should that change, a forged token would pass
// for the user's. Not parallel: the client is production's, with no emulator in the environment.
func TestUserIsSaidToBeDisabledOrGoneByAVerifiedTokenOnly(t *testing.T) {
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", "")
	key := newKey(t)
	for name, tt := range map[string]struct {
		users string
		// fresh is the code where such a user is not admitted, who is how they are where they are.
		fresh fault.Code
		who   httpapi.Identity
	}{
		"disabled": {
			`{"users":[{"localId":"u1","disabled":true}]}`, fault.CodeUserDisabled,
			httpapi.Identity{UID: "u1", SignedInAt: 1700000000, IssuedAt: 1700003600, Locked: true},
		},
		"gone": {
			`{"kind":"identitytoolkit#GetAccountInfoResponse"}`, fault.CodeTokenInvalid,
			httpapi.Identity{UID: "u1", SignedInAt: 1700000000, IssuedAt: 1700003600, Gone: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			side := &google{certificates: certificateOf(t, key), users: tt.users}
			side.replace(t)
			d := newDoor(t)
			issued := func(claims map[string]any) { claims["iat"] = 1700003600 }
			d.try(t, side, "/leave", idToken(t, jwt.SigningMethodRS256, key, issued), "", true)
			d.try(t, side, "/fresh", idToken(t, jwt.SigningMethodRS256, key, issued), tt.fresh, true)
			for _, who := range d.seen {
				if who != tt.who {
					t.Errorf("let in %+v, want %+v", who, tt.who)
				}
			}
			if len(d.seen) != 1 {
				t.Errorf("let in %+v", d.seen)
			}
			d.seen = nil
			d.tryForged(t, side, key)
			if len(d.seen) > 0 {
				t.Errorf("let in %+v", d.seen)
			}
		})
	}
}

func asItIs(map[string]any) {}

// door is an API over production's client, which notes whom it lets in.
type door struct {
	api  *httpapi.API
	seen []httpapi.Identity
}

func newDoor(t *testing.T) *door {
	t.Helper()
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: lockedProject},
		option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})))
	if err != nil {
		t.Fatal(err)
	}
	users, err := app.Auth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := &door{api: httpapi.New(httpapi.Options{Verifier: identity.Tokens(users), LogKey: testkit.Ring(keys.ForLogs)})}
	note := func(_ http.ResponseWriter, r *http.Request) error {
		d.seen = append(d.seen, httpapi.Caller(r.Context()))
		return nil
	}
	d.api.Handle("GET /leave", httpapi.Leaving, note)
	d.api.Handle("GET /fresh", httpapi.FreshUser, note)
	return d
}

// try asks with the token and wants the code, "" for a success, and Firebase to be asked for the
// user or not.
func (d *door) try(t *testing.T, side *google, path, token string, code fault.Code, asked bool) {
	t.Helper()
	side.lookups = 0
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	d.api.ServeHTTP(rec, r)
	var p httpapi.Problem
	_ = json.Unmarshal(rec.Body.Bytes(), &p) // a success has no body
	if p.Code != code || (side.lookups == 1) != asked {
		t.Errorf("%s: %d %s after %d lookups, want %q", path, rec.Code, p.Code, side.lookups, code)
	}
}

// tryForged asks with tokens that are not the user's.
func (d *door) tryForged(t *testing.T, side *google, key *rsa.PrivateKey) {
	t.Helper()
	claiming := func(name string, value any) string {
		return idToken(t, jwt.SigningMethodRS256, key, func(c map[string]any) { c[name] = value })
	}
	unsigned := idToken(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, asItIs)
	for name, tt := range map[string]struct {
		token string
		code  fault.Code
	}{
		"another key's":     {idToken(t, jwt.SigningMethodRS256, newKey(t), asItIs), fault.CodeTokenInvalid},
		"unsigned":          {unsigned, fault.CodeTokenInvalid},
		"expired":           {claiming("exp", 1700000000), fault.CodeTokenExpired},
		"another project's": {claiming("aud", "other"), fault.CodeTokenInvalid},
		"another issuer's":  {claiming("iss", "https://other"), fault.CodeTokenInvalid},
		"no token":          {"x", fault.CodeTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) { d.try(t, side, "/leave", tt.token, tt.code, false) })
	}
}
