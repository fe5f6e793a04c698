package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/facescan/facescan/internal/boot"
)

// server is a port that is taken at once, at one address or more, and served later.
type server struct {
	sockets []net.Listener
	handler http.Handler // from serve on
	http    *http.Server
	served  sync.WaitGroup
}

// listen takes the port at each of the hosts. 0 is a port that is free at the first.
func listen(ctx context.Context, port int, hosts ...string) (*server, error) {
	s := new(server)
	s.http = boot.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }))
	for _, host := range hosts {
		socket, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen: %w", err), s.close())
		}
		s.sockets, port = append(s.sockets, socket), socket.Addr().(*net.TCPAddr).Port
	}
	return s, nil
}

// address returns the first host with the port.
func (s *server) address() string { return s.sockets[0].Addr().String() }

// url returns the base URL at one of the hosts.
func (s *server) url(host string) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(s.sockets[0].Addr().(*net.TCPAddr).Port))
}

func (s *server) serve(handler http.Handler) {
	s.handler = handler
	for _, socket := range s.sockets {
		s.served.Go(func() { _ = s.http.Serve(socket) }) // always the error of a closed listener: close is the only way out
	}
}

// close cuts the requests under way off.
func (s *server) close() error {
	err := s.http.Close()
	for _, socket := range s.sockets {
		_ = socket.Close() // which the server does not know unless it serves
	}
	s.served.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the port %s: %w", s.address(), err)
	}
	return nil
}
