package otlp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/facescan/facescan/internal/telemetry"
)

const cloudScope = "https://www.googleapis.com/auth/cloud-platform"

// defaultCredentials are the application default credentials, which the first export looks for: a
// start must not wait for the metadata server.
type defaultCredentials struct {
	mu    sync.Mutex
	found oauth2.TokenSource
}

// Token implements oauth2.TokenSource.
func (d *defaultCredentials) Token() (*oauth2.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found == nil {
		found, err := google.DefaultTokenSource(context.Background(), cloudScope)
		if err != nil {
			return nil, fmt.Errorf("find the credentials for traces: %w", err)
		}
		d.found = found
	}
	return d.found.Token()
}

// authorizing sends requests to Google's endpoint with a token. Any other request, such as one that
// a redirection leads to, it sends without.
type authorizing struct {
	base   http.RoundTripper
	tokens oauth2.TokenSource
}

// RoundTrip implements http.RoundTripper.
func (a *authorizing) RoundTrip(r *http.Request) (*http.Response, error) {
	base := cmp.Or(a.base, http.DefaultTransport)
	if !telemetry.Google(r.URL) {
		return base.RoundTrip(r)
	}
	return (&oauth2.Transport{Source: a.tokens, Base: base}).RoundTrip(r)
}
