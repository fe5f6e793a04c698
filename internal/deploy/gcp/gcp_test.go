package gcp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
	"github.com/facescan/facescan/internal/deploy/gcp"
)

func TestOffline_callsNoAddressButThoseItIsGiven(t *testing.T) {
	t.Setenv(gcp.PubSub.Variable, "https://pubsub.googleapis.com/v1/")
	t.Setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a real one")
	c := gcp.Offline("p", map[string]string{})
	if err := c.Call(t.Context(), gcp.PubSub, http.MethodGet, "projects/p", nil, nil); !errors.Is(err, gcp.ErrNoFake) {
		t.Errorf("err = %v", err)
	}
	if token, err := c.Token(t.Context()); token != "" || err != nil {
		t.Errorf("it has the token %q, %v", token, err)
	}
}

// served is a client whose every API is the handler.
func served(t *testing.T, handler http.HandlerFunc) *gcp.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	environ := map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": "token"}
	for _, api := range []gcp.API{gcp.ServiceUsage, gcp.Run, gcp.Storage} {
		environ[api.Variable] = server.URL + "/v1/"
	}
	return gcp.Offline("p", environ)
}

func TestCall_takesItsOwnVersion(t *testing.T) {
	t.Parallel()
	var path string
	c := served(t, func(w http.ResponseWriter, r *http.Request) { path = r.URL.Path; fmt.Fprint(w, "{}") })
	for api, want := range map[gcp.API]string{gcp.ServiceUsage: "/v1/x", gcp.ServiceUsageBeta: "/v1beta1/x"} {
		if err := c.Call(t.Context(), api, http.MethodGet, "x", nil, nil); err != nil || path != want {
			t.Errorf("called %s, %v, want %s", path, err, want)
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status      int
		body        string
		off, absent bool
		message     string
	}{
		"an API that is off": {
			403, `{"error":{"message":"off","details":[{"links":[]},{"reason":"SERVICE_DISABLED"}]}}`, true, true,
			"Google answers 403: off",
		},
		"a lack of rights":      {403, `{"error":{"message":"no"}}`, false, false, "Google answers 403: no"},
		"what is not there":     {404, `{"error":{"message":"gone"}}`, false, true, "Google answers 404: gone"},
		"an answer in no JSON":  {502, "bad gateway\n", false, false, "Google answers 502: bad gateway"},
		"an answer that is bad": {200, "not JSON", false, false, "read Google's answer: invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := served(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			var into map[string]any
			err := c.Call(t.Context(), gcp.Run, http.MethodGet, "x", nil, &into)
			if err == nil || len(err.Error()) < len(tt.message) || err.Error()[:len(tt.message)] != tt.message {
				t.Fatalf("err = %v, want %q", err, tt.message)
			}
			if gcp.Off(err) != tt.off || gcp.Absent(err) != tt.absent {
				t.Errorf("off %t, absent %t", gcp.Off(err), gcp.Absent(err))
			}
		})
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []string
		slept   time.Duration
		err     bool
	}{
		"one that is done":    {nil, 0, false},
		"one that takes time": {[]string{`{"name":"o"}`, `{"name":"o","done":true}`}, 6 * time.Second, false},
		"one that fails": {
			[]string{`{"name":"o","done":true,"error":{"code":13,"message":"no"}}`}, 3 * time.Second, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			c := served(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tt.answers[n]); n++ })
			clock := new(gcp.Leaps)
			err := c.Await(t.Context(), clock, gcp.Run, gcp.Operation{Name: "o", Done: len(tt.answers) == 0})
			if (err != nil) != tt.err || clock.Leaped() != tt.slept {
				t.Errorf("%v after %s, want %s", err, clock.Leaped(), tt.slept)
			}
		})
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	fake, err := fakegcp.Start(t.Context(), fakegcp.Options{Project: "facescan-objects"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	c := gcp.Offline("facescan-objects", fake.Environ())
	if err := c.Call(t.Context(), gcp.Storage, http.MethodPost, "b?project=facescan-objects",
		map[string]any{"name": "bucket"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/1.json", "a/2.json", "b/1.json"} {
		if err := c.WriteObject(t.Context(), "bucket", name, []byte("content of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.WriteObject(t.Context(), "bucket", "a/1.json", []byte("another")); !gcp.Refused(err, 412) {
		t.Errorf("an object is written twice: %v", err)
	}
	names, err := c.ListObjects(t.Context(), "bucket", "a/")
	if diff := cmp.Diff([]string{"a/1.json", "a/2.json"}, names); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := c.ReadObject(t.Context(), "bucket", "a/1.json"); string(got) != "content of a/1.json" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, clock := range []gcp.Clock{gcp.Wall{}, new(gcp.Leaps)} {
		before := clock.Now()
		if err := clock.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("%T sleeps though its context has ended: %v", clock, err)
		}
		if err := clock.Sleep(t.Context(), time.Millisecond); err != nil || clock.Now().Sub(before) < time.Millisecond {
			t.Errorf("%T does not sleep: %v", clock, err)
		}
	}
}
