package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/httpapi"
)

func TestHealthRoutes(t *testing.T) {
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
		"the release":             {"1f0c9a7", down, "/health", http.StatusOK, `{"release":"1f0c9a7","status":"ok"}`},
		"a release of no name":    {"", up, "/health", http.StatusOK, `{"release":"unknown","status":"ok"}`},
		"ready":                   {"1f0c9a7", up, "/ready", http.StatusOK, `{"status":"ok"}`},
		"not ready":               {"1f0c9a7", down, "/ready", http.StatusServiceUnavailable, `"code":"unavailable"`},
		"Cloud Run's own path":    {"1f0c9a7", up, "/healthz", http.StatusNotFound, `"code":"not_found"`},
		"and that of readiness":   {"1f0c9a7", up, "/readyz", http.StatusNotFound, `"code":"not_found"`},
		"the contract is served":  {"", up, "/v1/openapi.yaml", http.StatusOK, "  /health:\n"},
		"the contract has ready":  {"", up, "/v1/openapi.yaml", http.StatusOK, "  /ready:\n"},
		"nothing is below health": {"", up, "/health/", http.StatusNotFound, `"code":"not_found"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := httpapi.New(httpapi.Options{HashKey: []byte("key")})
			httpapi.HealthRoutes(api, tt.release, tt.ready)
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, nil))
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.body) {
				t.Errorf("%d %.300s, want %d with %s", rec.Code, rec.Body, tt.status, tt.body)
			}
		})
	}
}
