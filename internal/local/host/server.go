package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
)

// server is a port of 127.0.0.1 that is taken at once and served later.
type server struct {
	socket net.Listener
	http   *http.Server
	served chan struct{} // closed when the server has stopped; nil until it serves
}

// listen takes the port; 0 is a free one.
func listen(ctx context.Context, port int) (*server, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &server{socket: socket, http: boot.NewServer(nil)}, nil
}

func (s *server) address() string { return s.socket.Addr().String() }
func (s *server) url() string     { return "http://" + s.address() }

func (s *server) serve(handler http.Handler) {
	s.http.Handler = handler
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.http.Serve(s.socket) // always the error of a closed listener: close is the only way out
	}()
}

// close cuts the requests under way off.
func (s *server) close() error {
	err := s.http.Close()
	_ = s.socket.Close() // which the server does not know unless it serves
	if s.served != nil {
		<-s.served
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the port %s: %w", s.address(), err)
	}
	return nil
}
