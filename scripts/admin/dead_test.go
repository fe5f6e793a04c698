package main

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

// judging returns the sweep's outbox.
func (t *tools) judging(tb testing.TB) (*outbox.Box, error) {
	tb.Helper()
	ring, err := keys.Parse(keys.ForOutbox, environ("FACESCAN_KEY_OUTBOX"))
	if err != nil {
		return nil, err
	}
	box := outbox.New(t.fs, bus.To(t.pubsub, ""), ring.OfWriter("sweep"), time.Now)
	return box.Judging(ring, catalog.MayOwe), nil
}

// bury makes a dead letter of the message, as Pub/Sub does for the subscription.
func (w *world) bury(t *testing.T, m event.Message, subscription string) (id string) {
	t.Helper()
	attributes := maps.Clone(m.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	maps.Copy(attributes, map[string]string{
		"CloudPubSubDeadLetterSourceDeliveryCount":       "20",
		"CloudPubSubDeadLetterSourceSubscription":        subscription,
		"CloudPubSubDeadLetterSourceSubscriptionProject": w.project,
		"CloudPubSubDeadLetterSourceTopicPublishTime":    "2026-11-21T12:00:00.000Z",
	})
	publisher := w.pubsub.Publisher(catalog.DeadLetterTopic)
	defer publisher.Stop()
	id, err := publisher.Publish(t.Context(), &pubsub.Message{Data: m.Data, Attributes: attributes}).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) letters(t *testing.T) []letterView {
	t.Helper()
	return read[[]letterView](t, w, "dead", "list", "-json")
}

func TestDeadRedrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := completed(t, "ada")
	id := w.bury(t, m, "rank.scan-completed-v1")
	for range 2 { // the first look leaves it
		all := w.letters(t)
		if len(all) != 1 || all[0].ID != id || all[0].Function != "rank" || all[0].Attempts != 20 {
			t.Fatalf("listed %+v", all)
		}
	}
	if shown := read[letterView](t, w, "dead", "show", "-json", m.Attributes[event.AttributeID]); shown.ID != id {
		t.Errorf("shown %+v", shown)
	}
	if _, err := w.admin(t, "dead", "show", "nothing"); !errors.Is(err, errNoLetter) {
		t.Errorf("show nothing: %v", err)
	}
	dry, err := w.admin(t, "dead", "redrive", "-dry-run", "-all")
	if err != nil || !strings.Contains(dry, "would be redriven") || len(w.letters(t)) != 1 {
		t.Errorf("dry: %s, %v", dry, err)
	}
	if text, err := w.admin(t, "dead", "redrive", id); err != nil {
		t.Fatalf("%s, %v", text, err)
	}
	got := w.published(t, "scan-completed-v1", 1)[0]
	if !maps.Equal(got.GetAttributes(), m.Attributes) || string(got.GetData()) != string(m.Data) {
		t.Errorf("published %v %s", got.GetAttributes(), got.GetData())
	}
	if left := w.letters(t); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	if _, err := w.admin(t, "dead", "redrive", id); !errors.Is(err, errLeft) {
		t.Errorf("again: %v", err)
	}
}

// A letter that another command holds is not taken twice.
func TestDeadRedrive_byTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.bury(t, completed(t, "ada"), "rank.scan-completed-v1")
	other := &tools{options: options{project: w.project}, pubsub: w.pubsub}
	held, err := other.letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	letters, _, err := held.Pull(t.Context(), 1, every)
	if err != nil || len(letters) != 1 {
		t.Fatalf("pulled %d, %v", len(letters), err)
	}
	text, err := w.admin(t, "dead", "redrive", id)
	if !errors.Is(err, errLeft) || !strings.Contains(text, errNoLetter.Error()) {
		t.Errorf("%s, %v", text, err)
	}
	if err := held.Release(t.Context(), letters...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin(t, "dead", "redrive", id); err != nil {
		t.Error(err)
	}
	w.published(t, "scan-completed-v1", 1)
}

