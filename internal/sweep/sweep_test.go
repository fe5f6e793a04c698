package sweep_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/outbox"
	scansweep "github.com/facescan/facescan/internal/scan/sweep"
	"github.com/facescan/facescan/internal/sweep"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

func TestMain(m *testing.M) {
	os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.PubSub, emulator.Auth))
}

var errBroken = errors.New("the topic does not answer")

// publisherFunc is a publisher for what the real one cannot be brought to.
type publisherFunc func(topic string) error

func (f publisherFunc) Publish(_ context.Context, topic string, _ []byte, _ map[string]string) error {
	return f(topic)
}

// fixture is a sweep over a world of its own.
type fixture struct {
	*usertest.World
	sweep *sweep.Consumer
}

func newFixture(t *testing.T, publisher outbox.Publisher) *fixture {
	t.Helper()
	f := &fixture{World: usertest.New(t, usertest.Options{})}
	f.sweep = f.sweepOf(t, publisher)
	return f
}

// sweepOf is another sweep, by a process of its own.
func (f *fixture) sweepOf(t *testing.T, publisher outbox.Publisher) *sweep.Consumer {
	t.Helper()
	box := outbox.New(f.Firestore, publisher, testkit.Writer("test"), f.Clock)
	opts := erasure.MissingOptions{Key: testkit.Ring(keys.ForReceipts), Acts: f.Acts, Now: f.Clock}
	missing, err := erasure.NewMissing(f.Firestore, box, f.Users, opts)
	if err != nil {
		t.Fatal(err)
	}
	scans := &scansweep.Sweeper{
		Firestore: f.Firestore, Outbox: box, Uploads: f.Uploads, Results: f.Results, Publisher: publisher, Now: f.Clock,
	}
	erasures := &erasure.Sweeper{Firestore: f.Firestore, Outbox: box, Now: f.Clock}
	exports := &export.Sweeper{Firestore: f.Firestore, Outbox: box, Results: f.Results, Now: f.Clock}
	return &sweep.Consumer{Firestore: f.Firestore, Now: f.Clock, Steps: []sweep.Step{
		{Name: "events", Run: box.SweepAbandoned},
		{Name: "scans", Run: scans.Sweep},
		{Name: "erasures", Run: erasures.Sweep},
		{Name: "exports", Run: exports.Sweep},
		sweep.Expired(f.Firestore, f.Clock),
		{Name: "users", Run: missing.Sweep},
	}}
}

