package systest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
)

// crasher dies at the first message of each topic about a user whom it strikes: after the commit
// that owes it, before Pub/Sub has it. Other users' requests are not repeated.
type crasher struct {
	next outbox.Publisher

	mu      sync.Mutex
	struck  map[string]bool // by uid
	crashed map[string]bool // by topic
}

func newCrasher() *crasher { return &crasher{struck: map[string]bool{}, crashed: map[string]bool{}} }

// strike has what is published about the user crash from now on.
func (c *crasher) strike(uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.struck[uid] = true
}

func (c *crasher) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	c.mu.Lock()
	first := c.struck[event.About(data).UID] && !c.crashed[topic]
	c.crashed[topic] = c.crashed[topic] || first
	c.mu.Unlock()
	if first {
		panic("systest: crash between commit and publish of " + topic)
	}
	return c.next.Publish(ctx, topic, data, attributes)
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

// late is every delivery about the user so far, the last one first.
func (r *repeater) late(uid string) []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	var reversed []delivery
	for _, d := range slices.Backward(r.kept) {
		if d.uid() == uid {
			reversed = append(reversed, d)
		}
	}
	return reversed
}

// uid is whom the delivery is about, "" for none.
func (d delivery) uid() string {
	var pushed struct{ Message struct{ Data []byte } }
	_ = json.Unmarshal(d.body, &pushed) // what is no push is about no one
	return event.About(pushed.Message.Data).UID
}
