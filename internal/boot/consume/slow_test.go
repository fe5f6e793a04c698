package consume

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/testkit"
)

// A delivery whose body trickles in is given up, to be delivered again. One whose handling takes
// longer than a body may is not cancelled.
func TestSlowDelivery(t *testing.T) {
	t.Parallel()
	const patience = 100 * time.Millisecond
	handled := make(chan error, 1)
	server := httptest.NewServer(&adapter{
		function: "probe", now: time.Now, flush: func(context.Context) {}, patience: patience,
		handle: func(ctx context.Context, _ event.Message) error {
			select {
			case <-time.After(3 * patience):
			case <-ctx.Done():
			}
			handled <- ctx.Err()
			return nil
		},
	})
	t.Cleanup(server.Close)
	for name, tt := range map[string]struct {
		body   string
		length int
		want   int
	}{
		"a body that never ends": {"{", 1000, http.StatusServiceUnavailable},
		"long work":              {pushBody(t, "slow-1", "{}", nil), 0, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil { // for the case that no answer comes
				t.Fatal(err)
			}
			if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s",
				max(tt.length, len(tt.body)), tt.body); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if resp.StatusCode != tt.want {
				t.Errorf("%s, want %d", resp.Status, tt.want)
			}
			if strings.HasPrefix(tt.body, "{\"") {
				if err := <-handled; err != nil {
					t.Error(err)
				}
			}
		})
	}
}
