package boot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testkit"
)

const (
	testTrace       = "4bf92f3577b34da6a3ce929d0e0e4736"
	testSpan        = "00f067aa0ba902b7"
	testTraceparent = "00-" + testTrace + "-" + testSpan + "-01"
)

// localProcess is a process on the emulators.
func localProcess(t *testing.T) *Process {
	t.Helper()
	config, err := ReadConfig(Environ())
	if err != nil {
		t.Fatal(err)
	}
	return newProcess(config)
}

func serveOnce(h http.Handler, method, target string, body io.Reader, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	for name, values := range header {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestFunction(t *testing.T) {
	t.Parallel()
	t.Run("one that is not registered is not there", func(t *testing.T) {
		t.Parallel()
		if h, ok := Function("nobody"); ok || h != nil {
			t.Error("found")
		}
	})
	t.Run("a failed build answers 503 and the next request builds again", func(t *testing.T) {
		t.Parallel()
		var builds atomic.Int32
		HTTP("flaky", func(context.Context, *Process) (http.Handler, error) {
			if builds.Add(1) == 1 {
				return nil, errors.New("secret cause")
			}
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }), nil
		})
		if builds.Load() != 0 {
			t.Error("built at registration")
		}
		h, ok := Function("flaky")
		if !ok {
			t.Fatal("not registered")
		}
		checkUnavailable(t, serveOnce(h, http.MethodGet, "/", nil, nil))
		for range 2 {
			if rec := serveOnce(h, http.MethodGet, "/", nil, nil); rec.Code != http.StatusAccepted {
				t.Errorf("status %d after a build that succeeded", rec.Code)
			}
		}
		if builds.Load() != 2 {
			t.Errorf("built %d times, want 2", builds.Load())
		}
		if len(linesOf(&logs, "secret cause")) == 0 {
			t.Error("the cause is not in the log")
		}
	})
	t.Run("a handler's panic is not the end of the count of running requests", func(t *testing.T) {
		t.Parallel()
		HTTP("panicky", func(context.Context, *Process) (http.Handler, error) {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("handler") }), nil
		})
		h, _ := Function("panicky")
		func() {
			defer func() { _ = recover() }() // the framework does it
			serveOnce(h, http.MethodGet, "/", nil, nil)
		}()
		testkit.Eventually(t, "no request is counted as running", func() bool {
			drain.mu.Lock()
			defer drain.mu.Unlock()
			return drain.running == 0
		})
	})
	t.Run("the caller's trace goes on, and the log carries trace and function", func(t *testing.T) {
		t.Parallel()
		var got string
		HTTP("traced", func(_ context.Context, p *Process) (http.Handler, error) {
			api := p.API(nil, nil)
			api.Handle("GET /x", httpapi.Public, func(_ http.ResponseWriter, r *http.Request) error {
				got = telemetry.Traceparent(r.Context())
				return errors.New("cause of the traced request")
			})
			return api, nil
		})
		h, _ := Function("traced")
		serveOnce(h, http.MethodGet, "/x", nil, http.Header{"Traceparent": {testTraceparent}})
		if !strings.HasPrefix(got, "00-"+testTrace+"-") || strings.Contains(got, testSpan) {
			t.Errorf("traceparent = %q, want a new span in the trace of %q", got, testTraceparent)
		}
		lines := linesOf(&logs, "cause of the traced request")
		if len(lines) != 1 {
			t.Fatalf("log = %q", lines)
		}
		var entry map[string]any
		if err := json.Unmarshal([]byte(lines[0]), &entry); err != nil {
			t.Fatal(err)
		}
		if entry["function"] != "traced" || entry["logging.googleapis.com/trace"] !=
			"projects/"+testProject+"/traces/"+testTrace {
			t.Errorf("log entry = %v", entry)
		}
	})
}

