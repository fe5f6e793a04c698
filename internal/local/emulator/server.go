package emulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/local/address"
)

// closeTimeout is how long a server that is closed waits for the requests under way.
const closeTimeout = 5 * time.Second

// localServer is an HTTP server of this process. http.Server.Shutdown alone would not do: it waits
// five seconds for connections on which no request has come yet, and clients open such ones in
// advance.
type localServer struct {
	host    string // "127.0.0.1:port"
	server  *http.Server
	sockets []net.Listener
	served  sync.WaitGroup

	mu      sync.Mutex
	closing bool
	unused  map[net.Conn]struct{} // connections without a request so far
}

// listen starts to accept connections at the port, at 127.0.0.1 and the further hosts, but serves
// them only once serve is called, so that a handler that knows the port can be made. 0 is a free
// port.
func listen(ctx context.Context, what string, port int, further ...string) (*localServer, error) {
	s := &localServer{unused: map[net.Conn]struct{}{}}
	s.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, ConnState: s.track}
	for _, host := range append([]string{address.Loopback}, further...) {
		socket, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			s.abandon()
			return nil, fmt.Errorf("listen for the %s: %w", what, err)
		}
		s.sockets, port = append(s.sockets, socket), socket.Addr().(*net.TCPAddr).Port
	}
	s.host = s.sockets[0].Addr().String()
	return s, nil
}

// abandon gives the port back before anything is served.
func (s *localServer) abandon() {
	for _, socket := range s.sockets {
		_ = socket.Close() // nothing is lost
	}
}

func (s *localServer) serve(handler http.Handler) {
	s.server.Handler = handler
	for _, socket := range s.sockets {
		// Its error is always that of a closed listener: close is the only way out.
		s.served.Go(func() { _ = s.server.Serve(socket) })
	}
}

// fromAfar reports whether a request came to another address than 127.0.0.1.
func fromAfar(r *http.Request) bool {
	to, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && to.IP.String() != address.Loopback
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
	s.served.Wait()
	return err
}
