package operator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
)

const (
	// keptMoves is how many moves are kept: those of some scans all the way.
	keptMoves = 500
	// maxDelivery bounds the body of a delivery, in bytes. The functions take less.
	maxDelivery = 16 << 20
)

// Move is a request or a delivery that has ended.
type Move struct {
	Number int64 `json:"number"`
	// Path has the IDs of the nodes that it ran along. The first one of an event is the function that
	// published it, "" if that is not known.
	Path []string `json:"path"`
	// What is the method and the route of a request, or the type of an event.
	What    string    `json:"what"`
	At      time.Time `json:"at"`
	Took    float64   `json:"tookMilliseconds"`
	Status  int       `json:"status"`
	Attempt int       `json:"attempt,omitempty"`
	Trace   string    `json:"trace,omitempty"`

	// parent is the span in which an event was published.
	parent string
}

// Requests notes the requests that next answers.
func (d *Desk) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What there is of the path in the picture is its function: paths have the ids of users.
		owner := catalog.Owner(r.URL.Path)
		move := Move{Path: []string{id(kindEnd, nodeClient), functionID(owner)}, What: r.Method, At: time.Now()}
		d.note(next, w, r, move)
	})
}

// Deliveries notes the deliveries of events that next answers.
func (d *Desk) Deliveries(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		d.note(next, w, r, delivery(body))
	})
}

// note keeps the move once next has answered, also if it breaks the connection off.
func (d *Desk) note(next http.Handler, w http.ResponseWriter, r *http.Request, move Move) {
	answer := &answer{ResponseWriter: w}
	defer func() {
		move.Took, move.Status = time.Since(move.At).Seconds()*1000, answer.status
		d.moves.add(func(number int64) Move {
			move.Number = number
			return move
		})
	}()
	next.ServeHTTP(answer, r)
}

// answer keeps the status of an answer, 0 if there was none.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status < http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status < http.StatusOK {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets a proxy flush.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// delivery reads the message of a push subscription. What cannot be read has no way.
func delivery(body []byte) Move {
	var in struct {
		Subscription    string `json:"subscription"`
		DeliveryAttempt int    `json:"deliveryAttempt"`
		Message         struct {
			Attributes map[string]string `json:"attributes"`
			Data       string            `json:"data"`
		} `json:"message"`
	}
	_ = json.Unmarshal(body, &in) // what is wrong with it, the function says
	move := Move{At: time.Now(), Attempt: in.DeliveryAttempt, What: in.Message.Attributes[event.AttributeType]}
	name := in.Subscription[strings.LastIndex(in.Subscription, "/")+1:]
	for _, s := range catalog.Subscriptions() {
		if s.Name == name {
			move.Path = []string{"", id(kindTopic, s.Topic), functionID(s.Function)}
			move.begin(s)
		}
	}
	// A W3C traceparent: version, trace, span and flags.
	if parts := strings.Split(in.Message.Attributes[event.AttributeTraceparent], "-"); len(parts) == 4 {
		move.Trace, move.parent = parts[1], parts[2]
	}
	if move.What == "" {
		move.What = kindOf(in.Message.Data)
	}
	return move
}

// begin sets where the events of a topic come from that no function publishes.
func (m *Move) begin(s catalog.Subscription) {
	switch s.Topic {
	case event.TopicUploadFinalized:
		m.Path = append([]string{id(kindEnd, nodeClient), id(kindBucket, "uploads")}, m.Path[1:]...)
		m.What = s.Topic
	case event.Topic(event.SweepRequestedV1{}.EventType()):
		m.Path[0] = id(kindEnd, nodeSchedule)
	}
}

// kindOf returns the type in an event's data.
func kindOf(data string) string {
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return ""
	}
	e, err := event.Decode(raw)
	if err != nil {
		return ""
	}
	return e.Type
}

// newMoves answers with the moves after the number "since", or with the last number alone.
func (d *Desk) newMoves(r *http.Request) (any, error) {
	since, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	fresh, last := d.moves.since(since)
	if err != nil {
		fresh = []Move{} // a page that has just been opened
	}
	for i := range fresh {
		d.complete(&fresh[i])
	}
	return struct {
		Moves  []Move `json:"moves"`
		Last   int64  `json:"last"`
		Mails  int    `json:"mails"`
		Pushes int    `json:"pushes"`
	}{fresh, last, len(d.stack.Mails()), len(d.stack.Pushes())}, nil
}

// complete finds who published an event, by the span in which that happened, or since no other
// function may.
func (d *Desk) complete(m *Move) {
	if len(m.Path) != 3 || m.Path[0] != "" {
		return
	}
	if d.stack.Traces != nil {
		for _, span := range d.stack.Traces.Trace(m.Trace) {
			if span.ID == m.parent {
				m.from(span.Service)
				return
			}
		}
	}
	var may []string
	for _, f := range catalog.Functions() {
		for _, topic := range owes(f) {
			if id(kindTopic, topic) == m.Path[1] {
				may = append(may, f.Name)
			}
		}
	}
	if len(may) == 1 {
		m.from(may[0])
	}
}

// from sets the function that published the event.
func (m *Move) from(name string) {
	for _, f := range catalog.Functions() {
		if f.Name == name {
			m.Path = append([]string{functionID(f)}, m.Path[1:]...) // not that of the ring's
		}
	}
}
