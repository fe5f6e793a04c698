package boot

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/testkit"
)

// short are limits that a test can wait for.
func short() Limits {
	l := DefaultLimits()
	l.Header, l.Request, l.Write, l.Idle = time.Second, time.Second, time.Second, time.Second
	return l
}

// besieged is a function served with short limits, and the count of its connections.
type besieged struct {
	address  string
	all, now atomic.Int64
	server   *http.Server
	served   sync.WaitGroup
}

// besiege serves a function that has an answer of nothing, one that no buffer between it and a
// client holds, and one that takes a body.
func besiege(t *testing.T) *besieged {
	t.Helper()
	b, large := new(besieged), make([]byte, 32<<20)
	HTTP("besieged", func(context.Context, *Process) (http.Handler, error) {
		api := httpapi.New(httpapi.Options{BodyTimeout: time.Second})
		api.Handle("GET /quick", httpapi.Open, func(w http.ResponseWriter, _ *http.Request) error {
			return httpapi.Write(w, http.StatusOK, true)
		})
		api.Handle("GET /large", httpapi.Open, func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = w.Write(large) // it may never be read
			return nil
		})
		api.Handle("POST /pets", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
			_, err := httpapi.Decode[struct{}](w, r)
			return err
		}, httpapi.JSON)
		return api, nil
	})
	handler, _ := Function("besieged")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address, b.server = listener.Addr().String(), short().Server(handler)
	b.server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			b.all.Add(1)
			b.now.Add(1)
		case http.StateClosed, http.StateHijacked:
			b.now.Add(-1)
		}
	}
	b.served.Go(func() { _ = b.server.Serve(listener) })
	return b
}

// slow connects and sends the text at once, then a byte every 50 ms if it trickles, until the
// server hangs up or ctx ends. It reads nothing.
func (b *besieged) slow(ctx context.Context, text string, trickles bool) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	if !trickles {
		<-ctx.Done()
		return nil
	}
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-pace.C:
			if _, hungUp := conn.Write([]byte{' '}); hungUp != nil {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// honest asks once over a connection of its own.
func (b *besieged) honest(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /pets HTTP/1.1\r\nHost: x\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// Hundreds of clients that are slow in every way hold their connections for as long as the limits
// say, and an honest client gets its answers meanwhile. It is not parallel, since it counts
// goroutines.
func TestSlowClients(t *testing.T) {
	const each = 75
	before := goleak.IgnoreCurrent()
	b := besiege(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kinds := []struct {
		text     string
		trickles bool
	}{
		{"GET /quick HTTP/1.1\r\nHost: x\r\nX-Slow: ", true},
		{"POST /pets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{", true},
		{"POST //nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{", true},
		{"GET /large HTTP/1.1\r\nHost: x\r\n\r\n", false},
		{"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n", false}, // whose connection stays open, for no more requests
	}
	var clients sync.WaitGroup
	for _, kind := range kinds {
		for range each {
			clients.Go(func() {
				if err := b.slow(ctx, kind.text, kind.trickles); err != nil {
					t.Errorf("%.20q: %v", kind.text, err)
				}
			})
		}
	}
	testkit.Eventually(t, "all are there", func() bool { return b.all.Load() >= int64(each*len(kinds)) })
	answered, end := 0, time.Now().Add(testkit.Patience)
	for answered == 0 || b.now.Load() > 0 {
		if time.Now().After(end) {
			t.Fatalf("%d connections are held after %v", b.now.Load(), testkit.Patience)
		}
		asked, done := context.WithTimeout(ctx, testkit.Patience)
		err := b.honest(asked)
		done()
		if err != nil {
			t.Fatalf("after %d answers: %v", answered, err)
		}
		answered++
	}
	cancel()
	clients.Wait()
	if err := b.server.Close(); err != nil {
		t.Error(err)
	}
	b.served.Wait()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
	t.Logf("%d answers to the honest client", answered)
}

// A limit for a request ends with its body, and one for a client's reading with the answer: work
// may take longer than either, and what comes later on the same connection has its own.
func TestLimits_endWithWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	limits := short()
	limits.Request, limits.Write = 50*time.Millisecond, 50*time.Millisecond
	server := limits.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		select { // works for longer than both
		case <-time.After(4 * limits.Request):
		case <-r.Context().Done():
			t.Error("the request was cancelled")
		}
		_, _ = io.WriteString(w, "done")
	}))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { _ = server.Close(); served.Wait() })
	client := &http.Client{Transport: new(http.Transport)}
	t.Cleanup(client.CloseIdleConnections)
	for range 2 {
		r, err := http.NewRequestWithContext(
			t.Context(), http.MethodPost, "http://"+listener.Addr().String(), strings.NewReader("x"),
		)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != "done" {
			t.Errorf("%q, %v", body, err)
		}
	}
}

// A header beyond what the load balancer lets through is not kept in memory.
func TestNewServer_refusesLongHeaders(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { _ = server.Close(); served.Wait() })
	for size, want := range map[int]int{
		60 << 10: http.StatusOK, 80 << 10: http.StatusRequestHeaderFieldsTooLarge,
	} {
		text := "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", size) + "\r\n\r\n"
		resp, _, err := exchange(t.Context(), listener.Addr().String(), text)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%d bytes: %v, %v; want %d", size, resp, err, want)
		}
	}
}
