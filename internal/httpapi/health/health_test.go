package health_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/httpapi/health"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	up := func(context.Context) error { return nil }
	down := func(context.Context) error { return errors.New("down") }
	for name, tt := range map[string]struct {
		release string
		ready   func(context.Context) error
		path    string
		status  int
		body    string
	}{
		"the release":             {"1f0c9a7", down, "/health", http.StatusOK, `"release":"1f0c9a7","status":"ok"}`},
		"a release of no name":    {"", up, "/health", http.StatusOK, `"release":"unknown","status":"ok"}`},
		"ready":                   {"1f0c9a7", up, "/ready", http.StatusOK, `{"status":"ok"}`},
		"not ready":               {"1f0c9a7", down, "/ready", http.StatusServiceUnavailable, `"code":"unavailable"`},
		"Cloud Run's own path":    {"1f0c9a7", up, "/healthz", http.StatusNotFound, `"code":"not_found"`},
		"and that of readiness":   {"1f0c9a7", up, "/readyz", http.StatusNotFound, `"code":"not_found"`},
		"nothing is below health": {"", up, "/health/", http.StatusNotFound, `"code":"not_found"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := httpapi.New(httpapi.Options{LogKey: testkit.Ring(keys.ForLogs)})
			health.Routes(api, tt.release, tt.ready)
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, nil))
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.body) {
				t.Errorf("%d %.300s, want %d with %s", rec.Code, rec.Body, tt.status, tt.body)
			}
		})
	}
}

// Requests for /ready come from anybody, and a read is paid for.
func TestReady_readsOnceForMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int32
		var broken atomic.Bool
		api := httpapi.New(httpapi.Options{LogKey: testkit.Ring(keys.ForLogs)})
		health.Routes(api, "", func(ctx context.Context) error {
			reads.Add(1)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
			if broken.Load() {
				return errors.New("down")
			}
			return nil
		})
		ask := func(ctx context.Context) int {
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/ready", nil))
			return rec.Code
		}
		wantReads := func(what string, want int32) {
			t.Helper()
			if got := reads.Swap(0); got != want {
				t.Errorf("%s: %d reads, want %d", what, got, want)
			}
		}
		many := func(status int) {
			t.Helper()
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if got := ask(t.Context()); got != status {
						t.Errorf("status %d, want %d", got, status)
					}
				})
			}
			all.Wait()
		}

		gone, leave := context.WithTimeout(t.Context(), time.Millisecond)
		defer leave()
		var first sync.WaitGroup
		first.Go(func() { ask(gone) })
		synctest.Wait()
		many(http.StatusOK) // although the request that began the read is gone
		first.Wait()
		many(http.StatusOK)
		wantReads("200 at once", 1)

		time.Sleep(5 * time.Second)
		broken.Store(true)
		many(http.StatusServiceUnavailable)
		many(http.StatusServiceUnavailable)
		wantReads("200 of a store that is down", 1)

		broken.Store(false)
		time.Sleep(time.Second)
		many(http.StatusOK)
		wantReads("100 a second after", 1)
	})
}

// scripts/deploy asks by it, after a deployment, whether a client can choose its address.
func TestHealth_tellsTheCaller(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"198.51.100.7":           `{"client":"198.51.100.7",`,
		"":                       `{"client":"192.0.2.1",`, // httptest's
		"192.0.2.9,198.51.100.7": `{"client":"unknown",`,
	} {
		api := httpapi.New(httpapi.Options{LogKey: testkit.Ring(keys.ForLogs)})
		health.Routes(api, "", nil)
		rec := httptest.NewRecorder()
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/health", nil)
		if header != "" {
			req.Header.Set(httpapi.HeaderClient, header)
		}
		if api.ServeHTTP(rec, req); !strings.HasPrefix(rec.Body.String(), want) {
			t.Errorf("with %q: %s, want %s", header, rec.Body, want)
		}
	}
}
