package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/terraform"
)

// Service is an emulator that runs as a process of its own.
type Service = machine.Service

// The services that Start can start.
const (
	Firestore = machine.Firestore
	PubSub    = machine.PubSub
	Auth      = machine.Auth
)

// DefaultProject is the project of the Auth emulator when Options names none. Google's tools take a
// project whose name starts with "demo-" for one that exists nowhere.
const DefaultProject = "demo-facescan"

// defaultTimeout is generous: on a busy two-core machine the Auth emulator was seen to take 40 s.
const defaultTimeout = 2 * time.Minute

// Options sets up Start. The zero value is good for tests.
type Options struct {
	Progress  io.Writer     // one line per step, such as "firestore ready in 1.2 s"; nil discards them
	ProjectID string        // project of the Auth emulator for requests that name none; "" is DefaultProject
	Timeout   time.Duration // for each emulator to become ready, downloads not counted; 0 is 2 minutes
	CacheDir  string        // where firebase-tools is installed once; "" is facescan in os.UserCacheDir
	// Ports are those of the services; one that is not there, or 0, gets a free port.
	Ports map[Service]int
	// Place is where Auth listens, and by which names it is asked; its ports do not count. The others
	// listen at 127.0.0.1 only.
	Place address.Place
	// Origins are those whose web pages Auth answers, with at most one "*" each; none are the Place's.
	Origins []string
	// Seed is a file that the Firestore emulator has exported, with whose documents it begins; ""
	// is none.
	Seed     string
	AnyQuery bool // Firestore answers queries that have no index, too, with nothing in between: for measurements
}

// Stack is a set of running emulators.
type Stack struct {
	hosts map[Service]string // "127.0.0.1:port"
	// behind is the address of the Firestore emulator itself, "" if nothing is before it.
	behind string
	stop   func() bool // detaches the stack from its context
	once   sync.Once

	mu     sync.Mutex
	killed bool
	procs  []*process
	pids   map[Service]int // of those that answer
	fronts []*front
	died   error         // why a process ended that was not killed
	done   chan struct{} // closed by Close, by the end of the context and by the death of a process
}

// Start starts the services, all three when none is given, on 127.0.0.1, in parallel,
// and returns when every one answers. A service whose *_EMULATOR_HOST is set in the environment is
// used as it is and not started.
//
// All processes are killed by Close, when ctx ends, and on Linux when this process dies. When the
// machine lacks a prerequisite the error is a *machine.MissingError; when an emulator fails to
// start it carries the end of its output.
func Start(ctx context.Context, opts Options, services ...Service) (*Stack, error) {
	return start(ctx, machine.This(), opts, services...)
}

func start(ctx context.Context, on machine.Machine, opts Options, services ...Service) (*Stack, error) {
	opts = opts.withDefaults()
	on.Cache = opts.CacheDir
	if len(services) == 0 {
		services = machine.Services()
	}
	s := &Stack{hosts: map[Service]string{}, pids: map[Service]int{}, done: make(chan struct{})}
	wanted, err := s.reuse(ctx, on, services)
	if err != nil {
		return nil, err
	}
	found, err := on.Find(ctx, wanted...)
	if err != nil {
		return nil, err
	}
	rules, err := writeRules()
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(rules) }() // it is read at the start
	s.stop = context.AfterFunc(ctx, s.kill)

	launch := &launcher{stack: s, on: on, opts: opts, tools: found, rules: rules}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, service := range wanted {
		group.Go(func() error { return launch.run(groupCtx, service) })
	}
	if err := group.Wait(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// writeRules puts production's rules where the Firestore emulator finds them.
func writeRules() (path string, err error) {
	f, err := os.CreateTemp("", "facescan-*.rules")
	if err != nil {
		return "", fmt.Errorf("write the rules: %w", err)
	}
	_, err = f.WriteString(terraform.FirestoreRules)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write the rules: %w", err)
	}
	return f.Name(), nil
}

