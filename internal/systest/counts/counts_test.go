package counts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/cost"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

var update = flag.Bool("update", false, "write the counts anew")

// golden is where the counts are kept.
const golden = "../../deploy/cost/counts.json"

// deadline bounds each wait.
const deadline = 5 * time.Minute

// system is the host. Requests and events take turns, so that what each asks of Firestore can be
// told apart.
type system struct {
	*host.Host
	logs *testkit.Buffer

	turn sync.Mutex // of the request or the event that runs

	mu sync.Mutex
	// owed is the number of deliveries that were caused and have not succeeded.
	owed int
	// cause is the request that the next events are set off by.
	cause string
	rows  []cost.Count
	// changed is closed when owed changes.
	changed chan struct{}
}

func start(t *testing.T) *system {
	t.Helper()
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "") // other tests would count on theirs, too
	}
	s := &system{logs: new(testkit.Buffer), changed: make(chan struct{})}
	h, err := host.Start(t.Context(), host.Options{
		Logs: s.logs, MinBackoff: 100 * time.Millisecond, InProcess: true,
		WrapPublisher: func(next outbox.Publisher) outbox.Publisher { return publisher{s, next} },
		WrapEvent:     s.wrap,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Host = h
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("logs of the functions:\n%s", s.logs)
		}
	})
	return s
}

// publisher counts the deliveries that a message causes.
type publisher struct {
	*system
	next outbox.Publisher
}

func (p publisher) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	err := p.next.Publish(ctx, topic, data, attributes)
	if err == nil {
		p.owe(topic)
	}
	return err
}

// owe counts what a message of the topic causes.
func (s *system) owe(topic string) {
	n := 0
	for _, of := range catalog.Subscriptions() {
		if of.Topic == topic {
			n++
		}
	}
	s.add(n)
}

func (s *system) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owed += n
	close(s.changed)
	s.changed = make(chan struct{})
}

// settle waits until all events that were caused have been handled.
func (s *system) settle(ctx context.Context, t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	for {
		s.mu.Lock()
		owed, changed := s.owed, s.changed
		s.mu.Unlock()
		if owed <= 0 {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%d events are not handled", owed)
		}
	}
}

// wrap counts what the handling of an event asks for. There is no sweep: it would come once a
// minute, whatever is asked, and what it publishes would count for that.
func (s *system) wrap(function string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if function == "sweep" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		s.turn.Lock()
		defer s.turn.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		before, answer := s.traffic(r.Context()), &status{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(answer, r)
		s.mu.Lock()
		what := s.cause + ": " + function + " " + typeOf(body)
		s.mu.Unlock()
		s.record(what, s.traffic(r.Context()).Minus(before))
		if answer.code < 300 {
			s.add(-1)
		}
	})
}

// status keeps the status of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// typeOf is the type of a pushed event, "photo" for the notification of an upload.
func typeOf(push []byte) string {
	var in struct {
		Message struct {
			Attributes map[string]string `json:"attributes"`
		} `json:"message"`
	}
	if json.Unmarshal(push, &in) != nil || in.Message.Attributes[event.AttributeType] == "" {
		return "photo"
	}
	return in.Message.Attributes[event.AttributeType]
}

// traffic is what has passed so far.
func (s *system) traffic(ctx context.Context) meter.Traffic {
	passed, err := emulator.TrafficOf(ctx, os.Getenv("FIRESTORE_EMULATOR_HOST"), host.Project)
	if err != nil {
		panic(err)
	}
	return passed
}

// record keeps a count. What comes more than once is a row of its own each time.
func (s *system) record(what string, t meter.Traffic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, cost.Count{
		What: what, Reads: t.Reads(), Listened: t.Listened, Writes: t.Writes, Deletes: t.Deletes,
		Transactions: t.Transactions, Attempts: t.Attempts, Aggregations: t.Counts, RPCs: t.RPCs,
	})
}

// count makes the request, with photos that it uploads, and waits for what it sets off.
func (s *system) count(ctx context.Context, t *testing.T, what string, photos int, request func()) {
	t.Helper()
	s.turn.Lock()
	s.mu.Lock()
	s.cause = what
	s.mu.Unlock()
	before := s.traffic(ctx)
	request()
	s.record(what, s.traffic(ctx).Minus(before))
	s.turn.Unlock()
	for range photos {
		s.owe(event.TopicUploadFinalized)
	}
	s.settle(ctx, t)
}

// TestCounts compares what each operation asks for with what was counted before. A count that has
// grown fails. So does one that has shrunk, as the next growth would hide behind it.
func TestCounts(t *testing.T) {
	s := start(t)
	s.operations(t)
	s.scans(t)
	// The functions of an event run at the same time, and end in any order.
	rows := s.sorted()
	if *update {
		write(t, rows)
		return
	}
	before, err := cost.Counts()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, rows); diff != "" {
		t.Errorf("`go test ./internal/systest/counts -update` writes the counts anew (-before +now):\n%s", diff)
	}
}

// sorted is the rows, those of one cause by their names.
func (s *system) sorted() []cost.Count {
	rows := slices.Clone(s.rows)
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && strings.HasPrefix(rows[to].What, rows[from].What+": ") {
			to++
		}
		slices.SortStableFunc(rows[from+1:to], func(a, b cost.Count) int { return strings.Compare(a.What, b.What) })
		from = to
	}
	return rows
}

// write keeps the rows, one a line.
func write(t *testing.T, rows []cost.Count) {
	t.Helper()
	var text bytes.Buffer
	for i, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		text.WriteString("\t" + string(line))
	}
	text.WriteString("\n]\n")
	if err := os.WriteFile(golden, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
