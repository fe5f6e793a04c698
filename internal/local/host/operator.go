package host

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator"
)

// operatorPath is where a shell gets the environment of the operator's commands.
const operatorPath = "/dev/operator"

// operatorVariables returns the names of what scripts/admin, scripts/replay and scripts/migrate
// read of the environment. In production an operator exports the secrets by gcloud.
func operatorVariables() []string {
	names := []string{
		emulator.Firestore.Env(), emulator.PubSub.Env(), emulator.Auth.Env(), "STORAGE_EMULATOR_HOST",
		"FACESCAN_UPLOADS_BUCKET", "FACESCAN_RESULTS_BUCKET", "FACESCAN_TOMBSTONES_BUCKET",
	}
	for _, use := range []keys.Use{keys.ForOutbox, keys.ForAudit, keys.ForRatings, keys.ForErased, keys.ForReceipts} {
		names = append(names, use.Variable())
	}
	return names
}

// getOperator answers with lines for a shell to evaluate.
func (*Host) getOperator(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	for _, name := range operatorVariables() {
		quoted := strings.ReplaceAll(os.Getenv(name), "'", `'\''`)
		_, _ = fmt.Fprintf(w, "export %s='%s'\n", name, quoted) // a reader who is gone misses nothing
	}
}

// OperatorURL returns where a shell gets the environment of the operator's commands,
// http://127.0.0.1:port/dev/operator.
func (h *Host) OperatorURL() string { return h.private.url(address.Loopback) + operatorPath }
