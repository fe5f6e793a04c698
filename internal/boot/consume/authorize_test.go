package consume

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/api/idtoken"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
)

func TestPushAuthorizer(t *testing.T) {
	t.Parallel()
	validate := func(_ context.Context, token, audience string) (*idtoken.Payload, error) {
		payloads := map[string]map[string]any{
			"good":         {"email": testAccount, "email_verified": true},
			"other":        {"email": "other@facescan-prod.iam.gserviceaccount.com", "email_verified": true},
			"unverified":   {"email": testAccount, "email_verified": false},
			"text":         {"email": testAccount, "email_verified": "true"},
			"unsaid":       {"email": testAccount},
			"nobody":       {"email_verified": true},
			"email-number": {"email": 7, "email_verified": true},
		}
		claims, ok := payloads[token]
		if !ok {
			return nil, errors.New("not a token")
		}
		if audience != testAudience {
			return nil, errors.New("another audience")
		}
		return &idtoken.Payload{Audience: audience, Claims: claims}, nil
	}
	for name, tt := range map[string]struct {
		header   string
		audience string
		admitted bool
	}{
		"our account for our audience is admitted": {"Bearer good", testAudience, true},
		"no token":                          {"", testAudience, false},
		"no bearer token":                   {"Basic good", testAudience, false},
		"an empty token":                    {"Bearer ", testAudience, false},
		"a token that is not valid":         {"Bearer forged", testAudience, false},
		"a token for another audience":      {"Bearer good", "https://other", false},
		"another account's token":           {"Bearer other", testAudience, false},
		"an unverified e-mail":              {"Bearer unverified", testAudience, false},
		"an e-mail verified in words only":  {"Bearer text", testAudience, false},
		"an e-mail of unknown verification": {"Bearer unsaid", testAudience, false},
		"no e-mail":                         {"Bearer nobody", testAudience, false},
		"an e-mail that is no text":         {"Bearer email-number", testAudience, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkAuthorizer(t, pushAuthorizer(validate, tt.audience, testAccount), tt.header, tt.admitted)
		})
	}
}

func checkAuthorizer(t *testing.T, authorize func(*http.Request) error, header string, admitted bool) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	err := authorize(r)
	if admitted && err != nil {
		t.Errorf("refused: %v", err)
	}
	if !admitted && !fault.Is(err, fault.CodeEventUnauthorized) {
		t.Errorf("err = %v, want event_unauthorized", err)
	}
}

func TestUnauthorizedDelivery_reachesNothing(t *testing.T) {
	t.Parallel()
	a := testAdapter(t, func(context.Context, event.Message) error {
		t.Error("handled")
		return nil
	})
	a.authorize = func(*http.Request) error { return fault.New(fault.CodeEventUnauthorized, "No.") }
	for _, body := range []string{pushBody(t, "m1", "x", nil), "{"} {
		if rec := deliver(a, body); rec.Code != http.StatusUnauthorized || rec.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("answer = %d %v", rec.Code, rec.Header())
		}
	}
	if docs := parkedDocs(t, a); len(docs) != 0 {
		t.Errorf("a stranger parked %v", docs)
	}
}

// Google's own validator, with our key in the place of Google's.
func TestPushAuthorizerWithGooglesValidator(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	validator, err := idtoken.NewValidator(
		t.Context(), option.WithHTTPClient(&http.Client{Transport: certificates{&key.PublicKey}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	authorize := pushAuthorizer(validator.Validate, testAudience, testAccount)
	claims := func(name string, value any) map[string]any {
		c := map[string]any{
			"iss": "https://accounts.google.com", "aud": testAudience, "email": testAccount, "email_verified": true,
			"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		}
		c[name] = value
		return c
	}
	for name, tt := range map[string]struct {
		token    string
		admitted bool
	}{
		"as Pub/Sub signs it":   {sign(t, key, "RS256", claims("sub", "1")), true},
		"signed by another key": {sign(t, forger, "RS256", claims("sub", "1")), false},
		"not signed":            {sign(t, key, "none", claims("sub", "1")), false},
		"for another audience":  {sign(t, key, "RS256", claims("aud", "https://other")), false},
		"expired":               {sign(t, key, "RS256", claims("exp", time.Now().Add(-time.Hour).Unix())), false},
		"of another account":    {sign(t, key, "RS256", claims("email", "other@example.com")), false},
		"unverified":            {sign(t, key, "RS256", claims("email_verified", false)), false},
		"no token at all":       {"garbage", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkAuthorizer(t, authorize, "Bearer "+tt.token, tt.admitted)
		})
	}
}

// certificates answers every request with Google's document of public keys, which holds this one.
type certificates struct{ key *rsa.PublicKey }

func (c certificates) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1",
		"n": base64.RawURLEncoding.EncodeToString(c.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(c.key.E)).Bytes()),
	}}})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Cache-Control": {"max-age=3600"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

func sign(t *testing.T, key *rsa.PrivateKey, alg string, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]string{"alg": alg, "typ": "JWT", "kid": "k1"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
