package httpapi

import (
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

// HealthRoutes adds /healthz, which reports that the process answers, /readyz, which answers by the
// error of ready, and the contract.
func HealthRoutes(api *API, ready func(context.Context) error) {
	ok := map[string]string{"status": "ok"}
	api.Handle("GET /healthz", Open, func(w http.ResponseWriter, _ *http.Request) error {
		return Write(w, http.StatusOK, ok)
	})
	api.Handle("GET /readyz", Open, func(w http.ResponseWriter, r *http.Request) error {
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
