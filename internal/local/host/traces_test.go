package host

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/waterfall"
)

// A scan's trace is found by the scan, by its user and by the user's pseudonym, and has all
// functions that the photo goes through.
func TestTraces(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, name := range []string{
		variableCollector, "OTEL_EXPORTER_OTLP_PROTOCOL", "FACESCAN_TRACE_RATIO",
		emulator.Firestore.Env(), emulator.PubSub.Env(), emulator.Auth.Env(),
	} {
		t.Setenv(name, "") // of the stack before, too
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	h, err := Start(ctx, Options{Traces: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	ada := enrol(ctx, t, h, "ada")
	scan := awaitEnd(ctx, t, ada, upload(ctx, t, ada, emulatortest.SamplePhoto(t)))
	logs, err := keys.Parse(keys.ForLogs, os.Getenv(keys.ForLogs.Variable()))
	if err != nil {
		t.Fatal(err)
	}
	uid := uidOf(ctx, t, ada)
	for name, id := range map[string]string{"the scan": scan.ID, "the user": uid, "the pseudonym": logs.Pseudonym(uid)} {
		t.Run("by "+name, func(t *testing.T) {
			want := []string{"analyze", "notify", "rank", "upload"}
			found, err := client.Poll(ctx, func() (waterfall.Summary, bool, error) {
				all := traces(ctx, t, h, "?q="+id)
				if len(all) != 1 {
					return waterfall.Summary{}, false, nil
				}
				return all[0], slices.Equal(all[0].Services, want), nil
			})
			if err != nil {
				t.Fatalf("%v, %+v", err, found)
			}
		})
	}
	if found := traces(ctx, t, h, "?q=nobody"); len(found) != 0 {
		t.Errorf("traces of nobody: %+v", found)
	}
	if status := statusOf(ctx, t, h.URL+waterfall.JSONPath); status != http.StatusNotFound {
		t.Errorf("the public port shows traces: status %d", status)
	}
}

func TestTraces_ofAnotherCollector(t *testing.T) {
	t.Setenv(variableCollector, "http://127.0.0.1:4318")
	h := &Host{}
	if err := h.collectTraces(true); err != nil || h.TracesURL() != "" {
		t.Errorf("%v, traces at %q", err, h.TracesURL())
	}
}

// traces returns those that the stack finds.
func traces(ctx context.Context, t *testing.T, h *Host, query string) (found []waterfall.Summary) {
	t.Helper()
	url := strings.TrimSuffix(h.TracesURL(), waterfall.PagePath) + waterfall.JSONPath + query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return found
}

func statusOf(ctx context.Context, t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func uidOf(ctx context.Context, t *testing.T, c *client.Client) string {
	t.Helper()
	me, err := c.API().GetProfileWithResponse(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return me.JSON200.UID
}
