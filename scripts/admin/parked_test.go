package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/parked"
)

// completed returns the message of a completed scan of the user, as Pub/Sub delivers it.
func completed(t *testing.T, uid string) event.Message {
	t.Helper()
	fact := event.ScanCompletedV1{
		UID: uid, ScanID: "aaaaaaaaaaaaaaaaaaaaaaaaaa", ConsentEpoch: 1, Engine: "2.0.0", EngineMajor: 2, Score: 61.25,
		CompletedAt: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	}
	e, err := event.New(event.ID(fact.EventType(), uid), fact.CompletedAt, "", fact)
	if err != nil {
		t.Fatal(err)
	}
	data, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "message-1", Data: data, Attributes: map[string]string{
		event.AttributeType: e.Type, event.AttributeID: e.ID, event.AttributeTraceparent: "",
	}}
}

// park parks the message as the function does, and returns the document's id.
func (w *world) park(t *testing.T, function string, m event.Message, reason string) string {
	t.Helper()
	if err := parked.Keep(t.Context(), w.fs, function, m, errors.New(reason), time.Now()); err != nil {
		t.Fatal(err)
	}
	id := m.Attributes[event.AttributeID]
	if id == "" {
		id = m.ID
	}
	return event.ID(function, id)
}

func TestParkedRedrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := completed(t, "ada")
	id := w.park(t, "rank", m, "it is \x1b[2Jmalformed\nand more")
	listed := read[[]parkedView](t, w, "parked", "list", "-json")
	if len(listed) != 1 || listed[0].ID != id || listed[0].Topic != "scan-completed-v1" || listed[0].UID != "ada" {
		t.Errorf("listed %+v", listed)
	}
	for _, args := range [][]string{{"parked", "list"}, {"parked", "show", id}, {"parked", "show", "-json", id}} {
		text, err := w.admin(t, args...)
		if err != nil || !strings.Contains(text, id) || strings.ContainsAny(text, "\x1b") || strings.Contains(text, "61.25") {
			t.Errorf("%q prints %q, %v", args, text, err)
		}
	}
	dry, err := w.admin(t, "parked", "redrive", "-dry-run", id)
	if err != nil || !strings.Contains(dry, "would be redriven") || w.owed(t) != 0 {
		t.Errorf("dry: %s, %v, %d owed", dry, err, w.owed(t))
	}
	if _, err := w.admin(t, "parked", "redrive", id); err != nil {
		t.Fatal(err)
	}
	got := w.published(t, "scan-completed-v1", 1)[0]
	if diff := cmp.Diff(m.Attributes, got.GetAttributes()); diff != "" || string(got.GetData()) != string(m.Data) {
		t.Errorf("published %s (-want +got):\n%s", got.GetData(), diff)
	}
	text, err := w.admin(t, "parked", "redrive", id)
	if !errors.Is(err, errLeft) || !strings.Contains(text, operate.ErrRedriven.Error()) || w.owed(t) != 0 {
		t.Errorf("again: %s, %v, %d owed", text, err, w.owed(t))
	}
	w.published(t, "scan-completed-v1", 0)
	if left := read[[]parkedView](t, w, "parked", "list", "-json"); len(left) != 0 {
		t.Errorf("listed %+v", left)
	}
	w.park(t, "rank", m, "once more")
	if _, err := w.admin(t, "parked", "redrive", id); err != nil {
		t.Errorf("parked again: %v", err)
	}
	w.published(t, "scan-completed-v1", 1)
	if acts := w.acts(t); acts[audit.EventRedriven] != 2 || len(acts) != 1 {
		t.Errorf("acts: %v", acts)
	}
}

