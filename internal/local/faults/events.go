package faults

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// maxEvent bounds a delivery, in bytes. Pub/Sub's own limit of a message is 10 MB, of which base64
// makes 14.
const maxEvent = 16 << 20

// Handler returns next, which takes the deliveries of events below the path of each function,
// behind the faults of Events.
func (i *Injector) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
		if err != nil {
			http.Error(w, "the body could not be read", http.StatusBadRequest)
			return
		}
		attempt := func(w http.ResponseWriter) {
			again := r.Clone(r.Context())
			again.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, again)
		}
		turn := i.arrive(r.URL.Path)
		i.awaitPubSub(r.Context())
		f := i.Draw(Events, r.URL.Path+"\x00"+eventKey(body))
		if !Wait(r.Context(), f.Slow) {
			return
		}
		if f.Refused != "" {
			Unavailable(w)
			return
		}
		if f.Held {
			i.hold(r.Context(), turn)
		}
		i.handle(w, f, attempt)
		i.handled(turn)
	})
}

// handle has a delivery handled as its fate is.
func (i *Injector) handle(w http.ResponseWriter, f Fate, attempt func(http.ResponseWriter)) {
	if f.Kill != nil {
		// It may outlast the request: then it falls between two, as a crash may.
		time.AfterFunc(f.CrashAfter, f.Kill)
	}
	if f.Dup {
		attempt(Lost())
	}
	if !f.Drop {
		attempt(w)
		return
	}
	attempt(Lost())
	Unavailable(w)
}

// eventKey returns what tells a delivery from others: the event's id, a photo's name, or else the
// message's id, which is another one each time that it is published.
func eventKey(body []byte) string {
	var push struct {
		Message struct {
			Attributes struct {
				ID       string `json:"id"`
				ObjectID string `json:"objectId"`
			} `json:"attributes"`
			Data      []byte `json:"data"`
			MessageID string `json:"messageId"`
		} `json:"message"`
	}
	if json.Unmarshal(body, &push) != nil {
		return ""
	}
	var event struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(push.Message.Data, &event) // a photo's has none
	of := push.Message.Attributes
	return cmp.Or(of.ID, of.ObjectID, event.ID, push.Message.MessageID)
}

// lane is the order of the events of one function.
type lane struct {
	arrived uint64
	latest  uint64        // the latest to arrive of those that were handled
	changed chan struct{} // closed when latest changes
}

// turn is the place of an event in its lane.
type turn struct {
	lane *lane
	n    uint64
}

// arrive notes an event of a function.
func (i *Injector) arrive(function string) turn {
	i.mu.Lock()
	defer i.mu.Unlock()
	l := i.lanes[function]
	if l == nil {
		l = &lane{changed: make(chan struct{})}
		i.lanes[function] = l
	}
	l.arrived++
	return turn{l, l.arrived}
}

// handled notes that an event was handled, which those wait for that it has overtaken.
func (i *Injector) handled(t turn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t.n <= t.lane.latest {
		return
	}
	t.lane.latest = t.n
	close(t.lane.changed)
	t.lane.changed = make(chan struct{})
}

// hold waits until a later event was handled, for maxHeld at most, or until ctx ends.
func (i *Injector) hold(ctx context.Context, t turn) {
	ctx, cancel := context.WithTimeout(ctx, maxHeld)
	defer cancel()
	for {
		i.mu.Lock()
		overtaken, changed := t.lane.latest > t.n, t.lane.changed
		if overtaken {
			i.count(Events, Reorder)
		}
		i.mu.Unlock()
		if overtaken {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// Unavailable answers by 503.
func Unavailable(w http.ResponseWriter) {
	http.Error(w, "a fault on purpose", http.StatusServiceUnavailable)
}

// Lost returns a writer of an answer that is thrown away.
func Lost() http.ResponseWriter { return lost{http.Header{}} }

type lost struct{ header http.Header }

func (l lost) Header() http.Header       { return l.header }
func (lost) Write(p []byte) (int, error) { return len(p), nil }
func (lost) WriteHeader(int)             {}
