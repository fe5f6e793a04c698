package boot

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/testkit"
)

// exchange sends the text over a connection of its own. An error means that no server listens.
func exchange(ctx context.Context, address, text string) (*http.Response, string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		return nil, "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// The framework would redirect the one and answer the other, and neither with an id.
func TestDeployedFunction_answersEveryRequestItself(t *testing.T) {
	t.Parallel()
	port := testkit.FreePort(t)
	p := startHelper(t, serveAPI, productionEnviron("FUNCTION_TARGET", "probe", variablePort, port))
	address := "127.0.0.1:" + port
	testkit.Eventually(t, "the function answers", func() bool {
		_, _, err := exchange(t.Context(), address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		return err == nil
	})
	for _, target := range []string{"GET //v1/me", "GET /a/../b", "OPTIONS *", "GET /nothing"} {
		resp, body, err := exchange(t.Context(), address, target+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		var problem httpapi.Problem
		if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Code != "not_found" ||
			resp.StatusCode != http.StatusNotFound || problem.RequestID == "" ||
			problem.RequestID != resp.Header.Get("X-Request-Id") {
			t.Errorf("%s: %d %v %s", target, resp.StatusCode, resp.Header, body)
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestDeployedFunction_refusesToStartWithoutItsPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", ":0") // where the function listens, too
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p := startHelper(t, serveAPI, productionEnviron("FUNCTION_TARGET", "probe", variablePort, port))
	if code := p.exitCode(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	checkCritical(t, p.stderr.String(), []string{"address already in use"})
}

// Half a header holds a connection for ten seconds, however it trickles in. A deployed function and
// the local stack have the same server.
func TestNewServer_endsHalfAHeader(t *testing.T) {
	t.Parallel()
	for name, trickle := range map[string]time.Duration{"at once": 0, "a byte a second": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				listener := pipes{accepted: make(chan net.Conn, 1), closed: make(chan struct{})}
				ours, theirs := net.Pipe()
				listener.accepted <- theirs
				server := NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was served") }))
				var serving sync.WaitGroup
				serving.Go(func() { _ = server.Serve(listener) })
				began := time.Now()
				serving.Go(func() {
					for _, b := range []byte("GET /v1/me HTTP/1.1\r\nHost: example.com\r\nX-Slow: ") {
						time.Sleep(trickle)
						if _, err := ours.Write([]byte{b}); err != nil {
							return
						}
					}
				})
				_, _ = io.ReadAll(ours) // ends when the server hangs up
				if lasted := time.Since(began); lasted != headerTimeout {
					t.Errorf("the connection lasted %v, want %v", lasted, headerTimeout)
				}
				_ = server.Close()
				serving.Wait()
			})
		})
	}
}

// pipes is a listener of pipes, whose deadlines are those of a synctest bubble.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestTimed(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[string]bool{"60": true, "": false, "x": false} {
		handler := timed(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			end, limited := r.Context().Deadline()
			if limited != want || limited && time.Until(end) > time.Minute {
				t.Errorf("%q: ends at %v, %v", seconds, end, limited)
			}
		}), seconds)
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	}
}
