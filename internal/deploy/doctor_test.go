package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// answers are what a fake of Google's gives, by "METHOD /api/path": a status, or what is sent as
// JSON.
type answers map[string]any

// request is what the fake was sent.
type request struct {
	key  string
	body map[string]any
}

// cloudOf is an environment whose Google gives the answers; sent is what was asked.
func cloudOf(t *testing.T, all answers) (c *cloud, out *strings.Builder, sent func() []request) {
	t.Helper()
	var mu sync.Mutex
	var requests []request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		key := r.Method + " " + r.URL.Path
		mu.Lock()
		requests = append(requests, request{key, body})
		mu.Unlock()
		answer, known := all[key]
		switch status, is := answer.(int); {
		case !known:
			http.Error(w, `{"error":{"message":"not there"}}`, http.StatusNotFound)
		case is:
			http.Error(w, `{"error":{"message":"as the test wants"}}`, status)
		case r.Header.Get("Authorization") != "Bearer token-of-the-test",
			r.Header.Get("X-Goog-User-Project") != "facescan-dev":
			http.Error(w, "", http.StatusUnauthorized)
		default:
			_ = json.NewEncoder(w).Encode(answer)
		}
	}))
	t.Cleanup(server.Close)
	out = new(strings.Builder)
	c = &cloud{dir: t.TempDir(), env: "dev", project: "facescan-dev", out: out, progress: out,
		clock: new(gcp.Leaps),
		google: gcp.Offline("facescan-dev", map[string]string{
			gcp.ResourceManager.Variable: server.URL + "/rm/", gcp.Billing.Variable: server.URL + "/billing/",
			gcp.ServiceUsage.Variable: server.URL + "/usage/v1/", gcp.SecretManager.Variable: server.URL + "/secrets/",
			gcp.Storage.Variable: server.URL + "/storage/", gcp.PubSub.Variable: server.URL + "/pubsub/",
			gcp.Firestore.Variable: server.URL + "/firestore/", gcp.Logging.Variable: server.URL + "/logging/",
			gcp.Run.Variable:      server.URL + "/run/",
			gcp.Identity.Variable: server.URL + "/identity/", gcp.Rules.Variable: server.URL + "/rules/",
			gcp.Functions.Variable: server.URL + "/functions/", "GOOGLE_OAUTH_ACCESS_TOKEN": "token-of-the-test",
		})}
	return c, out, func() []request {
		mu.Lock()
		defer mu.Unlock()
		return requests
	}
}

// It replaces the package's resolver, so it does not run beside others.
func TestPointsAt(t *testing.T) {
	before := lookup
	t.Cleanup(func() { lookup = before })
	for name, tt := range map[string]struct {
		addresses []string
		err       error
		want      string
	}{
		"at our address":            {[]string{"192.0.2.1"}, nil, ""},
		"at another":                {[]string{"192.0.2.9"}, nil, "has to point at 192.0.2.1"},
		"at ours and another":       {[]string{"192.0.2.1", "192.0.2.9"}, nil, "alone"},
		"nowhere":                   {nil, errors.New("no such host"), "has no A record yet"},
		"at ours and IPv6 as well":  {[]string{"192.0.2.1", "2001:db8::1"}, nil, "alone"},
		"at no address of any kind": {nil, nil, "has to point"},
	} {
		t.Run(name, func(t *testing.T) {
			lookup = func(context.Context, string) ([]string, error) { return tt.addresses, tt.err }
			err := pointsAt(t.Context(), "api.example.com", "192.0.2.1")
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestPushCheck(t *testing.T) {
	t.Parallel()
	const log = "POST /logging/entries:list"
	const publish = "POST /pubsub/projects/facescan-dev/topics/facescan-sweep-requested-v1:publish"
	t.Run("sees the sweep that it asked for", func(t *testing.T) {
		t.Parallel()
		all := answers{publish: map[string]any{"messageIds": []string{"1"}}}
		c, _, sent := cloudOf(t, all)
		// The line is there only after the publication; a map that the server reads must not be
		// written, so the server answers by what it was sent.
		all[log] = sweptAfter{sent, publish}
		found, err := c.checkPush(t.Context())
		if err != nil || !strings.Contains(found, "swept in") {
			t.Errorf("%q, %v", found, err)
		}
		for _, r := range sent() {
			if r.key == publish && !strings.Contains(mustJSON(t, r.body), `"data":"ey`) {
				t.Errorf("published %v, want the event in base64", r.body)
			}
		}
	})
	t.Run("fails where nothing may be published", func(t *testing.T) {
		t.Parallel()
		c, _, _ := cloudOf(t, answers{publish: 403, log: map[string]any{}})
		_, err := c.checkPush(t.Context())
		if err == nil || !strings.Contains(err.Error(), "publish to facescan-sweep-requested-v1") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("ends with its context", func(t *testing.T) {
		t.Parallel()
		c, _, _ := cloudOf(t, answers{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.checkPush(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}

// sweptAfter is the log, with the line of a sweep once the publication was sent.
type sweptAfter struct {
	sent    func() []request
	publish string
}

func (s sweptAfter) MarshalJSON() ([]byte, error) {
	var entries []map[string]any
	for _, r := range s.sent() {
		if r.key == s.publish {
			entries = append(entries, map[string]any{"timestamp": "2026-11-22T02:00:05.123Z"})
		}
	}
	return json.Marshal(map[string]any{"entries": entries})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