// Of two who hold one letter, as after a lease that was too short, one redrives it and the other is
// told so, and removes it.
func TestDeadRedrive_twice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := completed(t, "ada")
	w.bury(t, m, "rank.scan-completed-v1")
	tools := &tools{options: options{project: w.project, rings: map[keys.Use]keys.Ring{
		keys.ForOutbox: testkit.Ring(keys.ForOutbox), keys.ForAudit: testkit.Ring(keys.ForAudit),
	}}, fs: w.fs, pubsub: w.pubsub}
	l, err := tools.letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := tools.redriver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	letters, _, err := l.Pull(t.Context(), 1, every)
	if err != nil || len(letters) != 1 {
		t.Fatalf("pulled %d, %v", len(letters), err)
	}
	if _, err := l.Redrive(t.Context(), r, letters[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Redrive(t.Context(), r, letters[0]); !errors.Is(err, operate.ErrRedriven) {
		t.Errorf("again: %v", err)
	}
	w.published(t, "scan-completed-v1", 1)
	if acts := w.acts(t); acts[audit.LetterRedriven] != 1 {
		t.Errorf("acts: %v", acts)
	}
}

// A command that is killed after the publish leaves nothing undone.
func TestDeadRedrive_killed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := completed(t, "ada")
	id := w.bury(t, m, "rank.scan-completed-v1")
	w.prepare = func(tools *tools) {
		tools.wrap = func(p outbox.Publisher) outbox.Publisher { return failing{p, true} }
	}
	if _, err := w.admin(t, "dead", "redrive", id); err != nil {
		t.Fatal(err)
	}
	w.sweep(t)
	for _, got := range w.published(t, "scan-completed-v1", 2) {
		if got.GetAttributes()[event.AttributeID] != m.Attributes[event.AttributeID] {
			t.Errorf("published %v", got.GetAttributes())
		}
	}
	if w.owed(t) != 0 || len(w.letters(t)) != 0 {
		t.Errorf("%d owed, %d letters", w.owed(t), len(w.letters(t)))
	}
}

func TestDeadRedrive_refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "eve", account.Erasing)
	for name, tt := range map[string]struct {
		id   string
		want error
	}{
		"a huge body": {
			w.bury(t, event.Message{Data: []byte(strings.Repeat("x", 2<<20))}, "rank.scan-completed-v1"), operate.ErrTooLong,
		},
		"of no subscription": {w.bury(t, completed(t, "ada"), "\x1b[2J"), operate.ErrNoTopic},
		"of a closed account": {
			w.bury(t, completed(t, "eve"), "rank.scan-completed-v1"), operate.ErrClosed,
		},
	} {
		text, err := w.admin(t, "dead", "redrive", tt.id)
		if !errors.Is(err, errLeft) || !strings.Contains(text, tt.want.Error()) || strings.ContainsRune(text, '\x1b') {
			t.Errorf("%s: %s, %v, want %v", name, text, err, tt.want)
		}
	}
	if left := len(w.letters(t)); left != 3 || w.owed(t) != 0 {
		t.Errorf("%d letters, %d owed", left, w.owed(t))
	}
	if _, err := w.admin(t, "dead", "drop", "-dry-run", "-all"); err != nil || len(w.letters(t)) != 3 {
		t.Errorf("dry: %v", err)
	}
	if _, err := w.admin(t, "dead", "drop", "-all"); err != nil || len(w.letters(t)) != 0 {
		t.Errorf("drop: %v", err)
	}
	if acts := w.acts(t); acts[audit.LetterDropped] != 3 || len(acts) != 1 {
		t.Errorf("acts: %v", acts)
	}
	ada, err := account.Get(t.Context(), w.fs, "ada")
	if err != nil {
		t.Fatal(err)
	}
	about, _ := book(t, w).About(ada.Acts)
	if acts, err := about.Documents(t.Context()).GetAll(); err != nil || len(acts) != 1 {
		t.Errorf("%d acts about ada, whose letter was dropped, %v", len(acts), err)
	}
}

// What is no text goes through unchanged: consumers, not operators, judge it.
func TestDeadRedrive_binary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := string([]byte{0xff, 0, 0x1b, '[', '2', 'J', 0x80})
	id := w.bury(t, event.Message{Data: []byte(body)}, "analyze.upload-finalized")
	if _, err := w.admin(t, "dead", "redrive", id); err != nil {
		t.Fatal(err)
	}
	if got := string(w.published(t, "upload-finalized", 1)[0].GetData()); got != body {
		t.Errorf("published %q", got)
	}
}
