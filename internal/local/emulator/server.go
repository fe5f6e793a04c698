package emulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// closeTimeout is how long a server that is closed waits for the requests under way.
const closeTimeout = 5 * time.Second

// localServer is an HTTP server of this process. http.Server.Shutdown alone would not do: it waits
// five seconds for connections on which no request has come yet, and clients open such ones in
// advance.
type localServer struct {
	host   string // "127.0.0.1:port"
	server *http.Server
	socket net.Listener
	served chan struct{} // closed when Serve has returned

	mu      sync.Mutex
	closing bool
	unused  map[net.Conn]struct{} // connections without a request so far
}

// listen starts to accept connections at addr, but serves them only once serve is called, so that a
// handler that knows the port can be made.
func listen(ctx context.Context, what, addr string) (*localServer, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the %s: %w", what, err)
	}
	s := &localServer{
		host: socket.Addr().String(), socket: socket,
		served: make(chan struct{}), unused: map[net.Conn]struct{}{},
	}
	s.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, ConnState: s.track}
	return s, nil
}

func (s *localServer) serve(handler http.Handler) {
	s.server.Handler = handler
	go func() {
		defer close(s.served)
		_ = s.server.Serve(s.socket) // always the error of a closed listener: close is the only way out
	}()
}

// track records unused connections, and drops new ones while closing.
func (s *localServer) track(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.unused, conn)
	case s.closing:
		_ = conn.Close()
	default:
		s.unused[conn] = struct{}{}
	}
}

// close stops listening, drops the unused connections and waits for the requests under way until
// ctx ends; what is left then is cut off, which is an error.
func (s *localServer) close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for conn := range s.unused {
		_ = conn.Close()
	}
	s.mu.Unlock()

	err := s.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("close the server at %s: %w", s.host, err)
		_ = s.server.Close()
	}
	<-s.served
	return err
}
