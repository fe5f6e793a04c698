// Package consume registers the functions that take events, and answers the deliveries of Pub/Sub
// for them.
package consume

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/idtoken"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/telemetry/otlp"
)

// EventHandler handles the events of a function.
type EventHandler interface {
	// Handle handles one delivery. It returns nil when the event is done with, for whatever reason:
	// handled, a duplicate, or dropped at the fence. An error for which [fault.Retryable] is false
	// means that no redelivery can help. Any other error has the event delivered again.
	Handle(ctx context.Context, m event.Message) error
	// Mux returns the handlers by type. The Mux of the zero EventHandler has the same topics.
	Mux() *event.Mux
}

// maxEvent is the largest push body in bytes. Pub/Sub's largest message is 10 MB, a third more in
// base64.
const maxEvent = 14 << 20

// eventTimeout is how long such a body may take to arrive. Pub/Sub is next door.
const eventTimeout = 30 * time.Second

var (
	registryMu sync.Mutex
	topics     = map[string]func() []string{}
)

// Events registers an event function. One adapter decides the outcome of its events. needed is as
// for [boot.HTTP].
func Events[H EventHandler](
	name string, build func(context.Context, *boot.Process) (H, error), needed ...string,
) {
	check := func(c boot.Config) error { return errors.Join(c.NeedPush(), c.Need(needed...)) }
	boot.Register(name, check, func(ctx context.Context, p *boot.Process) (http.Handler, error) {
		return newAdapter(ctx, p, name, build)
	})
	registryMu.Lock()
	defer registryMu.Unlock()
	topics[name] = func() []string {
		var zero H
		return zero.Mux().Topics()
	}
}

// Topics returns the topics of the registered event function, sorted. It returns none for an HTTP
// function.
func Topics(name string) []string {
	registryMu.Lock()
	defer registryMu.Unlock()
	if of, ok := topics[name]; ok {
		return of()
	}
	return nil
}

type adapter struct {
	function  string
	handle    func(context.Context, event.Message) error
	authorize func(*http.Request) error // nil on the local stack, whose emulator sends no token
	fs        *firestore.Client
	now       func() time.Time
	flush     func(context.Context)
	patience  time.Duration // with a delivery's body
}

func newAdapter[H EventHandler](
	ctx context.Context, p *boot.Process, name string, build func(context.Context, *boot.Process) (H, error),
) (http.Handler, error) {
	// Cloud Run's start has refused this configuration already, but a process started otherwise has
	// not. Without an audience and an account to compare, the authorizer would admit too much.
	if err := p.Config.NeedPush(); err != nil {
		return nil, err
	}
	if err := p.Export(ctx, otlp.New); err != nil {
		return nil, err
	}
	fs, err := database.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	handler, err := build(ctx, p)
	if err != nil {
		return nil, err
	}
	a := &adapter{function: name, handle: handler.Handle, fs: fs, now: p.Now, flush: p.Flush, patience: eventTimeout}
	if !p.Config.Local() {
		a.authorize = pushAuthorizer(idtoken.Validate, p.Config.PushAudience, p.Config.PushAccount)
	}
	return a, nil
}

// ServeHTTP turns a delivery into one of three outcomes: done (200), parked (also 200, since no
// redelivery would help), or retry (5xx, which Pub/Sub repeats with back-off until the dead-letter
// topic).
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	httpapi.BodyWithin(w, a.patience) // a refused delivery's body, too
	if a.authorize != nil {
		if err := a.authorize(r); err != nil {
			httpapi.WriteProblem(w, r, err)
			return
		}
	}
	started := a.now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err != nil {
		httpapi.WriteProblem(w, r, fault.Wrap(err, fault.CodeUnavailable, "The delivery could not be read."))
		return
	}
	m, err := event.Receive(r.Header, body)
	if err != nil {
		// Its id cannot be read, so its bytes serve as the id.
		m = event.Message{ID: event.ID(string(body)), Data: body}
	} else {
		ctx = telemetry.FromTraceparent(ctx, m.Traceparent())
		err = a.run(ctx, m)
	}
	// The trace is that of the message or of the photo. Whether the delivery's own trace is sampled
	// does not matter.
	defer a.flush(ctx)
	outcome := "done"
	if permanent(err) {
		outcome, err = "parked", a.park(ctx, m, err)
	}
	if err != nil {
		outcome = "retry"
	}
	slog.InfoContext(ctx, "event", "event_id", m.ID, "attempt", m.Attempt, "outcome", outcome,
		"duration_ms", a.now().Sub(started).Milliseconds())
	if err != nil {
		httpapi.WriteProblem(w, r, fault.Wrap(err, fault.CodeUnavailable, "The event is to be delivered again."))
		return
	}
	w.WriteHeader(http.StatusOK)
}

// permanent reports whether no redelivery can help. If several errors are joined, each must be
// permanent: parking for one would lose what the others still need.
func permanent(err error) bool {
	switch e := err.(type) { //nolint:errorlint // errors.As finds any error in the tree, not all
	case *fault.Error:
		return !fault.Retryable(e)
	case interface{ Unwrap() []error }:
		parts := e.Unwrap()
		if slices.Contains(parts, event.ErrMalformed) { // with its cause beside it
			return true
		}
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(part error) bool { return !permanent(part) })
	case interface{ Unwrap() error }:
		return permanent(e.Unwrap())
	default:
		return err == event.ErrMalformed //nolint:errorlint // the end of the chain
	}
}

// run calls the handler and turns a panic into an error that is retried. The panic may be
// transient; if not, the dead-letter topic ends the retries. A handler that can tell recovers by
// itself.
func (a *adapter) run(ctx context.Context, m event.Message) (err error) {
	ctx, end := telemetry.Handle(ctx, a.function+".handle", m.ID, m.Attempt) // its part of the message's trace
	defer func() { end(err) }()
	defer func() {
		if cause := recover(); cause != nil {
			stack := telemetry.Stack(fmt.Sprint("panic: ", cause), debug.Stack())
			slog.ErrorContext(ctx, "panic", slog.Any("panic", cause), stack)
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return a.handle(ctx, m)
}

// park keeps an event that will not heal, with the reason, for an operator. If keeping it fails,
// park returns the error and the event is delivered again.
func (a *adapter) park(ctx context.Context, m event.Message, reason error) error {
	slog.ErrorContext(ctx, "event parked", "event_id", m.ID, "error", reason)
	return parked.Keep(ctx, a.fs, a.function, m, reason, a.now())
}

// pushAuthorizer returns a check that admits only requests with an OIDC token of the account for
// the audience. Cloud Run's IAM checks the same before the code runs, so this is a second line of
// defence.
func pushAuthorizer(
	validate func(ctx context.Context, token, audience string) (*idtoken.Payload, error), audience, account string,
) func(*http.Request) error {
	return func(r *http.Request) error {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			return fault.New(fault.CodeEventUnauthorized, "The delivery has no OIDC token.")
		}
		payload, err := validate(r.Context(), token, audience)
		if err != nil {
			return fault.Wrap(err, fault.CodeEventUnauthorized, "The delivery's OIDC token is not valid here.")
		}
		email, _ := payload.Claims["email"].(string)
		verified, _ := payload.Claims["email_verified"].(bool)
		if email != account || !verified {
			return fault.New(fault.CodeEventUnauthorized, "The delivery's OIDC token is another account's.")
		}
		return nil
	}
}