// Of two who redrive one event at once, one does and the other is told so.
func TestParkedRedrive_byTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.park(t, "notify", completed(t, "ada"), "refused")
	var both sync.WaitGroup
	texts, faults := make([]string, 2), make([]error, 2)
	for i := range texts {
		both.Go(func() { texts[i], faults[i] = w.admin(t, "parked", "redrive", id) })
	}
	both.Wait()
	if (faults[0] == nil) == (faults[1] == nil) {
		t.Fatalf("%q, %v", texts, faults)
	}
	for i, err := range faults {
		if err != nil && !strings.Contains(texts[i], operate.ErrRedriven.Error()) {
			t.Errorf("the other is told %s, %v", texts[i], err)
		}
	}
	w.published(t, "scan-completed-v1", 1)
	if acts := w.acts(t); acts[audit.EventRedriven] != 1 {
		t.Errorf("acts: %v", acts)
	}
}

// failing publishes, or not, and fails.
type failing struct {
	outbox.Publisher
	publishes bool
}

var errKilled = errors.New("killed")

func (f failing) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	if f.publishes {
		if err := f.Publisher.Publish(ctx, topic, data, attributes); err != nil {
			return err
		}
	}
	return errKilled
}

// A command that is killed around its publish leaves the event to the sweep, which publishes the
// same again.
func TestParkedRedrive_killed(t *testing.T) {
	t.Parallel()
	for name, publishes := range map[string]bool{"before the publish": false, "after the publish": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := completed(t, "ada")
			id := w.park(t, "rank", m, "refused")
			w.prepare = func(tools *tools) {
				tools.wrap = func(p outbox.Publisher) outbox.Publisher { return failing{p, publishes} }
			}
			if _, err := w.admin(t, "parked", "redrive", id); err != nil {
				t.Fatal(err)
			}
			if w.owed(t) != 1 {
				t.Fatalf("%d events are owed", w.owed(t))
			}
			w.sweep(t)
			n := 1
			if publishes {
				n = 2
			}
			for _, got := range w.published(t, "scan-completed-v1", n) {
				if got.GetAttributes()[event.AttributeID] != m.Attributes[event.AttributeID] {
					t.Errorf("published %v", got.GetAttributes())
				}
			}
			if w.owed(t) != 0 {
				t.Errorf("%d events are owed", w.owed(t))
			}
		})
	}
}

func TestParkedRedrive_refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "eve", account.Erasing)
	binary := event.Message{ID: "binary", Data: []byte{0xff, 0, 0x1b, 'x'}}
	huge := event.Message{ID: "huge", Data: []byte(strings.Repeat("x", 600<<10))}
	for name, tt := range map[string]struct {
		id   string
		want error
	}{
		"what is not there":               {"nothing", parked.ErrNotFound},
		"what is no id":                   {"a/b", parked.ErrNotFound},
		"what was forged":                 {w.park(t, "outbox", completed(t, "ada"), "forged"), operate.ErrForged},
		"what was cut":                    {w.park(t, "rank", huge, "huge"), operate.ErrTooLong},
		"bytes of no kind":                {w.park(t, "rank", binary, "binary"), operate.ErrNoTopic},
		"an event of no function":         {w.park(t, "gone", completed(t, "ada"), "gone"), operate.ErrNoTopic},
		"of an account that is erased":    {w.park(t, "rank", completed(t, "eve"), "closed"), operate.ErrClosed},
		"of an account that there is not": {w.park(t, "rank", completed(t, "bob"), "closed"), operate.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, args := range [][]string{{"-dry-run"}, {}} {
				text, err := w.admin(t, append(append([]string{"parked", "redrive"}, args...), tt.id)...)
				if !errors.Is(err, errLeft) || !strings.Contains(text, tt.want.Error()) {
					t.Errorf("%q: %s, %v, want %v", args, text, err, tt.want)
				}
			}
			if w.owed(t) != 0 {
				t.Errorf("%d events are owed", w.owed(t))
			}
		})
	}
}

// sweep publishes what is owed as the functions' sweep does.
func (w *world) sweep(t *testing.T) {
	t.Helper()
	tools := &tools{options: options{project: w.project}, fs: w.fs, pubsub: w.pubsub}
	box, err := tools.judging(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := box.Sweep(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}