// abandon commits an event so long ago, by a process that does not get to publish it.
func (f *fixture) abandon(t *testing.T, ago time.Duration) event.Event {
	t.Helper()
	at := f.Clock().Add(-ago)
	dead := publisherFunc(func(string) error { return errBroken })
	e, err := event.New(event.ID("abandoned"), at, "", event.ScanFailedV1{UID: "u", ScanID: "s", Code: "no_face"})
	if err != nil {
		t.Fatal(err)
	}
	box := outbox.New(f.Firestore, dead, testkit.Writer("test"), func() time.Time { return at })
	err = box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
		tx.Owe(e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// breakScans breaks a scan that is due, so that it cannot be read.
func (f *fixture) breakScans(t *testing.T) (id string) {
	t.Helper()
	f.MoveIn("ada", account.Notifications{}, "token")
	id = string(f.Open("ada").Scan.ID)
	broken := []firestore.Update{{Path: "sweepAt", Value: f.Clock()}, {Path: "version", Value: "text"}}
	if _, err := f.Firestore.Collection("scans").Doc(id).Update(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	return id
}

func (f *fixture) lease() *firestore.DocumentRef {
	return f.Firestore.Collection("limits").Doc("sweep")
}

// leaseEnd is until when the sweep's lease is held.
func (f *fixture) leaseEnd(t *testing.T) time.Time {
	t.Helper()
	snap, err := f.lease().Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until, ok := snap.Data()["until"].(time.Time)
	if !ok {
		t.Fatalf("lease = %v", snap.Data())
	}
	return until
}

// held is until when a lease taken now is held, as Firestore keeps it.
func (f *fixture) held() time.Time { return f.Clock().Add(work.LeaseTime).Truncate(time.Microsecond) }

// die runs a sweep that takes the lease and dies at its work. A panic in the handling of a document
// would be caught by package work, so it is a step that dies.
func (f *fixture) die(t *testing.T) {
	t.Helper()
	dying := f.sweepOf(t, quiet)
	dying.Steps = []sweep.Step{{Name: "dies", Run: func(context.Context) (int, error) { panic("killed") }}}
	defer func() { _ = recover() }()
	_ = dying.Sweep(t.Context())
}

// owed is how many events are in the outbox.
func (f *fixture) owed(t *testing.T) int {
	t.Helper()
	docs, err := f.Firestore.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(docs)
}

// Whether a sweep did its work is told by the abandoned event.
func TestHandleWorksUnderALease(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		// before is what came before the sweep.
		before func(*testing.T, *fixture)
		works  bool
	}{
		"the first sweep ever works": {func(*testing.T, *fixture) {}, true},
		"a lease that is held is done with, without work": {func(t *testing.T, f *fixture) {
			t.Helper()
			f.die(t)
			f.Advance(work.LeaseTime - time.Millisecond)
		}, false},
		"a lease that ends now is taken over": {func(t *testing.T, f *fixture) {
			t.Helper()
			f.die(t)
			f.Advance(work.LeaseTime)
		}, true},
		"a lease that was given up is taken": {func(t *testing.T, f *fixture) {
			t.Helper()
			if err := f.sweepOf(t, quiet).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.abandon(t, time.Hour)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			during := time.Time{}
			var f *fixture
			f = newFixture(t, publisherFunc(func(string) error {
				during = f.leaseEnd(t)
				return nil
			}))
			f.abandon(t, time.Hour)
			tt.before(t, f)
			if err := f.sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !tt.works {
				if f.owed(t) != 1 || !f.leaseEnd(t).After(f.Clock()) {
					t.Errorf("%d events owed, lease until %v: the other sweep's work or lease was touched", f.owed(t), f.leaseEnd(t))
				}
				return
			}
			if f.owed(t) != 0 {
				t.Error("the abandoned event is still owed")
			}
			if want := f.held(); !during.Equal(want) {
				t.Errorf("during the work the lease ends %v, want %v", during, want)
			}
			if end := f.leaseEnd(t); end.After(f.Clock()) {
				t.Errorf("afterwards the lease is held until %v", end)
			}
		})
	}
}

func TestHandle_leavesALeaseThatAnotherTookOver(t *testing.T) {
	t.Parallel()
	var others time.Time
	var f *fixture
	f = newFixture(t, publisherFunc(func(string) error {
		f.Advance(work.LeaseTime) // this sweep works for longer than its own lease
		f.die(t)
		others = f.held()
		return nil
	}))
	f.abandon(t, time.Hour)
	if err := f.sweep.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if end := f.leaseEnd(t); !end.Equal(others) {
		t.Errorf("the other sweep's lease ends %v, want %v", end, others)
	}
}

func TestHandle_givesTheLeaseUpWhenTheDelivererHungUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, publisherFunc(func(string) error {
		cancel()
		return nil
	}))
	f.abandon(t, time.Hour)
	if err := f.sweep.Sweep(ctx); !errors.Is(err, context.Canceled) &&
		!strings.Contains(err.Error(), "Canceled") {
		t.Errorf("err = %v", err)
	}
	if end := f.leaseEnd(t); end.After(f.Clock()) {
		t.Errorf("the lease is held until %v, so that the next delivery does nothing", end)
	}
}

