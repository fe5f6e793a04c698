package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) {
	code := emulatortest.Main(m, emulator.Firestore)
	if code == 0 {
		err := goleak.Find(
			// Waits for Ctrl-C for as long as the process lives.
			goleak.IgnoreAnyFunction("github.com/facescan/facescan/internal/local/emulator/emulatortest.closeOnSignal.func1"),
			// The metrics of the Firestore client.
			goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"),
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

var errBroken = errors.New("the topic does not answer")

// message is one that was published.
type message struct {
	Topic      string
	Data       string
	Attributes map[string]string
}

// topics records what is published. fail, if set, is asked first.
type topics struct {
	mu        sync.Mutex
	fail      func(ctx context.Context, id string) error
	published []message
}

func (p *topics) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	p.mu.Lock()
	fail := p.fail
	p.mu.Unlock()
	if fail != nil {
		if err := fail(ctx, attributes[event.AttributeID]); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = append(p.published, message{topic, string(data), maps.Clone(attributes)})
	return nil
}

func (p *topics) setFail(fail func(ctx context.Context, id string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = fail
}

// take returns what was published and forgets it.
func (p *topics) take() []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.published
	p.published = nil
	return taken
}

// ids are the event ids of messages, sorted.
func ids(messages []message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Attributes[event.AttributeID])
	}
	slices.Sort(all)
	return all
}

// fixture is a box over a database of its own, with a clock that the test moves.
type fixture struct {
	fs     *firestore.Client
	topics *topics
	box    *outbox.Box
	mu     sync.Mutex
	clock  time.Time
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return fixtureOn(t, emulatortest.UniqueProject(t))
}

func fixtureOn(t *testing.T, project string) *fixture {
	t.Helper()
	fs, err := firestore.NewClient(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() }) // one test closes it early
	f := &fixture{fs: fs, topics: &topics{}, clock: start}
	f.box = outbox.New(fs, f.topics, testkit.Writer("test"), f.now)
	return f
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

// owed are the ids of the documents in the outbox, sorted.
func (f *fixture) owed(t *testing.T) []string {
	t.Helper()
	snaps, err := f.fs.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range snaps {
		all = append(all, s.Ref.ID)
	}
	return all
}

// commit writes facts/{id} for each id and owes an event of that id.
func (f *fixture) commit(ctx context.Context, t *testing.T, ids ...string) error {
	t.Helper()
	return f.box.Run(ctx, func(_ context.Context, tx *outbox.Tx) error {
		for _, id := range ids {
			if err := tx.Set(f.fact(id), map[string]any{"id": id}); err != nil {
				return err
			}
			tx.Owe(scanFailed(t, id))
		}
		return nil
	})
}

func (f *fixture) fact(id string) *firestore.DocumentRef { return f.fs.Collection("scans").Doc(id) }

func (f *fixture) committed(t *testing.T, id string) bool {
	t.Helper()
	_, err := f.fact(id).Get(t.Context())
	if err != nil && status.Code(err) != codes.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

// abandon commits events whose publishing fails, so that they stay in the outbox.
func (f *fixture) abandon(t *testing.T, ids ...string) {
	t.Helper()
	f.topics.setFail(func(context.Context, string) error { return errBroken })
	defer f.topics.setFail(nil)
	if err := f.commit(t.Context(), t, ids...); err != nil {
		t.Fatal(err)
	}
}

func scanFailed(t *testing.T, id string) event.Event {
	t.Helper()
	e, err := event.New(id, start, traceparent, event.ScanFailedV1{UID: "u", ScanID: id, Code: "no_face"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// asOwed is the message of the event of the id.
func asOwed(t *testing.T, id string) message {
	t.Helper()
	data, err := event.Encode(scanFailed(t, id))
	if err != nil {
		t.Fatal(err)
	}
	return message{"scan-failed-v1", string(data), map[string]string{
		"type": "scan.failed.v1", "id": id, "traceparent": traceparent,
	}}
}

func checkIDs(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("it commits, publishes and forgets", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		if err := f.commit(t.Context(), t, "a", "b"); err != nil {
			t.Fatal(err)
		}
		if !f.committed(t, "a") || !f.committed(t, "b") {
			t.Error("not committed")
		}
		if diff := cmp.Diff([]message{asOwed(t, "a"), asOwed(t, "b")}, f.topics.take()); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
		checkIDs(t, "outbox", f.owed(t), nil)
	})
	t.Run("the document is there while the event is published", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		var during []string
		f.topics.setFail(func(context.Context, string) error {
			during = f.owed(t)
			return nil
		})
		if err := f.commit(t.Context(), t, "a"); err != nil {
			t.Fatal(err)
		}
		checkIDs(t, "outbox during the publishing", during, []string{"a"})
	})
	t.Run("a commit that owes nothing publishes nothing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		err := f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
			return tx.Set(f.fact("a"), map[string]any{"id": "a"})
		})
		if err != nil || !f.committed(t, "a") || len(f.topics.take()) != 0 {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("fn's error commits and publishes nothing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		refused := errors.New("refused")
		err := f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
			tx.Owe(scanFailed(t, "a"))
			return errors.Join(tx.Set(f.fact("a"), map[string]any{"id": "a"}), refused)
		})
		if !errors.Is(err, refused) {
			t.Errorf("err = %v, want fn's", err)
		}
		checkNothingHappened(t, f, "a")
	})
	t.Run("a commit that fails publishes nothing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		if _, err := f.fact("taken").Set(t.Context(), map[string]any{"id": "taken"}); err != nil {
			t.Fatal(err)
		}
		err := f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
			tx.Owe(scanFailed(t, "a"))
			return errors.Join(
				tx.Set(f.fact("a"), map[string]any{"id": "a"}),
				tx.Create(f.fact("taken"), map[string]any{"id": "again"}), // fails at the commit only
			)
		})
		if status.Code(err) != codes.AlreadyExists {
			t.Errorf("err = %v, want AlreadyExists", err)
		}
		checkNothingHappened(t, f, "a")
	})
	t.Run("an event that cannot be encoded is not committed", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		err := f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
			broken := scanFailed(t, "a")
			broken.Data = []byte("{")
			tx.Owe(broken)
			return tx.Set(f.fact("a"), map[string]any{"id": "a"})
		})
		if err == nil {
			t.Error("no error")
		}
		checkNothingHappened(t, f, "a")
	})
	t.Run("an attempt that is rolled back owes nothing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		attempts := 0
		err := f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
			attempts++
			id := fmt.Sprintf("attempt-%d", attempts)
			tx.Owe(scanFailed(t, id))
			if attempts < 3 {
				return status.Error(codes.Aborted, "contention")
			}
			return tx.Set(f.fact(id), map[string]any{"id": id})
		})
		if err != nil {
			t.Fatal(err)
		}
		checkIDs(t, "published", ids(f.topics.take()), []string{"attempt-3"})
		checkIDs(t, "outbox", f.owed(t), nil)
	})
	t.Run("under contention each commit's event is published once", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		const workers, each = 4, 3
		var working sync.WaitGroup
		for range workers {
			working.Go(func() {
				for range each {
					if err := f.increment(t); err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		var want []string
		for n := range workers * each {
			want = append(want, fmt.Sprintf("count-%02d", n+1))
		}
		checkIDs(t, "published", ids(f.topics.take()), want)
		checkIDs(t, "outbox", f.owed(t), nil)
	})
	t.Run("an event owed twice in one commit is one document", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.abandon(t, "a", "a")
		checkIDs(t, "outbox", f.owed(t), []string{"a"})
	})
	t.Run("a caller that is gone right after the commit does not stop the publishing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f.topics.setFail(func(publishing context.Context, _ string) error {
			cancel()
			if _, bounded := publishing.Deadline(); !bounded {
				t.Error("the publishing has no end")
			}
			return publishing.Err()
		})
		if err := f.commit(ctx, t, "a", "b"); err != nil {
			t.Fatal(err)
		}
		checkIDs(t, "published", ids(f.topics.take()), []string{"a", "b"})
		checkIDs(t, "outbox", f.owed(t), nil)
	})
}

// increment counts up a document and owes an event named after the count.
func (f *fixture) increment(t *testing.T) error {
	t.Helper()
	counter := f.fact("counter")
	return f.box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
		snap, err := tx.Get(counter)
		if err != nil && status.Code(err) != codes.NotFound {
			return err
		}
		var count int64
		if err == nil {
			count, _ = snap.Data()["count"].(int64)
		}
		tx.Owe(scanFailed(t, fmt.Sprintf("count-%02d", count+1)))
		return tx.Set(counter, map[string]any{"count": count + 1})
	})
}

func checkNothingHappened(t *testing.T, f *fixture, id string) {
	t.Helper()
	if f.committed(t, id) {
		t.Error("the fact is committed")
	}
	checkIDs(t, "outbox", f.owed(t), nil)
	checkIDs(t, "published", ids(f.topics.take()), nil)
}
