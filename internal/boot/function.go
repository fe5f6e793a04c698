// Package boot is the common part of all functions: configuration, what a process makes once, the
// HTTP adapter, and a shutdown that lets running requests finish.
//
// A function's init only registers. Nothing is dialled or read before the first request, except
// that a deployed function refuses to start when its environment is unfit (see [Config]). Clients
// and the event adapter are in sub-packages, so that a function links only what it uses.
package boot

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/reached"
	"github.com/facescan/facescan/internal/telemetry"
)

var (
	registryMu sync.Mutex
	registry   = map[string]http.HandlerFunc{}
)

// HTTP registers an HTTP function. The first request calls build to make the handler, and the next
// request calls it again if it failed. A deployed function refuses to start if one of the needed
// environment variables is not set. The requests that the handler works on at a time are bounded.
func HTTP(name string, build func(context.Context, *Process) (http.Handler, error), needed ...string) {
	Register(name, func(c Config) error { return c.Need(needed...) }, throttledBuild(build))
}

// Register registers a function as [HTTP] does, with a check of its own of the environment. It adds
// the function to the framework's registry and to this package's, which the local host reads.
func Register(name string, validate func(Config) error, build func(context.Context, *Process) (http.Handler, error)) {
	refuseUnfitStart(name, validate)
	checked := func(ctx context.Context, p *Process) (http.Handler, error) {
		if err := validate(p.Config); err != nil {
			return nil, err
		}
		return build(ctx, p)
	}
	handler := func(w http.ResponseWriter, r *http.Request) { serve(name, checked, w, r) }
	registryMu.Lock()
	registry[name] = handler
	registryMu.Unlock()
	functions.HTTP(name, handler)
	if os.Getenv("K_SERVICE") != "" {
		if err := takePort(name, http.HandlerFunc(handler)); err != nil {
			refuse(name, err)
		}
	}
}

// Function returns the registered function with the name, for a host that routes by its own paths.
func Function(name string) (http.HandlerFunc, bool) {
	registryMu.Lock()
	defer registryMu.Unlock()
	h, ok := registry[name]
	return h, ok
}

func serve(
	name string, build func(context.Context, *Process) (http.Handler, error), w http.ResponseWriter, r *http.Request,
) {
	r = httpapi.Begin(w, r)
	if !drain.enter() {
		httpapi.WriteProblem(
			w, r, fault.New(fault.CodeUnavailable, "This instance is stopping: try again.").WithRetryAfter(time.Second),
		)
		return
	}
	defer drain.leave()
	p, err := Current()
	if err != nil {
		httpapi.WriteProblem(w, r, fault.Wrap(err, fault.CodeUnavailable, "The service is not configured."))
		return
	}
	ctx := telemetry.In(telemetry.FromClient(r.Context(), r.Header), name)
	ctx = reached.By(ctx, p.Config.LocalHosts, r.Host)
	ctx, end := telemetry.Request(ctx, r.Method)
	r = r.WithContext(ctx) // a copy, whose body is counted
	a := newAnswer(w, r)
	w = a
	defer func() {
		end(a.end())
		if telemetry.Sampled(ctx) {
			p.Flush(ctx)
		}
	}()
	handler, err := Shared(
		ctx, p, "function "+name, func(ctx context.Context) (http.Handler, error) { return build(ctx, p) },
	)
	if err != nil {
		httpapi.WriteProblem(w, r, fault.Wrap(err, fault.CodeUnavailable, "The service is not ready: try again."))
		return
	}
	handler.ServeHTTP(w, r)
	a.returned()
}

// refuseUnfitStart ends the start of a deployed function if its environment is unfit, so that the
// revision never gets traffic. Elsewhere, in tests and the local host, the environment is set later
// and [Current] checks it.
func refuseUnfitStart(name string, validate func(Config) error) {
	if os.Getenv("K_SERVICE") == "" {
		return
	}
	watchSignals()
	config, err := ReadConfig(Environ())
	if err == nil {
		err = validate(config)
	}
	if err != nil {
		refuse(name, err)
	}
}

// refuse logs the reason as critical for Cloud Logging and exits.
func refuse(name string, reason error) {
	fmt.Fprintf(
		os.Stderr, `{"severity":"CRITICAL","message":%q}`+"\n", "function "+name+" refuses to start: "+reason.Error(),
	)
	os.Exit(1)
}