func TestHandleJoinsTheErrorsOfItsSteps(t *testing.T) {
	t.Parallel()
	fails, works := publisherFunc(
		func(string) error { return errBroken },
	), publisherFunc(func(string) error { return nil })
	for name, tt := range map[string]struct {
		publisher   outbox.Publisher
		brokenScans bool
	}{
		"the outbox fails":          {fails, false},
		"the scans fail":            {works, true},
		"the outbox and scans fail": {fails, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, tt.publisher)
			f.abandon(t, time.Hour)
			broken := "none"
			if tt.brokenScans {
				broken = f.breakScans(t)
			}
			err := f.sweep.Sweep(t.Context())
			if err == nil {
				t.Fatal("no error, so nobody learns that the sweep failed")
			}
			if brokenOutbox := tt.publisher.(publisherFunc)("") != nil; errors.Is(err, errBroken) != brokenOutbox {
				t.Errorf("err = %v, with the outbox's: want %v", err, brokenOutbox)
			}
			if strings.Contains(err.Error(), "sweep scan "+broken+": ") != tt.brokenScans {
				t.Errorf("err = %v, with the scans': want %v", err, tt.brokenScans)
			}
			if end := f.leaseEnd(t); end.After(f.Clock()) {
				t.Errorf("the lease is held until %v, so that the next delivery does nothing", end)
			}
		})
	}
	t.Run("a lease that cannot be had is an error, and nothing is done", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, publisherFunc(func(string) error {
			t.Error("published")
			return nil
		}))
		f.abandon(t, time.Hour)
		f.die(t)
		if _, err := f.lease().Update(t.Context(), []firestore.Update{{Path: "until", Value: "text"}}); err != nil {
			t.Fatal(err)
		}
		if err := f.sweep.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "lease") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestHandle_publishesAbandonedEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		age  time.Duration
		want bool
	}{
		"one as old as the age":              {outbox.SweepAge, true},
		"but not one that may be on its way": {outbox.SweepAge - time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus := &topics{}
			f := newFixture(t, bus)
			receive := bus.open(t, f.Project, "scan-failed-v1")
			abandoned := f.abandon(t, tt.age)
			if err := f.sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !tt.want {
				if f.owed(t) != 1 {
					t.Error("the event was taken out of the outbox")
				}
				return
			}
			got, err := event.Decode(receive())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(abandoned, got); diff != "" {
				t.Errorf("event (-abandoned +received):\n%s", diff)
			}
			if f.owed(t) != 0 {
				t.Error("the event is still owed")
			}
		})
	}
}

// topics is a publisher to the real emulator. Package boot, which has one, is not for this package
// to import.
type topics struct{ client *pubsub.Client }

func (p *topics) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	_, err := p.client.Publisher(topic).Publish(ctx, &pubsub.Message{Data: data, Attributes: attributes}).Get(ctx)
	return err
}

// open creates the topic; the function returned waits for a message.
func (p *topics) open(t *testing.T, project, topic string) func() []byte {
	t.Helper()
	client, err := pubsub.NewClient(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	p.client = client
	topicName := "projects/" + project + "/topics/" + topic
	if _, err := client.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topicName}); err != nil {
		t.Fatal(err)
	}
	subscription := &pubsubpb.Subscription{Name: "projects/" + project + "/subscriptions/" + topic, Topic: topicName}
	if _, err := client.SubscriptionAdminClient.CreateSubscription(t.Context(), subscription); err != nil {
		t.Fatal(err)
	}
	return func() []byte {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		received := make(chan []byte, 1)
		err := client.Subscriber(subscription.GetName()).Receive(ctx, func(_ context.Context, m *pubsub.Message) {
			m.Ack()
			select {
			case received <- m.Data:
			default:
			}
			cancel()
		})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case data := <-received:
			return data
		default:
			t.Fatal("no message within 30 s")
			return nil
		}
	}
}

func TestHandle_runsItsStepsInTheirOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, quiet)
	var ran []string
	step := func(name string, err error) sweep.Step {
		return sweep.Step{Name: name, Run: func(context.Context) (int, error) {
			ran = append(ran, name)
			return 1, err
		}}
	}
	f.sweep.Steps = []sweep.Step{step("b", errBroken), step("a", nil), step("c", errBroken)}
	if err := f.sweep.Sweep(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("err = %v", err)
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, ran); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}
