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

	"github.com/google/go-cmp/cmp"
)

// answers are what a fake of Google's gives, by "METHOD /api/path": a status, or what is sent as
// JSON.
type answers map[string]any

// healthy is a project that lacks nothing.
func healthy() answers {
	services := make([]any, len(firstAPIs))
	for i, name := range firstAPIs {
		services[i] = map[string]any{"config": map[string]any{"name": name}}
	}
	all := answers{
		"GET /rm/projects/facescan-dev":                     map[string]any{"lifecycleState": "ACTIVE", "projectNumber": "1"},
		"POST /rm/projects/facescan-dev:testIamPermissions": map[string]any{"permissions": permissions},
		"GET /billing/projects/facescan-dev/billingInfo":    map[string]any{"billingEnabled": true},
		"GET /usage/projects/facescan-dev/services":         map[string]any{"services": services},
		"GET /storage/b/facescan-dev-facescan-state":        map[string]any{},
	}
	for _, name := range secretNames() {
		all["GET /secrets/projects/facescan-dev/secrets/facescan-"+name+"/versions/1"] = map[string]any{"state": "ENABLED"}
	}
	return all
}

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
		google: newGoogle("facescan-dev", map[string]string{
			resourceManager.variable: server.URL + "/rm/", billing.variable: server.URL + "/billing/",
			serviceUsage.variable: server.URL + "/usage/", secretManager.variable: server.URL + "/secrets/",
			storageAPI.variable: server.URL + "/storage/", pubsubAPI.variable: server.URL + "/pubsub/",
			firestoreAPI.variable: server.URL + "/firestore/", "GOOGLE_OAUTH_ACCESS_TOKEN": "token-of-the-test",
		})}
	return c, out, func() []request {
		mu.Lock()
		defer mu.Unlock()
		return requests
	}
}

func TestDoctorBefore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil map[string]any // nil removes the answer
		want  map[string]string
	}{
		"a project that lacks nothing": {},
		"no such project": {
			map[string]any{"GET /rm/projects/facescan-dev": 403},
			map[string]string{"project": "gcloud projects create facescan-dev"},
		},
		"a project about to be deleted": {
			map[string]any{"GET /rm/projects/facescan-dev": map[string]any{"lifecycleState": "DELETE_REQUESTED"}},
			map[string]string{"project": "DELETE_REQUESTED"},
		},
		"no billing": {
			map[string]any{"GET /billing/projects/facescan-dev/billingInfo": map[string]any{}},
			map[string]string{"billing": "gcloud billing projects link facescan-dev"},
		},
		"no API": {
			map[string]any{"GET /usage/projects/facescan-dev/services": map[string]any{}},
			map[string]string{"APIs": "gcloud services enable " + firstAPIs[0]},
		},
		"a permission less": {
			map[string]any{"POST /rm/projects/facescan-dev:testIamPermissions": map[string]any{"permissions": permissions[1:]}},
			map[string]string{"permissions": "lacks " + permissions[0]},
		},
		"no state bucket": {
			map[string]any{"GET /storage/b/facescan-dev-facescan-state": nil},
			map[string]string{"state": "scripts/deploy bootstrap -env dev"},
		},
		"no version of a secret": {
			map[string]any{"GET /secrets/projects/facescan-dev/secrets/facescan-hash-key/versions/1": nil},
			map[string]string{"secrets": "facescan-hash-key has no version 1"},
		},
		"a destroyed version": {
			map[string]any{
				"GET /secrets/projects/facescan-dev/secrets/facescan-hash-key/versions/1": map[string]any{"state": "DESTROYED"},
			},
			map[string]string{"secrets": "scripts/deploy bootstrap"},
		},
		"everything at once, and all of it is told": {
			map[string]any{
				"GET /rm/projects/facescan-dev": 404, "GET /billing/projects/facescan-dev/billingInfo": 403,
				"GET /usage/projects/facescan-dev/services": 403, "GET /storage/b/facescan-dev-facescan-state": 403,
			},
			map[string]string{"project": "404", "billing": "403", "APIs": "as the test wants", "state": "403"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := healthy()
			for key, answer := range tt.spoil {
				if all[key] = answer; answer == nil {
					delete(all, key)
				}
			}
			c, out, _ := cloudOf(t, all)
			err := c.doctor(t.Context(), c.before())
			if (err != nil) != (len(tt.want) > 0) || err != nil && !errors.Is(err, errSick) {
				t.Errorf("err = %v", err)
			}
			checkFails(t, out.String(), tt.want)
		})
	}
}

// checkFails wants each line FAIL, and the words in it or in the line below, and no other.
func checkFails(t *testing.T, told string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	rows := strings.Split(told, "\n")
	for i, row := range rows {
		if fields := strings.Fields(row); len(fields) > 1 && fields[0] == "FAIL" {
			got[fields[1]] = row + rows[i+1]
		}
	}
	for name, words := range want {
		if !strings.Contains(got[name], words) {
			t.Errorf("%s: %q is not told in:\n%s", name, words, told)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("also told as faults: %v", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		want   string
		failed bool
	}{
		"what is well":         {nil, "ok    domain         fine\n", false},
		"what was not made":    {skip("no reason"), "skip  domain         no reason\n", false},
		"what is not as it is": {errors.New("wrong"), "FAIL  domain         wrong\n                     -> mend it\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			failed := report(&out, check{name: "domain", mend: "mend it"}, "fine", tt.err)
			if diff := cmp.Diff(tt.want, out.String()); diff != "" || failed != tt.failed {
				t.Errorf("failed %t:\n%s", failed, diff)
			}
		})
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

func TestChecksOfADryRunTellWhyTheyAreSkipped(t *testing.T) {
	t.Parallel()
	c, out, sent := cloudOf(t, nil)
	c.dry = true
	if err := c.doctor(t.Context(), c.after()); err != nil {
		t.Error(err)
	}
	if strings.Count(out.String(), "skip  ") != len(c.after()) || len(sent()) != 0 {
		t.Errorf("%d calls, and told:\n%s", len(sent()), out)
	}
}

func TestPushCheck(t *testing.T) {
	t.Parallel()
	const lease = "GET /firestore/projects/facescan-dev/databases/(default)/documents/limits/sweep"
	const publish = "POST /pubsub/projects/facescan-dev/topics/sweep-requested-v1:publish"
	t.Run("sees the sweep that it asked for", func(t *testing.T) {
		t.Parallel()
		all := answers{publish: map[string]any{"messageIds": []string{"1"}}}
		c, _, sent := cloudOf(t, all)
		// The lease is written only after the publication; a map that the server reads must not be
		// written, so the server answers by what it was sent.
		all[lease] = leaseAfter{sent, publish}
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
		c, _, _ := cloudOf(t, answers{publish: 403})
		if _, err := c.checkPush(t.Context()); err == nil || !strings.Contains(err.Error(), "publish to sweep-requested-v1") {
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

// leaseAfter is the lease's document, written once the publication was sent.
type leaseAfter struct {
	sent    func() []request
	publish string
}

func (l leaseAfter) MarshalJSON() ([]byte, error) {
	at := "2026-11-22T02:00:00Z"
	for _, r := range l.sent() {
		if r.key == l.publish {
			at = "2026-11-22T02:00:05Z"
		}
	}
	return json.Marshal(map[string]any{"updateTime": at})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