// Not parallel: it changes the environment and the process's one Process.
func TestFunction_spanOfARequest(t *testing.T) {
	withoutCurrent(t)
	t.Setenv("FACESCAN_TRACE_RATIO", "1")
	p, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	spans := tracetest.NewInMemoryExporter()
	p.ExportBy(spans)
	t.Cleanup(func() { _ = p.tracing.Stop(context.Background()) })
	HTTP("spanned", func(_ context.Context, p *Process) (http.Handler, error) {
		api := p.API(nil, nil)
		api.Handle("GET /v1/scans/{id}", httpapi.Public, func(_ http.ResponseWriter, r *http.Request) error {
			switch r.PathValue("id") {
			case "broken":
				return errors.New("of a@example.com")
			case "crashed":
				panic("of a@example.com")
			}
			return nil
		})
		return api, nil
	})
	HTTP("spanned-plain", func(context.Context, *Process) (http.Handler, error) {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("handler") }), nil
	})
	const route = "GET /v1/scans/{id} /v1/scans/{id}"
	for name, tt := range map[string]struct{ function, method, path, want string }{
		"an answer without a status":        {"spanned", "GET", "/v1/scans/s1", route + " 200 Unset"},
		"an error":                          {"spanned", "GET", "/v1/scans/broken", route + " 500 Error"},
		"a panic":                           {"spanned", "GET", "/v1/scans/crashed", route + " 500 Error"},
		"a path without a route":            {"spanned", "GET", "/v1/a@example.com", "GET  404 Unset"},
		"a method without a route":          {"spanned", "PUT", "/v1/scans/s1", "PUT  405 Unset"},
		"a panic that nothing has answered": {"spanned-plain", "GET", "/", "GET  500 Error"},
	} {
		t.Run(name, func(t *testing.T) {
			spans.Reset()
			h, _ := Function(tt.function)
			func() {
				defer func() { _ = recover() }() // the framework does it
				serveOnce(h, tt.method, tt.path, nil, nil)
			}()
			ended := spans.GetSpans()
			if len(ended) != 1 {
				t.Fatalf("%d spans", len(ended))
			}
			set := attribute.NewSet(ended[0].Attributes...)
			route, _ := set.Value("http.route")
			status, _ := set.Value("http.response.status_code")
			got := fmt.Sprint(ended[0].Name, " ", route.AsString(), " ", status.AsInt64(), " ", ended[0].Status.Code)
			if got != tt.want {
				t.Errorf("span %q, want %q", got, tt.want)
			}
			if text := fmt.Sprintf("%+v", ended[0]); strings.Contains(text, "example.com") {
				t.Errorf("exported: %s", text)
			}
			if service, _ := ended[0].Resource.Set().Value("service.name"); service.AsString() != tt.function {
				t.Errorf("service.name = %q", service.AsString())
			}
		})
	}
}

// Not parallel: it changes the environment and the process's one Process.
func TestFunctionInAnUnfitEnvironment(t *testing.T) {
	withoutCurrent(t)
	HTTP("unfit", func(context.Context, *Process) (http.Handler, error) {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil
	})
	h, _ := Function("unfit")
	t.Setenv("FACESCAN_KEY_LOGS", "short")
	rec := serveOnce(h, http.MethodGet, "/", nil, nil)
	checkUnavailable(t, rec)
	if strings.Contains(rec.Body.String(), "FACESCAN") {
		t.Errorf("the caller is told the configuration: %s", rec.Body)
	}
	t.Setenv("FACESCAN_KEY_LOGS", keys.Derive([]byte("root"), keys.ForLogs))
	if rec := serveOnce(h, http.MethodGet, "/", nil, nil); rec.Code != http.StatusOK {
		t.Errorf("status %d once the environment is fit", rec.Code)
	}
}

func checkUnavailable(t *testing.T, rec *httptest.ResponseRecorder) {
	t.Helper()
	var problem httpapi.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%v in %s", err, rec.Body)
	}
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Content-Type") != "application/problem+json" ||
		problem.Code != "unavailable" || strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("answer = %d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	if problem.RequestID == "" || rec.Header().Get("X-Request-Id") != problem.RequestID {
		t.Errorf("request id %q in the body, %q in the header", problem.RequestID, rec.Header().Get("X-Request-Id"))
	}
}
