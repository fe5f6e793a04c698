package boot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/telemetry"
)

// Process holds what the functions of one process share: the configuration and the clients. Each
// client is made when first needed, so that a cold start pays only for what its request uses.
type Process struct {
	// Config is read once.
	Config Config
	// WrapPublisher, if set before the first request, wraps the publisher of events. systest uses it
	// to crash the publisher.
	WrapPublisher func(outbox.Publisher) outbox.Publisher

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

func newProcess(c Config) (*Process, error) {
	tracing, err := telemetry.StartTracing(context.Background(), telemetry.Traces{
		Service: c.Service, Project: c.Project, ExportTo: c.OTLPEndpoint, Ratio: c.TraceRatio,
	})
	if err != nil {
		return nil, err
	}
	return &Process{Config: c, tracing: tracing}, nil
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

// Firestore returns the process's Firestore client.
func (p *Process) Firestore(ctx context.Context) (*firestore.Client, error) {
	return Shared(ctx, p, "firestore", func(ctx context.Context) (*firestore.Client, error) {
		return p.openFirestore(ctx)
	})
}

const (
	// streamsPerConnection is how many streams Google's front end allows a client on one HTTP/2
	// connection. gRPC holds further streams back until another ends.
	streamsPerConnection = 100
	// listenConnections has room for twice MaxListeners, as the pool assigns calls in turn without
	// regard to the free streams of a connection.
	listenConnections = 2 * MaxListeners / streamsPerConnection
	// MaxListeners is the number of listeners that [Process.Listening] has connections for.
	MaxListeners = 1000
)

// Listening returns a Firestore client for many concurrent listeners, each of which holds a stream
// for as long as it listens. It is separate from [Process.Firestore] so that reads and writes never
// wait for a listener to end.
func (p *Process) Listening(ctx context.Context) (*firestore.Client, error) {
	return Shared(ctx, p, "firestore for listening", func(ctx context.Context) (*firestore.Client, error) {
		return p.openFirestore(ctx, listening()...)
	})
}

func (p *Process) openFirestore(ctx context.Context, opts ...option.ClientOption) (*firestore.Client, error) {
	database := cmp.Or(p.Config.Database, firestore.DefaultDatabaseID)
	return firestore.NewClientWithDatabase(ctx, p.Config.Project, database, opts...)
}

func listening() []option.ClientOption {
	return []option.ClientOption{option.WithGRPCConnectionPool(listenConnections)}
}

// Ready returns an error unless the database answers. It reads an arbitrary document: that it does
// not exist is an answer too.
func (p *Process) Ready(ctx context.Context) error {
	fs, err := p.Firestore(ctx)
	if err != nil {
		return err
	}
	_, err = fs.Collection("limits").Doc("sweep").Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil
	}
	return err
}

// API returns an httpapi.API with the process's settings. users and apps may be nil if all routes
// are open.
func (p *Process) API(users httpapi.TokenVerifier, apps httpapi.AppVerifier) *httpapi.API {
	return httpapi.New(httpapi.Options{
		Verifier: users, AppCheck: p.Config.AppCheck, Apps: apps,
		Origins: p.Config.Origins, HashKey: []byte(p.Config.HashKey),
	})
}

// flush exports finished spans. Its failure does not fail the request.
func (p *Process) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := p.tracing.Flush(ctx); err != nil {
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
	slog.SetDefault(telemetry.NewLogger(logOutput, config.Project, logLevel()))
	p, err := newProcess(config)
	if err != nil {
		return nil, err
	}
	current = p
	return p, nil
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
