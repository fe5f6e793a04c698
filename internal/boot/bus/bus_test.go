package bus_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.PubSub)) }

const (
	topic       = "scan-failed-v1"
	traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

// received is what a subscription got.
type received struct {
	Data       string
	Attributes map[string]string
}

// listen creates the topic and a subscription; the function returned waits for n messages.
func listen(t *testing.T, project, topic string) func(n int) []received {
	t.Helper()
	client, err := pubsub.NewClient(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	topicName := "projects/" + project + "/topics/" + topic
	if _, err := client.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topicName}); err != nil {
		t.Fatal(err)
	}
	subscription := &pubsubpb.Subscription{Name: "projects/" + project + "/subscriptions/" + topic, Topic: topicName}
	if _, err := client.SubscriptionAdminClient.CreateSubscription(t.Context(), subscription); err != nil {
		t.Fatal(err)
	}
	return func(n int) []received {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var mu sync.Mutex
		var all []received
		err := client.Subscriber(subscription.GetName()).Receive(ctx, func(_ context.Context, m *pubsub.Message) {
			m.Ack()
			mu.Lock()
			defer mu.Unlock()
			all = append(all, received{string(m.Data), m.Attributes})
			if len(all) >= n {
				cancel()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != n {
			t.Fatalf("got %d messages within 30 s, want %d", len(all), n)
		}
		return all
	}
}

func process(t *testing.T) *boot.Process {
	t.Helper()
	config, err := boot.ReadConfig(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulatortest.UniqueProject(t), "FIRESTORE_EMULATOR_HOST": "set",
		keys.ForWriter("analyze").Variable(): testkit.Writer("analyze").Text(),
		keys.ForWriter("rank").Variable():    testkit.Writer("rank").Text(),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &boot.Process{Config: config}
	t.Cleanup(func() {
		if fs, err := database.Open(context.WithoutCancel(t.Context()), p); err == nil {
			_ = fs.Close()
		}
	})
	return p
}

func publisherOf(t *testing.T, p *boot.Process) outbox.Publisher {
	t.Helper()
	publisher, err := bus.Publisher(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return publisher
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	t.Run("a message arrives as it was given", func(t *testing.T) {
		t.Parallel()
		p := process(t)
		got := listen(t, p.Config.Project, topic)
		if err := publisherOf(t, p).Publish(t.Context(), topic, []byte("data"), map[string]string{"id": "1"}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]received{{"data", map[string]string{"id": "1"}}}, got(1)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
	t.Run("a message goes to the topic with the prefix", func(t *testing.T) {
		t.Parallel()
		p := process(t)
		p.Config.TopicPrefix = "facescan-"
		got := listen(t, p.Config.Project, "facescan-"+topic)
		if err := publisherOf(t, p).Publish(t.Context(), topic, []byte("data"), nil); err != nil {
			t.Fatal(err)
		}
		if m := got(1)[0]; m.Data != "data" {
			t.Errorf("got %q", m.Data)
		}
	})
	t.Run("it is safe for concurrent use, on several topics", func(t *testing.T) {
		t.Parallel()
		const each = 20
		p := process(t)
		topics := map[string]func(int) []received{}
		for _, name := range []string{"topic-a", "topic-b"} {
			topics[name] = listen(t, p.Config.Project, name)
		}
		var publishing sync.WaitGroup
		for name := range topics {
			for range each {
				publishing.Go(func() {
					publisher, err := bus.Publisher(t.Context(), p)
					if err == nil {
						err = publisher.Publish(t.Context(), name, []byte(name), nil)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		publishing.Wait()
		for name, got := range topics {
			for _, m := range got(each) {
				if m.Data != name {
					t.Errorf("%q arrived at %s", m.Data, name)
				}
			}
		}
	})
	t.Run("a topic that is not there is an error", func(t *testing.T) {
		t.Parallel()
		if publisherOf(t, process(t)).Publish(t.Context(), "nowhere", []byte("x"), nil) == nil {
			t.Error("no error, so the event would be taken for published")
		}
	})
	t.Run("a caller that gives up does not wait", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := publisherOf(t, process(t)).Publish(ctx, "nowhere", []byte("x"), nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}

// fixture is a process with its outbox.
type fixture struct {
	*boot.Process
	box *outbox.Box
}

func newFixture(t *testing.T, wrap func(outbox.Publisher) outbox.Publisher) fixture {
	t.Helper()
	p := process(t)
	if err := bus.Wrap(p, wrap); err != nil {
		t.Fatal(err)
	}
	box, err := bus.Outbox(t.Context(), p, "analyze")
	if err != nil {
		t.Fatal(err)
	}
	return fixture{p, box}
}

// owe commits an event.
func (f fixture) owe(t *testing.T, trace string) event.Event {
	t.Helper()
	e, err := event.New(event.ID("s"), time.Now(), trace, event.ScanFailedV1{UID: "u", ScanID: "s", Code: "no_face"})
	if err != nil {
		t.Fatal(err)
	}
	err = f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
		tx.Owe(e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// left is how many events are in the outbox.
func (f fixture) left(t *testing.T) int {
	t.Helper()
	fs, err := database.Open(t.Context(), f.Process)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := fs.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(docs)
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	for name, trace := range map[string]string{"with a trace": traceparent, "without a trace": ""} {
		t.Run("an owed event reaches its topic "+name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			got := listen(t, f.Config.Project, topic)
			owed := f.owe(t, trace)
			message := got(1)[0]
			e, err := event.Decode([]byte(message.Data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(owed, e); diff != "" {
				t.Errorf("event (-owed +received):\n%s", diff)
			}
			m := event.Message{Attributes: message.Attributes}
			if m.Traceparent() != trace || message.Attributes["type"] != owed.Type || message.Attributes["id"] != owed.ID {
				t.Errorf("attributes = %v", message.Attributes)
			}
			if n := f.left(t); n != 0 {
				t.Errorf("%d documents left in the outbox", n)
			}
		})
	}
	t.Run("an event whose topic is not there stays for the sweep", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, nil)
		f.owe(t, "")
		if n := f.left(t); n != 1 {
			t.Errorf("%d documents in the outbox, want 1", n)
		}
	})
	t.Run("an event of a topic that is another function's stays, as Pub/Sub would refuse it", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, nil)
		listen(t, f.Config.Project, topic)
		var err error
		if f.box, err = bus.Outbox(t.Context(), f.Process, "rank"); err != nil {
			t.Fatal(err)
		}
		f.owe(t, "")
		if n := f.left(t); n != 1 {
			t.Errorf("%d documents in the outbox, want 1", n)
		}
	})
	t.Run("what Wrap is given stands before the topics", func(t *testing.T) {
		t.Parallel()
		var wrapped outbox.Publisher
		f := newFixture(t, func(inner outbox.Publisher) outbox.Publisher {
			wrapped = inner
			return broken{}
		})
		f.owe(t, "")
		if wrapped == nil {
			t.Error("the real publisher was not given")
		}
		if n := f.left(t); n != 1 {
			t.Errorf("%d documents in the outbox, want the one not published", n)
		}
	})
	t.Run("it is one a process", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, nil)
		again, err := bus.Outbox(t.Context(), f.Process, "analyze")
		if again != f.box || err != nil {
			t.Errorf("outboxes %p, %p; %v", f.box, again, err)
		}
	})
}

type broken struct{}

func (broken) Publish(context.Context, string, []byte, map[string]string) error {
	return errors.New("broken")
}
