package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/telemetry"
)

// Process holds what the functions of one process share: the configuration and the clients. Each
// client is made when first needed, so that a cold start pays only for what its request uses.
type Process struct {
	// Config is read once.
	Config Config
	// Processors has as many places as the process has processors. What computes for long takes one,
	// so that it has a processor of its own while other requests wait for databases. A deployed
	// function that computes serves one request at a time and finds a place free. Locally, all
	// functions share the places of one process.
	Processors *semaphore.Weighted

	mu      sync.Mutex
	values  map[string]*lazy
	tracing *telemetry.Tracing
}

// lazy is a value that is made once. If making it fails, the next caller tries again:
// sync.OnceValues would keep a transient failure for the life of the instance.
type lazy struct {
	mu    sync.Mutex
	made  bool
	value any
}

func newProcess(c Config) *Process {
	return &Process{
		Config: c, Processors: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		tracing: telemetry.StartTracing(c.traces()),
	}
}

// Shared returns the process's value of the name, which the first caller makes with build. The
// context given to build is never cancelled, since clients outlive the request that made them.
func Shared[T any](ctx context.Context, p *Process, name string, build func(context.Context) (T, error)) (T, error) {
	p.mu.Lock()
	entry, ok := p.values[name]
	if !ok {
		entry = &lazy{}
		if p.values == nil {
			p.values = map[string]*lazy{}
		}
		p.values[name] = entry
	}
	p.mu.Unlock()

	entry.mu.Lock()
	defer entry.mu.Unlock()
	if !entry.made {
		value, err := build(context.WithoutCancel(ctx))
		if err != nil {
			var zero T
			return zero, fmt.Errorf("make %s: %w", name, err)
		}
		entry.value, entry.made = value, true
	}
	return entry.value.(T), nil
}

// API returns an httpapi.API with the process's settings. users and apps may be nil if all routes
// are open.
func (p *Process) API(users httpapi.TokenVerifier, apps httpapi.AppVerifier) *httpapi.API {
	return httpapi.New(httpapi.Options{
		Verifier: users, AppCheck: p.Config.AppCheck, Apps: apps,
		Origins: p.Config.Origins, LogKey: p.Config.Ring(keys.ForLogs),
	})
}

// Export has the process's spans exported by what build makes for the configured collector, if
// there is one. It may be called by every function of the process, as part of its own build.
func (p *Process) Export(
	ctx context.Context, build func(context.Context, telemetry.Collector) (sdktrace.SpanExporter, error),
) error {
	if p.tracing == nil || p.Config.OTLPEndpoint == "" {
		return nil
	}
	_, err := Shared(ctx, p, "export of traces", func(ctx context.Context) (sdktrace.SpanExporter, error) {
		exporter, err := build(ctx, p.Config.collector())
		if err == nil {
			p.tracing.ExportBy(exporter)
		}
		return exporter, err
	})
	return err
}

// ExportBy has the process's spans exported by the exporter, whatever is configured: tests read
// them.
func (p *Process) ExportBy(exporter sdktrace.SpanExporter) { p.tracing.ExportBy(exporter) }

// Flush exports finished spans, for at most a second: see [telemetry.Tracing.Flush]. Its failure
// does not fail the request.
func (p *Process) Flush(ctx context.Context) {
	if p.tracing == nil {
		return
	}
	if err := p.tracing.Flush(context.WithoutCancel(ctx)); err != nil {
		slog.WarnContext(ctx, "flush traces", "error", err)
	}
}

var (
	currentMu sync.Mutex
	current   *Process
	logOutput io.Writer = os.Stderr
)

// Current returns the process's only Process. The first call makes it from the environment; if the
// environment is faulty, the next call tries again.
func Current() (*Process, error) {
	currentMu.Lock()
	defer currentMu.Unlock()
	if current != nil {
		return current, nil
	}
	config, err := ReadConfig(Environ())
	if err != nil {
		return nil, err
	}
	slog.SetDefault(telemetry.NewLogger(logOutput, config.traces(), logLevel()))
	current = newProcess(config)
	return current, nil
}

// LogTo sends the process's logs to w instead of stderr, where Cloud Run reads them. Call it before
// the first request, as the local host does.
func LogTo(w io.Writer) {
	currentMu.Lock()
	defer currentMu.Unlock()
	logOutput = w
}

func logLevel() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(os.Getenv("FACESCAN_LOG_LEVEL"))); err != nil {
		return slog.LevelInfo
	}
	return level
}

var errNotDrained = errors.New("requests were still running at the end of the time to stop")