func (o Options) withDefaults() Options {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	o.Progress = Locked(o.Progress) // the services report at the same time
	if o.ProjectID == "" {
		o.ProjectID = DefaultProject
	}
	if len(o.Origins) == 0 {
		o.Origins = o.Place.Origins()
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return o
}

// reuse takes over the services the environment names and returns the ones to start.
func (s *Stack) reuse(ctx context.Context, on machine.Machine, services []Service) ([]Service, error) {
	var wanted []Service
	for _, service := range services {
		name := service.Env()
		if name == "" {
			return nil, fmt.Errorf("unknown emulator %q", service)
		}
		host := on.Getenv(name)
		if host == "" {
			if !slices.Contains(wanted, service) {
				wanted = append(wanted, service)
			}
			continue
		}
		if err := probe(ctx, host); err != nil {
			return nil, fmt.Errorf("%s=%s names an emulator that does not answer; start it, or unset the variable: %w",
				name, host, err)
		}
		s.hosts[service] = host
	}
	return wanted, nil
}

// Environ returns the variables by which Google's client libraries find the emulators. The caller
// sets them, before it makes any client.
func (s *Stack) Environ() map[string]string {
	env := map[string]string{}
	for service, host := range s.hosts {
		env[service.Env()] = host
	}
	return env
}

// PID returns the id of the service's process, 0 if this stack did not start it.
func (s *Stack) PID(service Service) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pids[service]
}

// Behind returns the address of the Firestore emulator itself, for a look that is neither counted
// nor refused (see [TrafficOf]), or "" if Start put nothing before it.
func (s *Stack) Behind() string { return s.behind }

// Wait blocks until the stack is closed or its context ends, and returns nil; or until an emulator
// dies by itself, and returns what it printed last.
func (s *Stack) Wait() error {
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.died
}

// Close kills the emulators this stack started and waits until they are gone. Its error means that
// one had died before by itself. Close may be called more than once.
func (s *Stack) Close() error {
	s.stop()
	s.kill()
	return s.Wait()
}

// kill ends every process and lets none be added any more.
func (s *Stack) kill() {
	s.mu.Lock()
	s.killed = true
	procs, fronts := slices.Clone(s.procs), slices.Clone(s.fronts)
	s.mu.Unlock()

	var all sync.WaitGroup
	for _, p := range procs {
		all.Go(p.kill)
	}
	all.Wait()
	for _, f := range fronts {
		f.close()
	}
	s.once.Do(func() { close(s.done) })
}

// add takes over a running process. It reports false when the stack was killed in the meantime.
func (s *Stack) add(p *process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.killed {
		return false
	}
	s.procs = append(s.procs, p)
	return true
}

// front puts a front before the emulator at the host and returns where it is.
func (s *Stack) front(ctx context.Context, of Service, host string, port int) (string, error) {
	made := newPubSubFront
	if of == Firestore {
		made = newFirestoreFront
	}
	f, err := made(ctx, host, port)
	if err != nil {
		return "", err
	}
	return s.hold(f)
}

// Beside serves Firestore or Pub/Sub at one more port, behind what wrap makes of what stands before
// the emulator, and returns its host.
func (s *Stack) Beside(ctx context.Context, of Service, wrap func(http.Handler) http.Handler) (string, error) {
	f, err := newFront(ctx, of, s.hosts[of], 0)
	if err != nil {
		return "", err
	}
	var inner http.Handler = f
	for _, known := range s.fronts {
		if known.of == of {
			inner = known.handler
		}
	}
	f.serve(wrap(inner))
	return s.hold(f)
}

// hold keeps a front until the end of the stack and returns where it is.
func (s *Stack) hold(f *front) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.killed {
		f.close()
		return "", context.Canceled
	}
	s.fronts = append(s.fronts, f)
	return f.server.host, nil
}

// ready publishes the address of a service and watches over its process from now on.
func (s *Stack) ready(service Service, host string, p *process) {
	s.mu.Lock()
	s.hosts[service], s.pids[service] = host, p.pid
	s.mu.Unlock()
	go func() {
		<-p.exited
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.killed {
			return
		}
		s.died = errors.Join(s.died, fmt.Errorf("the %s emulator died: %w", service, p.failure()))
		s.once.Do(func() { close(s.done) })
	}()
}

// report writes a line of progress; who cannot read it is not served worse.
func report(progress io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(progress, format, args...)
}

// Locked returns a writer that any number of goroutines may write to at a time. It passes one write
// after the other on to w.
func Locked(w io.Writer) io.Writer { return &lockedWriter{w: w} }

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
