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

// headerTimeout bounds the wait for the header of a request.
const headerTimeout = 10 * time.Second

// NewServer returns a server that passes every request to the handler. net/http answers "OPTIONS *"
// itself, and its ServeMux, which the functions framework puts before a function, redirects paths
// such as "//" and "/a/../b" and refuses "*". Those answers are not problem+json, and have no id to
// find them by in a log.
func NewServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, DisableGeneralOptionsHandler: true, ReadHeaderTimeout: headerTimeout}
}

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
