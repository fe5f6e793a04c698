package pusher

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sync/semaphore"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.PubSub)) }

// bus is a project with the topics events and letters, each with a subscription.
type bus struct {
	project string
	client  *pubsub.Client
	events  *pubsub.Publisher
}

func newBus(tb testing.TB) *bus {
	tb.Helper()
	b := &bus{project: emulatortest.UniqueProject(tb)}
	var err error
	if b.client, err = pubsub.NewClient(tb.Context(), b.project); err != nil {
		tb.Fatal(err)
	}
	for _, topic := range []string{"events", "letters"} {
		_, err := b.client.TopicAdminClient.CreateTopic(tb.Context(), &pubsubpb.Topic{Name: b.topic(topic)})
		if err == nil {
			_, err = b.client.SubscriptionAdminClient.CreateSubscription(tb.Context(), &pubsubpb.Subscription{
				Name: b.subscription(topic), Topic: b.topic(topic), AckDeadlineSeconds: 600,
			})
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	b.events = b.client.Publisher("events")
	tb.Cleanup(func() {
		b.events.Stop()
		if err := b.client.Close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

func (b *bus) topic(name string) string { return "projects/" + b.project + "/topics/" + name }
func (b *bus) subscription(topic string) string {
	return "projects/" + b.project + "/subscriptions/function." + topic
}

// publish publishes messages of the data and returns their ids.
func (b *bus) publish(tb testing.TB, all ...string) []string {
	tb.Helper()
	var results []*pubsub.PublishResult
	for _, data := range all {
		results = append(results, b.events.Publish(tb.Context(), &pubsub.Message{Data: []byte(data)}))
	}
	b.events.Flush()
	var ids []string
	for _, r := range results {
		id, err := r.Get(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// left returns the messages of the topic's subscription that no one holds.
func (b *bus) left(t *testing.T, topic string) []*pubsubpb.ReceivedMessage {
	t.Helper()
	got, err := b.client.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{
		Subscription: b.subscription(topic), MaxMessages: 100,
		ReturnImmediately: true, //nolint:staticcheck // nothing is to be waited for
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetReceivedMessages()
}

// handler is a function that gets a message and returns the status.
type handler func(r *http.Request, m event.Message) int

// start has the messages delivered to the handler until stop is called or the test ends. The policy
// may be changed.
func (b *bus) start(tb testing.TB, handle handler, change ...func(*Function)) (stop func()) {
	tb.Helper()
	client, err := connect(tb.Context(), b.project)
	if err != nil {
		tb.Fatal(err)
	}
	_, stop = b.startWith(tb, client, handle, change...)
	return stop
}

func (b *bus) startWith(
	tb testing.TB, client *pubsub.Client, handle handler, change ...func(*Function),
) (p *Pusher, stop func()) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the pusher is gone
		}
		m, err := event.Receive(r.Header, body)
		if err != nil {
			tb.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		status := handle(r, m)
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	f := Function{
		URL: server.URL, Subscriptions: []string{b.subscription("events")}, AtOnce: 4, Timeout: time.Minute,
		MinBackoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond, MaxAttempts: 5,
	}
	for _, c := range change {
		c(&f)
	}
	p = start(tb.Context(), client, b.topic("letters"), []Function{f})
	var once sync.Once
	stop = func() {
		once.Do(func() {
			if err := p.Close(); err != nil {
				tb.Error(err)
			}
			server.CloseClientConnections()
			server.Close()
		})
	}
	tb.Cleanup(stop)
	return p, stop
}

// seen are the attempts of each message, by its data.
type seen struct {
	mu       sync.Mutex
	attempts map[string][]int
}

// note notes a delivery.
func (s *seen) note(m event.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attempts == nil {
		s.attempts = map[string][]int{}
	}
	s.attempts[string(m.Data)] = append(s.attempts[string(m.Data)], m.Attempt)
}

func (s *seen) of(data string) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts[data])
}

func (s *seen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.attempts)
}

func TestPush_isThatOfProduction(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]pubsub.Message{
		"an event": {
			Data: []byte(`{"a":1}`), Attributes: map[string]string{"type": "scan.completed.v1", "ü": "<&>"},
		},
		"no attributes":          {Data: []byte("x")},
		"nothing but one":        {Attributes: map[string]string{"eventType": "OBJECT_FINALIZE"}},
		"bytes that are no text": {Data: []byte{0, 0xff, 0xfe, '"', '\n'}},
		"five megabytes":         {Data: bytes.Repeat([]byte("0123456789"), 500_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBus(t)
			id, err := b.events.Publish(t.Context(), &pubsub.Message{Data: m.Data, Attributes: m.Attributes}).Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			type got struct {
				event.Message
				body    map[string]any
				headers http.Header
				method  string
			}
			delivered := make(chan got, 1)
			b.start(t, func(r *http.Request, m event.Message) int {
				g := got{Message: m, headers: r.Header, method: r.Method}
				if err := json.NewDecoder(r.Body).Decode(&g.body); err != nil {
					t.Error(err)
				}
				delivered <- g
				return http.StatusOK
			})
			g := <-delivered
			if g.ID != id || g.Attempt != 1 || !bytes.Equal(g.Data, m.Data) ||
				time.Since(g.PublishedAt).Abs() > time.Minute {
				t.Errorf("delivered %s, attempt %d, of %s, %d bytes", g.ID, g.Attempt, g.PublishedAt, len(g.Data))
			}
			if diff := cmp.Diff(m.Attributes, g.Attributes); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			if g.method != http.MethodPost || g.headers.Get("Content-Type") != "application/json" {
				t.Errorf("%s with %q", g.method, g.headers)
			}
			inner, _ := g.body["message"].(map[string]any)
			if inner["messageId"] != id || inner["message_id"] != id || inner["publishTime"] == nil ||
				inner["publish_time"] != inner["publishTime"] {
				t.Errorf("the message's names: %q", inner)
			}
			delete(g.body, "message")
			want := map[string]any{"deliveryAttempt": 1.0, "subscription": b.subscription("events")}
			if diff := cmp.Diff(want, g.body); diff != "" {
				t.Errorf("beside the message (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAtOnce has each delivery wait for two others: fewer at once would never end.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	const atOnce, all = 3, 21
	b := newBus(t)
	second := b.subscription("events") + "2"
	if _, err := b.client.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{
		Name: second, Topic: b.topic("events"),
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	inside, most, ended := 0, 0, 0
	var waiting []chan struct{}
	b.start(t, func(r *http.Request, _ event.Message) int {
		mu.Lock()
		inside++
		most = max(most, inside)
		meet := make(chan struct{})
		waiting = append(waiting, meet)
		if len(waiting) == atOnce {
			for _, w := range waiting {
				close(w)
			}
			waiting = nil
		}
		mu.Unlock()
		select {
		case <-meet:
		case <-r.Context().Done():
		}
		mu.Lock()
		defer mu.Unlock()
		inside--
		ended++
		return http.StatusOK
	}, func(f *Function) { f.AtOnce, f.Subscriptions = atOnce, append(f.Subscriptions, second) })
	for i := range all {
		b.publish(t, fmt.Sprint(i))
	}
	testkit.Eventually(t, "all deliveries", func() bool { mu.Lock(); defer mu.Unlock(); return ended == 2*all })
	if most != atOnce {
		t.Errorf("%d at once, want %d", most, atOnce)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const broken = 0
	for name, tt := range map[string]struct {
		status   int
		accepted bool
	}{
		"ok":                    {http.StatusOK, true},
		"created":               {http.StatusCreated, true},
		"accepted":              {http.StatusAccepted, true},
		"no content":            {http.StatusNoContent, true},
		"another success":       {http.StatusResetContent, false},
		"a redirect":            {http.StatusFound, false},
		"a bad request":         {http.StatusBadRequest, false},
		"a failure":             {http.StatusInternalServerError, false},
		"no process serves":     {http.StatusServiceUnavailable, false},
		"the connection breaks": {broken, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBus(t)
			var s seen
			b.start(t, func(r *http.Request, m event.Message) int {
				if r.URL.Path != "/" {
					t.Errorf("asked for %s", r.URL)
				}
				s.note(m)
				switch {
				case m.Attempt == 3 || string(m.Data) == "after":
					return http.StatusOK
				case tt.status == broken:
					panic(http.ErrAbortHandler)
				}
				return tt.status
			}, func(f *Function) { f.AtOnce = 1 })
			b.publish(t, "message")
			want := []int{1, 2, 3}
			if tt.accepted {
				want = []int{1}
			}
			testkit.Eventually(t, "the deliveries", func() bool { return len(s.of("message")) >= len(want) })
			b.publish(t, "after") // in the place of a delivery too many
			testkit.Eventually(t, "the next message", func() bool { return len(s.of("after")) == 1 })
			if diff := cmp.Diff(want, s.of("message")); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeliveryThatHangs(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	var s seen
	ended := make(chan struct{}, 1)
	b.start(t, func(r *http.Request, m event.Message) int {
		s.note(m)
		if m.Attempt == 3 {
			ended <- struct{}{}
		}
		if m.Attempt >= 3 {
			return http.StatusOK
		}
		<-r.Context().Done()
		return http.StatusOK
	}, func(f *Function) {
		// Long enough for the request to arrive on a busy machine.
		f.AtOnce, f.Timeout = 1, 2*time.Second
	})
	b.publish(t, "message")
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("there is no delivery after those that hung")
	}
	if diff := cmp.Diff([]int{1, 2, 3}, s.of("message")); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	t.Run("grows from the shortest to the longest, with jitter", func(t *testing.T) {
		t.Parallel()
		for failed, wait := range map[int]time.Duration{
			1: 10 * time.Second, 2: 20 * time.Second, 3: 40 * time.Second, 6: 320 * time.Second, 7: 600 * time.Second,
			100: 600 * time.Second,
		} {
			waits := map[time.Duration]bool{}
			for range 1000 {
				got := backoff(10*time.Second, 600*time.Second, failed)
				if got < wait || got > min(wait*5/4, 600*time.Second) {
					t.Fatalf("after %d failures %s, want %s and at most a quarter more", failed, got, wait)
				}
				waits[got] = true
			}
			if len(waits) == 1 && wait < 600*time.Second {
				t.Errorf("after %d failures always the same", failed)
			}
		}
	})
	t.Run("is waited for", func(t *testing.T) {
		t.Parallel()
		b := newBus(t)
		times := make(chan time.Time, 10)
		b.start(t, func(*http.Request, event.Message) int {
			times <- time.Now()
			return http.StatusInternalServerError
		}, func(f *Function) { f.MinBackoff, f.MaxBackoff = 10*time.Millisecond, 30*time.Millisecond })
		b.publish(t, "message")
		before := <-times
		for i, atLeast := range []int64{10, 20, 30, 30} {
			now := <-times
			if waited := now.Sub(before); waited.Milliseconds() < atLeast {
				t.Errorf("attempt %d after %s, want at least %d ms", i+2, waited, atLeast)
			}
			before = now
		}
	})
}

func TestDeadLetter(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	var attempts atomic.Int64
	stop := b.start(t, func(*http.Request, event.Message) int {
		attempts.Add(1)
		return http.StatusInternalServerError
	})
	sent := &pubsub.Message{Data: []byte{1, 0xff}, Attributes: map[string]string{"type": "t"}}
	if _, err := b.events.Publish(t.Context(), sent).Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	var letter *pubsubpb.PubsubMessage
	testkit.Eventually(t, "the dead letter", func() bool {
		for _, m := range b.left(t, "letters") {
			letter = m.GetMessage()
		}
		return letter != nil
	})
	when := letter.GetAttributes()["CloudPubSubDeadLetterSourceTopicPublishTime"]
	if at, err := time.Parse(time.RFC3339, when); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("published at %q: %v", when, err)
	}
	want := map[string]string{
		"type": "t",
		"CloudPubSubDeadLetterSourceDeliveryCount":       "5",
		"CloudPubSubDeadLetterSourceSubscription":        "function.events",
		"CloudPubSubDeadLetterSourceSubscriptionProject": b.project,
		"CloudPubSubDeadLetterSourceTopicPublishTime":    when,
	}
	if diff := cmp.Diff(want, letter.GetAttributes()); diff != "" || !bytes.Equal(letter.GetData(), sent.Data) {
		t.Errorf("%q with attributes (-want +got):\n%s", letter.GetData(), diff)
	}
	if got := attempts.Load(); got != 5 {
		t.Errorf("%d attempts", got)
	}
	stop()
	if again := b.left(t, "events"); len(again) > 0 {
		t.Errorf("the message is still there: %v", again)
	}
}

func TestFreshMessages(t *testing.T) {
	t.Parallel()
	numbered := func(prefix string, n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("%s %d", prefix, i))
		}
		return all
	}
	refuse := func(s *seen) handler {
		return func(_ *http.Request, m event.Message) int {
			s.note(m)
			if strings.HasPrefix(string(m.Data), "bad") {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
	}
	t.Run("overtake hundreds in back-off", func(t *testing.T) {
		t.Parallel()
		b := newBus(t)
		var s seen
		b.start(t, refuse(&s), func(f *Function) { f.AtOnce, f.MinBackoff, f.MaxBackoff = 2, time.Hour, time.Hour })
		b.publish(t, numbered("bad", 300)...)
		testkit.Eventually(t, "the failures", func() bool { return s.count() == 300 })
		b.publish(t, numbered("good", 20)...)
		testkit.Eventually(t, "the fresh messages", func() bool { return s.count() == 320 })
		for _, data := range append(numbered("bad", 300), numbered("good", 20)...) {
			if got := s.of(data); len(got) != 1 {
				t.Errorf("attempts of %q: %d", data, got)
			}
		}
	})
	t.Run("are behind one at most of many that are due", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := &subscription{
				places: semaphore.NewWeighted(1), fresh: semaphore.NewWeighted(1), again: semaphore.NewWeighted(1),
			}
			entered := make(chan string, 100)
			enter := func(who string, turn *semaphore.Weighted) {
				if err := s.enter(t.Context(), turn); err != nil {
					t.Error(err)
				}
				entered <- who
			}
			enter("the first", s.fresh)
			for range 50 {
				go enter("due", s.again)
			}
			synctest.Wait()
			go enter("fresh", s.fresh)
			synctest.Wait()
			var order []string
			for range 52 {
				order = append(order, <-entered)
				s.places.Release(1)
				synctest.Wait()
			}
			if i := slices.Index(order, "fresh"); i != 2 {
				t.Errorf("in place %d of %q", i, order)
			}
		})
	})
}

func TestMessagesOfBefore(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	b.publish(t, "first", "second")
	var s seen
	b.start(t, func(_ *http.Request, m event.Message) int { s.note(m); return http.StatusOK })
	testkit.Eventually(t, "the messages", func() bool { return s.count() == 2 })
}

func TestTwoPushersOfOneSubscription(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	var s seen
	handle := func(_ *http.Request, m event.Message) int { s.note(m); return http.StatusOK }
	b.start(t, handle)
	b.start(t, handle)
	var all []string
	for i := range 200 {
		all = append(all, fmt.Sprint(i))
	}
	b.publish(t, all...)
	testkit.Eventually(t, "all messages", func() bool { return s.count() == len(all) })
	for _, data := range all {
		if diff := cmp.Diff([]int{1}, s.of(data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	}
}

// TestClose has one message under way, one that waits for a place and one in back-off. The next
// pusher gets all of them at once, long before a lease would end.
func TestClose(t *testing.T) {
	b := newBus(t)
	present := goleak.IgnoreCurrent()
	hangs := make(chan struct{}, 1)
	failed := make(chan struct{}, 1)
	first := b.start(t, func(r *http.Request, m event.Message) int {
		if string(m.Data) == "fails" {
			failed <- struct{}{}
			return http.StatusInternalServerError
		}
		hangs <- struct{}{}
		<-r.Context().Done()
		return http.StatusOK
	}, func(f *Function) { f.AtOnce, f.MinBackoff, f.MaxBackoff = 1, time.Hour, time.Hour })
	b.publish(t, "fails")
	<-failed
	b.publish(t, "hangs", "waits")
	<-hangs
	first()
	var s seen
	client, err := connect(t.Context(), b.project)
	if err != nil {
		t.Fatal(err)
	}
	p, second := b.startWith(t, client, func(_ *http.Request, m event.Message) int { s.note(m); return http.StatusOK })
	testkit.Eventually(t, "the messages", func() bool { return s.count() == 3 && holdsNothing(p) })
	for _, data := range []string{"fails", "hangs", "waits"} {
		if diff := cmp.Diff([]int{1}, s.of(data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	}
	second()
	if left := b.left(t, "events"); len(left) > 0 {
		t.Errorf("messages that are delivered are still there: %v", left)
	}
	// The client library's goroutine for pings looks at its end every 10 seconds.
	goleak.VerifyNone(t, present, goleak.IgnoreTopFunction(
		"cloud.google.com/go/pubsub/v2.(*messageIterator).streamKeepAliveHandler",
	))
}

// TestLeaseThatEnded: the message is attempted no more often for it, and both leases are settled.
func TestLeaseThatEnded(t *testing.T) {
	t.Parallel()
	s := &subscription{held: map[string]*delivery{}}
	early, late := &pubsub.Message{ID: "1"}, &pubsub.Message{ID: "1"}
	d, known := s.hold(early, early)
	if known {
		t.Error("known before it came")
	}
	if again, known := s.hold(late, late); !known || again != d {
		t.Error("held twice")
	}
	var settled []lease
	s.settle(d, func(l lease) { settled = append(settled, l) })
	if len(settled) != 2 || settled[0] != early || settled[1] != late {
		t.Errorf("settled %v", settled)
	}
	if _, known := s.hold(late, late); known {
		t.Error("held after it was settled")
	}
}

// TestClose_withoutPubSub: the emulator may have been killed before.
func TestClose_withoutPubSub(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	l := newLine(t, os.Getenv("PUBSUB_EMULATOR_HOST"))
	client, err := connect(t.Context(), b.project, option.WithEndpoint(l.address))
	if err != nil {
		t.Fatal(err)
	}
	under := make(chan struct{}, 1)
	_, stop := b.startWith(t, client, func(r *http.Request, _ event.Message) int {
		under <- struct{}{}
		<-r.Context().Done()
		return http.StatusOK
	})
	b.publish(t, "message")
	<-under
	l.cut()
	began := time.Now()
	stop()
	// The client library alone would try for a minute. Half of it leaves a busy machine its time.
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("closed after %s", took)
	}
}

// TestLook: attempts are counted on when the first was made after a look and the others are not.
func TestLook(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	client, err := connect(t.Context(), b.project)
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	p, stop := b.startWith(t, client, func(_ *http.Request, m event.Message) int {
		s.note(m)
		if m.Attempt < 3 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	for i := range 20 {
		b.publish(t, fmt.Sprint(i))
		p.Look(b.subscription("events"))
		p.Look(b.subscription("another"))
	}
	testkit.Eventually(t, "all attempts", func() bool {
		for i := range 20 {
			if len(s.of(fmt.Sprint(i))) < 3 {
				return false
			}
		}
		return holdsNothing(p)
	})
	stop()
	for i := range 20 {
		if diff := cmp.Diff([]int{1, 2, 3}, s.of(fmt.Sprint(i))); diff != "" {
			t.Errorf("attempts of %d (-want +got):\n%s", i, diff)
		}
	}
	if left := b.left(t, "events"); len(left) > 0 {
		t.Errorf("messages that are delivered are still there: %v", left)
	}
}

// holdsNothing reports whether each message that came is settled. A function has been called before
// its answer has come, and Close gives back what it breaks off.
func holdsNothing(p *Pusher) bool {
	for _, s := range p.subscriptions {
		s.mu.Lock()
		held := len(s.held)
		s.mu.Unlock()
		if held > 0 {
			return false
		}
	}
	return true
}

// BenchmarkDelivery measures the time from publishing to the function on an idle system, by the
// emulator's own push, by the streams alone, and with a look:
//
//	go test -run none -bench Delivery -benchtime 60x ./internal/local/pusher
func BenchmarkDelivery(b *testing.B) {
	delivered := make(chan time.Time, 1)
	handle := func(*http.Request, event.Message) int { delivered <- time.Now(); return http.StatusOK }
	measure := func(b *testing.B, bus *bus, published func()) {
		b.Helper()
		var all []time.Duration
		for b.Loop() {
			sleep(b.Context(), rand.N(100*time.Millisecond)) // another moment of the emulator's loops
			began := time.Now()
			bus.publish(b, "event")
			published()
			all = append(all, (<-delivered).Sub(began))
		}
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, "p95-ms")
	}
	b.Run("push of the emulator", func(b *testing.B) {
		bus := newBus(b)
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { delivered <- time.Now() }))
		b.Cleanup(server.Close)
		if err := bus.client.SubscriptionAdminClient.ModifyPushConfig(b.Context(), &pubsubpb.ModifyPushConfigRequest{
			Subscription: bus.subscription("events"), PushConfig: &pubsubpb.PushConfig{PushEndpoint: server.URL},
		}); err != nil {
			b.Fatal(err)
		}
		measure(b, bus, func() {})
	})
	for name, looks := range map[string]bool{"streams": false, "look": true} {
		b.Run(name, func(b *testing.B) {
			bus := newBus(b)
			client, err := connect(b.Context(), bus.project)
			if err != nil {
				b.Fatal(err)
			}
			p, _ := bus.startWith(b, client, handle)
			measure(b, bus, func() {
				if looks {
					p.Look(bus.subscription("events"))
				}
			})
		})
	}
}

// line is what lies between the pusher and Pub/Sub, and can be cut.
type line struct {
	address, to string
	mu          sync.Mutex
	socket      net.Listener
	open        []net.Conn
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	l := &line{to: to, address: "127.0.0.1:0"}
	l.mend(t)
	t.Cleanup(l.cut)
	return l
}

// mend lets connections through.
func (l *line) mend(t *testing.T) {
	t.Helper()
	socket, err := new(net.ListenConfig).Listen(t.Context(), "tcp", l.address)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.socket, l.address = socket, socket.Addr().String()
	l.mu.Unlock()
	go func() {
		for {
			from, err := socket.Accept()
			if err != nil {
				return
			}
			to, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			l.mu.Lock()
			l.open = append(l.open, from, to)
			l.mu.Unlock()
			for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
				go func() { _, _ = io.Copy(pair[0], pair[1]); _ = pair[0].Close() }()
			}
		}
	}()
}

// cut ends the connections and refuses others.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.socket.Close()
	for _, c := range l.open {
		_ = c.Close()
	}
	l.open = nil
}

// TestPubSubIsAway: the emulator may lease a message to a stream that has broken, and to a second
// one, before it takes note.
func TestPubSubIsAway(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	l := newLine(t, os.Getenv("PUBSUB_EMULATOR_HOST"))
	client, err := connect(t.Context(), b.project, option.WithEndpoint(l.address))
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	under, gate := make(chan struct{}, 1), make(chan struct{})
	_, stop := b.startWith(t, client, func(_ *http.Request, m event.Message) int {
		if string(m.Data) == "under way" {
			under <- struct{}{}
			<-gate
		}
		s.note(m)
		return http.StatusOK
	})
	b.publish(t, "under way")
	<-under
	l.cut()
	close(gate)
	b.publish(t, "meanwhile")
	testkit.Eventually(t, "the delivery under way", func() bool { return len(s.of("under way")) == 1 })
	l.mend(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(6 * leaseTime); len(s.of("meanwhile")) == 0; <-tick.C {
		if time.Now().After(limit) {
			t.Fatal("the message of meanwhile is not delivered")
		}
	}
	stop()
	if left := b.left(t, "events"); len(left) > 0 {
		t.Errorf("messages that are delivered are still there: %v", left)
	}
}
