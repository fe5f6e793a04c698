package boot

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Limits bound how long a client can hold a connection, and the memory behind it, by being slow.
// What a handler does in between is not bounded here, but by the function's own timeout: a long
// poll and an export take as long as they do.
type Limits struct {
	// Header bounds the wait for the header of a request.
	Header time.Duration
	// HeaderBytes is the largest header that is read.
	HeaderBytes int
	// Request bounds the wait for the whole request, unless the handler sets a limit for the body, as
	// [httpapi.BodyWithin] does. net/http ends the limit with the body.
	Request time.Duration
	// Write bounds the wait for the client to take each 64 KiB of the answer.
	Write time.Duration
	// Idle bounds the wait for the next request on a connection.
	Idle time.Duration
}

// headerTimeout is ample for a header, even from a phone in a lift.
const headerTimeout = 10 * time.Second

// DefaultLimits returns the limits of functions, deployed and local.
//
// Cloud Run's front has read a header before it sends the request on, and buffers some of the
// answer. It streams bodies: one that trickles in holds a place of the function's concurrency. So
// these limits hold in the process, whatever is in front of it.
func DefaultLimits() Limits {
	return Limits{
		Header: headerTimeout,
		// What Google's load balancer lets through.
		HeaderBytes: 64 << 10,
		// More than any route grants: 45 s to a form with a photo, 10 s to JSON.
		Request: time.Minute,
		Write:   20 * time.Second,
		// Google's load balancers use a connection again within 600 s. A server that closes it earlier
		// may do so while a request is on its way.
		Idle: 620 * time.Second,
	}
}

// NewServer returns a server with [DefaultLimits] that passes every request to the handler.
func NewServer(handler http.Handler) *http.Server { return DefaultLimits().Server(handler) }

// Server returns a server that passes every request to the handler. net/http answers "OPTIONS *"
// itself, and its ServeMux, which the functions framework puts before a function, redirects paths
// such as "//" and "/a/../b" and refuses "*". Those answers are not problem+json, and have no id to
// find them by in a log.
//
// The server has no WriteTimeout. That counts from the request's header, and would cut an answer
// off that took long to compute.
func (l Limits) Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: l.patient(handler), DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout: l.Header, MaxHeaderBytes: l.HeaderBytes, ReadTimeout: l.Request, IdleTimeout: l.Idle,
	}
}

// patient waits for the client of each request to take the answer within the limit.
func (l Limits) patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Time{}) // that of the answer before it on the connection
		next.ServeHTTP(&taken{ResponseWriter: w, control: control, within: l.Write}, r)
	})
}

// taken is an answer whose client must take each part within the time.
type taken struct {
	http.ResponseWriter
	control *http.ResponseController
	within  time.Duration
}

// partBytes is the part of an answer that has the time limit of a write.
const partBytes = 64 << 10

// Write implements http.ResponseWriter.
func (t *taken) Write(data []byte) (written int, err error) {
	for {
		part := data[written:min(len(data), written+partBytes)]
		_ = t.control.SetWriteDeadline(time.Now().Add(t.within)) // on a broken connection Write fails
		n, err := t.ResponseWriter.Write(part)
		written += n
		if err != nil || written == len(data) {
			return written, err
		}
	}
}

// WriteHeader implements http.ResponseWriter. The header may be all that is written.
func (t *taken) WriteHeader(status int) {
	_ = t.control.SetWriteDeadline(time.Now().Add(t.within)) // on a broken connection nothing is written
	t.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (t *taken) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// variablePort names the environment variable with the port to which Cloud Run sends requests.
const variablePort = "PORT"

// takePort serves a deployed function by [NewServer]. The main that the buildpack writes always
// starts the framework's server, at the port that the environment names once all packages are
// initialized. So takePort listens on that port first, and moves the framework's server to a free
// port where nothing reaches it.
func takePort(name string, handler http.Handler) error {
	port := os.Getenv(variablePort)
	if port == "" || os.Getenv("FUNCTION_TARGET") != name {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", ":"+port)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := NewServer(timed(handler, os.Getenv("CLOUD_RUN_TIMEOUT_SECONDS")))
	go func() { refuse(name, server.Serve(listener)) }() // Serve returns only with an error
	return os.Setenv(variablePort, "0")
}

// timed cancels the context of a request after the function's timeout in seconds, as the framework
// does, so that work stops once its caller does not wait any more. If seconds is not a number,
// timed returns handler.
func timed(handler http.Handler, seconds string) http.Handler {
	n, err := strconv.Atoi(seconds)
	if err != nil {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(n)*time.Second)
		defer cancel()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}
