package boot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/facescan/facescan/internal/telemetry"
)

type contextKey struct{}

func TestShared(t *testing.T) {
	t.Parallel()
	t.Run("concurrent callers get one value", func(t *testing.T) {
		t.Parallel()
		const callers = 32
		var (
			p        Process
			builds   atomic.Int32
			building sync.WaitGroup
			values   [callers]*int
		)
		building.Add(callers)
		var calls sync.WaitGroup
		for i := range callers {
			calls.Go(func() {
				building.Done()
				value, err := Shared(t.Context(), &p, "value", func(context.Context) (*int, error) {
					building.Wait() // so that the others come while this one builds
					builds.Add(1)
					return new(int), nil
				})
				if err != nil {
					t.Error(err)
				}
				values[i] = value
			})
		}
		calls.Wait()
		if builds.Load() != 1 {
			t.Errorf("built %d times", builds.Load())
		}
		for _, v := range values {
			if v == nil || v != values[0] {
				t.Fatalf("callers got %p and %p", v, values[0])
			}
		}
	})
	t.Run("a failed build is tried again by the next caller", func(t *testing.T) {
		t.Parallel()
		var p Process
		failure := errors.New("no route")
		for attempt := range 3 {
			value, err := Shared(t.Context(), &p, "the value", func(context.Context) (int, error) {
				if attempt == 0 {
					return 7, failure
				}
				return attempt, nil
			})
			switch attempt {
			case 0:
				if !errors.Is(err, failure) || !strings.Contains(err.Error(), "make the value: ") || value != 0 {
					t.Errorf("first attempt = %d, %v", value, err)
				}
			default: // the second attempt's value stays
				if err != nil || value != 1 {
					t.Errorf("attempt %d = %d, %v", attempt, value, err)
				}
			}
		}
	})
	t.Run("a caller that waited for a failing build makes its own", func(t *testing.T) {
		t.Parallel()
		var p Process
		first, release := make(chan struct{}), make(chan struct{})
		var calls sync.WaitGroup
		calls.Go(func() {
			_, err := Shared(t.Context(), &p, "v", func(context.Context) (int, error) {
				close(first)
				<-release
				return 0, errors.New("first")
			})
			if err == nil {
				t.Error("the first caller's error is lost")
			}
		})
		<-first
		calls.Go(func() {
			if v, err := Shared(
				t.Context(), &p, "v", func(context.Context) (int, error) { return 2, nil },
			); v != 2 || err != nil {
				t.Errorf("the second caller got %d, %v", v, err)
			}
		})
		close(release)
		calls.Wait()
	})
	t.Run("the build outlives its caller's context and keeps its values", func(t *testing.T) {
		t.Parallel()
		var p Process
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "kept"))
		built, err := Shared(ctx, &p, "v", func(ctx context.Context) (context.Context, error) {
			cancel()
			return ctx, ctx.Err()
		})
		if err != nil || built.Err() != nil || built.Done() != nil || built.Value(contextKey{}) != "kept" {
			t.Errorf("build context = %v, %v", built, err)
		}
	})
	t.Run("a build that panics does not lock the others out", func(t *testing.T) {
		t.Parallel()
		var p Process
		func() {
			defer func() { _ = recover() }()
			_, _ = Shared(t.Context(), &p, "v", func(context.Context) (int, error) { panic("build") })
		}()
		if v, err := Shared(
			t.Context(), &p, "v", func(context.Context) (int, error) { return 1, nil },
		); v != 1 || err != nil {
			t.Errorf("after the panic: %d, %v", v, err)
		}
	})
	t.Run("names and processes are apart, and a build may ask for another value", func(t *testing.T) {
		t.Parallel()
		var p, q Process
		give := func(p *Process, name string, n int) int {
			v, err := Shared(t.Context(), p, name, func(ctx context.Context) (int, error) {
				return Shared(ctx, p, name+"'s part", func(context.Context) (int, error) { return n, nil })
			})
			if err != nil {
				t.Error(err)
			}
			return v
		}
		if give(&p, "a", 1) != 1 || give(&p, "b", 2) != 2 || give(&q, "a", 3) != 3 {
			t.Error("values are mixed up")
		}
	})
}

// Not parallel: it changes the environment and the process's one Process.
func TestCurrent(t *testing.T) {
	withoutCurrent(t)

	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	if p, err := Current(); p != nil || err == nil || !strings.Contains(err.Error(), "GOOGLE_CLOUD_PROJECT") {
		t.Fatalf("Current() = %v, %v in an unfit environment", p, err)
	}
	t.Setenv("GOOGLE_CLOUD_PROJECT", "demo-other")
	p, err := Current()
	if err != nil || p.Config.Project != "demo-other" {
		t.Fatalf("Current() = %v, %v once the environment is fit", p, err)
	}
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	if again, err := Current(); again != p || err != nil {
		t.Errorf("Current() = %v, %v, want the same process", again, err)
	}
}

// withoutCurrent lets the test make the process's one Process anew. What making it changes, the
// default logger too, is as before at the test's end: parallel tests follow.
func withoutCurrent(t *testing.T) {
	t.Helper()
	before, logger := swapCurrent(nil), slog.Default()
	t.Cleanup(func() {
		swapCurrent(before)
		slog.SetDefault(logger)
	})
}

func swapCurrent(p *Process) *Process {
	currentMu.Lock()
	defer currentMu.Unlock()
	before := current
	current = p
	return before
}

func TestAPI_hasTheProcessesOrigins(t *testing.T) {
	t.Parallel()
	p := localProcess(t)
	p.Config.Origins = []string{"https://app.example"}
	api := p.API(nil, nil)
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": ""} {
		rec := serveOnce(api, http.MethodGet, "/", nil, http.Header{"Origin": {origin}})
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s is allowed %q, want %q", origin, got, want)
		}
	}
}

func TestEnviron_keepsWhatFollowsTheFirstEqualsSign(t *testing.T) {
	t.Setenv("BOOT_TEST_VALUE", "a=b=c")
	if got := Environ()["BOOT_TEST_VALUE"]; got != "a=b=c" {
		t.Errorf("value = %q", got)
	}
}

func TestLogLevel(t *testing.T) {
	for value, want := range map[string]string{"": "INFO", "DEBUG": "DEBUG", "warn": "WARN", "loud": "INFO"} {
		t.Setenv("FACESCAN_LOG_LEVEL", value)
		if got := logLevel().String(); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

// All functions of a process ask for the export; one exporter is made, and has the span of the
// request that asked first.
func TestExport(t *testing.T) {
	t.Parallel()
	p := localProcess(t)
	spans := tracetest.NewInMemoryExporter()
	made := 0
	build := func(_ context.Context, c telemetry.Collector) (sdktrace.SpanExporter, error) {
		if made++; made == 1 {
			return nil, errors.New("the variables are wrong")
		}
		if c.Endpoint != "https://collector.example" || c.Protocol != telemetry.HTTP {
			t.Errorf("to %v", c)
		}
		return spans, nil
	}
	if err := p.Export(t.Context(), build); err != nil || made != 0 {
		t.Errorf("without an endpoint: %v, made %d", err, made)
	}
	p.Config.OTLPEndpoint, p.Config.OTLPProtocol = "https://collector.example", telemetry.HTTP
	if p.Export(t.Context(), build) == nil {
		t.Error("the exporter's error is lost")
	}
	for range 3 {
		if err := p.Export(t.Context(), build); err != nil || made != 2 {
			t.Errorf("err = %v, made %d", err, made)
		}
	}
	t.Cleanup(func() { _ = p.tracing.Stop(context.Background()) })
}
