package systest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/outbox"
)

// crasher dies at the first message of each topic: after the commit that owes it, before Pub/Sub
// has it.
type crasher struct {
	next outbox.Publisher

	mu      sync.Mutex
	crashed map[string]bool
	resting bool
}

func (c *crasher) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	c.mu.Lock()
	first := !c.crashed[topic] && !c.resting
	c.crashed[topic] = c.crashed[topic] || first
	c.mu.Unlock()
	if first {
		panic("systest: crash between commit and publish of " + topic)
	}
	return c.next.Publish(ctx, topic, data, attributes)
}

// rest has nothing crash until the test has ended, for one whose requests are not repeated.
func (c *crasher) rest(t *testing.T) {
	t.Helper()
	set := func(resting bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.resting = resting
	}
	set(true)
	t.Cleanup(func() { set(false) })
}

func (c *crasher) topics() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	topics := make(map[string]bool, len(c.crashed))
	for t := range c.crashed {
		topics[t] = true
	}
	return topics
}

// repeater delivers every event twice, and keeps it to be delivered late.
type repeater struct {
	mu   sync.Mutex
	kept []delivery
}

type delivery struct {
	function string
	handler  http.Handler
	header   http.Header
	body     []byte
}

func (r *repeater) wrap(function string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		d := delivery{function: function, handler: next, header: req.Header.Clone(), body: body}
		r.mu.Lock()
		r.kept = append(r.kept, d)
		r.mu.Unlock()
		// The twin runs beside the original, as two instances would.
		var twin sync.WaitGroup
		twin.Go(func() { d.deliver(req.Context()) })
		status := d.deliver(req.Context())
		twin.Wait()
		w.WriteHeader(status)
	})
}

func (d delivery) deliver(ctx context.Context) int {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(d.body))
	req.Header = d.header.Clone()
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, req)
	return answer.Code
}

// late is every delivery so far, the last one first.
func (r *repeater) late() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	reversed := make([]delivery, 0, len(r.kept))
	for i := len(r.kept) - 1; i >= 0; i-- {
		reversed = append(reversed, r.kept[i])
	}
	return reversed
}

// lockedBuffer keeps the functions' logs for the case that the test fails.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
