package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/telemetry"
)

// patience is how long a request waits for a process that serves it; a start takes about a second.
const patience = 10 * time.Second

var errNoProcess = errors.New("no process serves the functions")

// serveInChild runs the functions in a process of their own, or in several.
func (h *Host) serveInChild(ctx context.Context, opts Options) error {
	slog.SetDefault(telemetry.NewLogger(opts.Logs, telemetry.Traces{Project: Project}, slog.LevelInfo))
	env, err := h.openSeams(ctx, opts.AnyQuery)
	if err != nil {
		return err
	}
	command := func(ctx context.Context) (*exec.Cmd, error) { return functionsCommand(ctx, env) }
	for range max(1, opts.Processes) {
		h.children = append(h.children, startChild(command, opts.Progress, opts.Logs, h.published))
	}
	h.faults.OnCrash(h.crash)
	h.servePublic(balanced(front(h.children, func(a addresses) string { return a.Public })))
	if err := h.servePrivate(front(h.children, func(a addresses) string { return a.Events })); err != nil {
		return err
	}
	for _, c := range h.children {
		if err := c.awaitFirst(ctx); err != nil {
			return err
		}
	}
	return h.awaitHealth(ctx, h.children[0].failed)
}

// PID returns the id of the functions' process, or of the first of several, 0 while it does not
// serve or if they run in this process.
func (h *Host) PID() int {
	if len(h.children) == 0 {
		return 0
	}
	return h.children[0].pid()
}

// PIDs returns the ids of the functions' processes that serve.
func (h *Host) PIDs() []int {
	var all []int
	for _, c := range h.children {
		if pid := c.pid(); pid != 0 {
			all = append(all, pid)
		}
	}
	return all
}

// front passes requests on to the functions' processes in turn, as they came.
//
// Functions may answer before they have read the body. Without full duplex the server would close
// the body when the answer begins, and the transport, which reads it still, break off the answer.
func front(children []*child, address func(addresses) string) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.URL.RawQuery = r.In.URL.RawQuery // what cannot be parsed is the functions' to refuse
			r.Out.Host = r.In.Host
			forward(r.Out.Header, r.In)
		},
		Transport: &toChild{children: children, address: address, next: &http.Transport{
			DisableCompression: true, ExpectContinueTimeout: time.Second, MaxIdleConnsPerHost: 256,
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext,
		}},
		FlushInterval: -1,
		ErrorHandler:  unavailable,
		ErrorLog:      slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 has it
		proxy.ServeHTTP(w, r)
	})
}

// toChild carries a request to the process whose turn it is, once it serves.
type toChild struct {
	children []*child
	turn     atomic.Uint64
	address  func(addresses) string
	next     http.RoundTripper
}

// choose returns the child whose turn it is, or the next one that serves.
func (t *toChild) choose() *child {
	n := t.turn.Add(1)
	for i := range t.children {
		if c := t.children[(n+uint64(i))%uint64(len(t.children))]; c.pid() != 0 {
			return c
		}
	}
	return t.children[n%uint64(len(t.children))]
}

// RoundTrip implements http.RoundTripper.
func (t *toChild) RoundTrip(r *http.Request) (*http.Response, error) {
	waiting, cancel := context.WithTimeoutCause(r.Context(), patience, errNoProcess)
	defer cancel()
	var before *serving
	child := t.choose()
	for {
		now, err := child.await(waiting, before)
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
		child.awaitEnd(waiting, now)
		var dialing *net.OpError
		if !errors.As(err, &dialing) || dialing.Op != "dial" {
			return nil, err
		}
		before = now
	}
}

// forward gives the request's X-Forwarded headers on, and appends to X-Forwarded-For what Google's
// load balancer does: the client and the balancer.
func forward(out http.Header, in *http.Request) {
	for name, values := range in.Header {
		if name == "Forwarded" || strings.HasPrefix(name, "X-Forwarded-") {
			out[name] = values
		}
	}
	client, _, err := net.SplitHostPort(in.RemoteAddr)
	if err != nil {
		return
	}
	hops := slices.Concat(in.Header.Values("X-Forwarded-For"), []string{client, "127.0.0.1"})
	out.Set("X-Forwarded-For", strings.Join(hops, ","))
}

// balanced tells the client's address to next as the load balancer does, whatever the client says.
func balanced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			client = "" // which is no address
		}
		r.Header.Set(httpapi.HeaderClient, client)
		next.ServeHTTP(w, r)
	})
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
