//go:build browser

package browser_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// strait is a network between a browser and a server of the stack, such as the local Storage. It
// can be cut.
type strait struct {
	*httptest.Server
	proxy *httputil.ReverseProxy
	// down is set while nothing gets through.
	down atomic.Bool

	mu sync.Mutex
	// next is the cut that the next PUT meets, nil for none.
	next *cut
	// answers are the statuses that PUTs were answered with.
	answers []int
	// asked are the targets of all requests, answered or not.
	asked []string
}

// cut is where a PUT stops.
type cut struct {
	// after is how many bytes of the photo reach Storage; -1 is all of them, and Storage's answer is
	// what does not come through.
	after int64
	// reached is closed when the PUT has stopped, and done by the test when it may break off.
	reached, done chan struct{}
	// end closes done.
	end func()
}

var errCut = errors.New("the network is cut")

// newStrait starts a network to the server at host:port.
func newStrait(tb testing.TB, server string) *strait {
	tb.Helper()
	target := &url.URL{Scheme: "http", Host: server}
	s := &strait{}
	s.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	s.Server = httptest.NewServer(s)
	tb.Cleanup(s.Close)
	return s
}

// cutNext has the next PUT stop, at the latest until the end of the test.
func (s *strait) cutNext(tb testing.TB, after int64) *cut {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan struct{})
	next := &cut{after: after, reached: make(chan struct{}), done: done, end: sync.OnceFunc(func() { close(done) })}
	tb.Cleanup(next.end)
	s.next = next
	return next
}

func (s *strait) take() *cut {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.next
	s.next = nil
	return taken
}

// statuses are what PUTs were answered with so far, as far as an answer came through.
func (s *strait) statuses() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int{}, s.answers...)
}

// cut breaks off what is under way, and lets nothing through until it is mended.
func (s *strait) cut() {
	s.down.Store(true)
	s.CloseClientConnections()
}

// times is how often the target was asked.
func (s *strait) times(target string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.asked {
		if one == target {
			n++
		}
	}
	return n
}

func (s *strait) mend() { s.down.Store(false) }

// wasAsked reports whether a target of a request so far has the part.
func (s *strait) wasAsked(part string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.asked, func(target string) bool { return strings.Contains(target, part) })
}

func (s *strait) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.RequestURI)
	s.mu.Unlock()
	if s.down.Load() {
		panic(http.ErrAbortHandler)
	}
	if r.Method != http.MethodPut {
		s.proxy.ServeHTTP(w, r)
		return
	}
	stop := s.take()
	if stop != nil && stop.after >= 0 {
		r.Body = &halting{r.Body, stop}
	}
	answer := httptest.NewRecorder()
	s.proxy.ServeHTTP(answer, r)
	if stop != nil {
		stop.wait()
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	s.answers = append(s.answers, answer.Code)
	s.mu.Unlock()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the browser may be gone
}

// wait closes reached, and returns when the PUT may break off.
func (c *cut) wait() {
	close(c.reached)
	<-c.done
}

// halting is a body that ends in the middle.
type halting struct {
	io.ReadCloser
	*cut
}

// Read returns as many bytes as there are before the cut.
func (h *halting) Read(b []byte) (int, error) {
	if h.after == 0 {
		h.wait()
		return 0, errCut
	}
	n, err := h.ReadCloser.Read(b[:min(int64(len(b)), h.after)])
	h.after -= int64(n)
	return n, err
}
