package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/telemetry"
)

// patience is how long a request waits for a process that serves it; a start takes about a second.
const patience = 10 * time.Second

var errNoProcess = errors.New("no process serves the functions")

// serveInChild runs the functions in a process of their own.
func (h *Host) serveInChild(ctx context.Context, opts Options) error {
	slog.SetDefault(telemetry.NewLogger(opts.Logs, Project, slog.LevelInfo))
	h.child = startChild(functionsCommand, opts.Progress, opts.Logs)
	h.public.serve(front(h.child, func(a addresses) string { return a.Public }))
	h.servePrivate(front(h.child, func(a addresses) string { return a.Events }))
	return h.awaitHealth(ctx, h.child.failed)
}

// PID returns the id of the functions' process, 0 while none serves or if they run in this process.
func (h *Host) PID() int {
	if h.child == nil {
		return 0
	}
	return h.child.pid()
}

// front passes requests on to the functions' process, as they came.
func front(c *child, address func(addresses) string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.URL.RawQuery = r.In.URL.RawQuery // what cannot be parsed is the functions' to refuse
			r.Out.Host = r.In.Host
			forward(r.Out.Header, r.In)
		},
		Transport: &toChild{child: c, address: address, next: &http.Transport{
			DisableCompression: true, ExpectContinueTimeout: time.Second, MaxIdleConnsPerHost: 256,
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext,
		}},
		FlushInterval: -1,
		ErrorHandler:  unavailable,
		ErrorLog:      slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}

// toChild carries a request to the process that serves, once there is one.
type toChild struct {
	child   *child
	address func(addresses) string
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *toChild) RoundTrip(r *http.Request) (*http.Response, error) {
	waiting, cancel := context.WithTimeoutCause(r.Context(), patience, errNoProcess)
	defer cancel()
	var before *serving
	for {
		now, err := t.child.await(waiting, before)
		if err != nil {
			return nil, err
		}
		attempt := r.Clone(r.Context())
		attempt.URL.Host = t.address(now.addresses)
		if r.Body != nil {
			attempt.Body = io.NopCloser(r.Body) // another attempt may need it
		}
		resp, err := t.next.RoundTrip(attempt)
		if err == nil {
			return resp, nil
		}
		// A caller told that the process has ended must not find it again.
		t.child.awaitEnd(waiting, now)
		var dialing *net.OpError
		if !errors.As(err, &dialing) || dialing.Op != "dial" {
			return nil, err
		}
		before = now
	}
}

// forward gives the request's X-Forwarded headers on, and appends to X-Forwarded-For what Google's
// load balancer does: the client and the balancer. A client that sends two addresses or more plays
// a client behind the balancer itself.
func forward(out http.Header, in *http.Request) {
	for name, values := range in.Header {
		if name == "Forwarded" || strings.HasPrefix(name, "X-Forwarded-") {
			out[name] = values
		}
	}
	hops := strings.Join(in.Header.Values("X-Forwarded-For"), ",")
	if strings.Contains(hops, ",") {
		return
	}
	client, _, err := net.SplitHostPort(in.RemoteAddr)
	if err != nil {
		return
	}
	if hops != "" {
		hops += ","
	}
	out.Set("X-Forwarded-For", hops+client+",127.0.0.1")
}

// unavailable answers a request whose process has ended, or that found none in time.
func unavailable(w http.ResponseWriter, r *http.Request, cause error) {
	if r.Context().Err() != nil {
		return // the client is gone
	}
	r = httpapi.Begin(w, r)
	httpapi.WriteProblem(
		w, r, fault.Wrap(cause, fault.CodeUnavailable, "The service is starting: try again.").WithRetryAfter(time.Second),
	)
}
