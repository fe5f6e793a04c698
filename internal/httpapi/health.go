package httpapi

import (
	"cmp"
	"context"
	_ "embed"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/fault"
)

//go:embed openapi.yaml
var contract []byte

// Contract returns the API's OpenAPI document in YAML.
func Contract() []byte { return contract }

// readyTimeout bounds the readiness probe.
const readyTimeout = 3 * time.Second

// UnknownRelease is the release of a process that was not told one.
const UnknownRelease = "unknown"

// HealthRoutes adds /health, which reports that the process answers and its release, /ready, which
// answers by the error of ready, and the contract. Neither path ends in z: Cloud Run reserves some
// of those, and /healthz may never arrive (https://cloud.google.com/run/docs/known-issues).
func HealthRoutes(api *API, release string, ready func(context.Context) error) {
	ok := map[string]string{"status": "ok"}
	health := map[string]string{"status": "ok", "release": cmp.Or(release, UnknownRelease)}
	api.Handle("GET /health", Open, func(w http.ResponseWriter, _ *http.Request) error {
		return Write(w, http.StatusOK, health)
	})
	api.Handle("GET /ready", Open, func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := ready(ctx); err != nil {
			return fault.Wrap(err, fault.CodeUnavailable, "A store does not answer.").WithRetryAfter(readyTimeout)
		}
		return Write(w, http.StatusOK, ok)
	})
	api.Handle("GET /v1/openapi.yaml", Open, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/yaml")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(contract) // the client may be gone
		return nil
	})
}
