package boot

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/throttle"
)

// slowly returns a throttled handler that tells of each request and answers it after release, and
// what it reads of the bodies.
func slowly(t *testing.T, places *throttle.Throttle) (h http.Handler, begun chan string, release chan struct{}) {
	t.Helper()
	begun, release = make(chan string), make(chan struct{})
	return throttled{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = []byte("broken: " + err.Error())
		}
		begun <- string(body)
		<-release
		w.WriteHeader(http.StatusAccepted)
	}), places}, begun, release
}

func TestThrottled_refusesWithATimeToComeAgain(t *testing.T) {
	t.Parallel()
	h, begun, release := slowly(t, throttle.New(1, 0, time.Second))
	first := make(chan int)
	go func() { first <- serveOnce(h, http.MethodGet, "/", nil, nil).Code }()
	<-begun
	rec := httptest.NewRecorder()
	r := httpapi.Begin(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	h.ServeHTTP(rec, r)
	checkUnavailable(t, rec)
	lines := linesOf(&logs, rec.Header().Get("X-Request-Id"))
	if len(lines) != 1 || !strings.Contains(lines[0], `"severity":"WARNING"`) {
		t.Errorf("it is logged as %q", lines)
	}
	close(release)
	if status := <-first; status != http.StatusAccepted {
		t.Errorf("the one that has the place got %d", status)
	}
	go func() { <-begun }()
	if rec := serveOnce(h, http.MethodGet, "/", nil, nil); rec.Code != http.StatusAccepted {
		t.Errorf("the next got %d", rec.Code)
	}
}

// A client that sends its body slowly, or a photo, takes no place from others.
func TestThrottled_bodiesTakeNoPlace(t *testing.T) {
	t.Parallel()
	h, begun, release := slowly(t, throttle.New(1, 0, time.Second))
	close(release)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	const half = `{"contentType":`
	large := httpapi.MaxBody + 1
	for name, request := range map[string]string{
		"slow":       fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(half)+1, half),
		"slow parts": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(half), half),
		"a photo":    fmt.Sprintf("Content-Length: %d\r\n\r\n%s", large, half),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n"+request); err != nil {
				t.Fatal(err)
			}
			body := `{"other":1}`
			got := make(chan int, 1)
			go func() { got <- post(t.Context(), server.URL, body) }()
			select {
			case status := <-got:
				t.Fatalf("another got %d", status)
			case read := <-begun:
				if read != body {
					t.Errorf("the handler read %q", read)
				}
			}
			if status := <-got; status != http.StatusAccepted {
				t.Errorf("another got %d", status)
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			if read := <-begun; !strings.HasPrefix(read, "broken: ") {
				t.Errorf("of a body that broke off, the handler read %q", read)
			}
		})
	}
}

// post returns the status of the answer, 0 if there is none.
func post(ctx context.Context, url, body string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestArrived_keepsTheBody(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken off")
	long := func(size int) io.Reader { return strings.NewReader(strings.Repeat("x", size)) }
	for name, tt := range map[string]struct {
		body  io.Reader
		whole bool
		fails error
		size  int
	}{
		"none":         {http.NoBody, true, nil, 0},
		"the longest":  {long(httpapi.MaxBody), true, nil, httpapi.MaxBody},
		"a longer one": {long(httpapi.MaxBody + 1), false, nil, httpapi.MaxBody + 1},
		"a broken one": {io.MultiReader(strings.NewReader("xx"), failing{broken}), true, broken, 2},
		// The length of what is no text in memory is not known before.
		"parts": {bufio.NewReader(long(3 * httpapi.MaxBody)), false, nil, 3 * httpapi.MaxBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", tt.body)
			if got := arrived(httptest.NewRecorder(), r); got != tt.whole {
				t.Errorf("it is whole: %t", got)
			}
			body, err := io.ReadAll(r.Body)
			if !errors.Is(err, tt.fails) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(strings.Repeat("x", tt.size), string(body)); diff != "" {
				t.Errorf("the handler reads (-want +got):\n%.200s", diff)
			}
		})
	}
}

// What waits for a document to change has no place.
func TestThrottled_restGivesThePlaceUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	resting := make(chan struct{})
	h := throttled{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			throttle.Rest(r.Context())
			close(resting)
			<-release
		}
		w.WriteHeader(http.StatusAccepted)
	}), throttle.New(1, 0, time.Second)}
	waited := make(chan int)
	go func() { waited <- serveOnce(h, http.MethodGet, "/wait", nil, nil).Code }()
	<-resting
	if rec := serveOnce(h, http.MethodGet, "/", nil, nil); rec.Code != http.StatusAccepted {
		t.Errorf("another got %d", rec.Code)
	}
	close(release)
	if status := <-waited; status != http.StatusAccepted {
		t.Errorf("the one that waited got %d", status)
	}
}
