// Package outbox commits changes together with the events that they owe.
//
// [Box.Run] writes outbox/{eventID} in the caller's transaction, publishes after the commit and
// then deletes the document. If the process dies in between, the document remains, and [Box.Sweep]
// publishes the event later. So an event is published at least once, after its commit and never
// without it. Consumers drop duplicates by id.
//
// Every function can write every document of the database, as Firestore knows no smaller right, and
// the sweep may publish to every topic. So a document is signed with a key of its writer's own, and
// the sweep publishes what its writer may publish itself: a function that was taken over makes
// others believe nothing that it could not tell them anyway. It can still change documents by which
// other functions act; only their own checks guard those.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/transact"
	"github.com/facescan/facescan/internal/work"
)

// Publisher publishes a message to a topic and returns once the topic has accepted it. It is an
// interface so that systest can crash a process between commit and publish.
type Publisher interface {
	Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error
}

const (
	schema = 2
	// publishTimeout bounds publishing after a commit. The sweep publishes what it leaves.
	publishTimeout = 10 * time.Second
	// maxAttempts is for a transaction. The client's default of 5 fails in a race of 20 on the
	// emulator.
	maxAttempts = 20
	// sweepPage is the largest number of documents that one sweep publishes.
	sweepPage = 500
	// pause is how long the sweep skips an event that it failed to publish, and longestPause the pause
	// after many failures.
	pause        = time.Minute
	longestPause = time.Hour
)

// SweepAge is the age at which the sweep considers an owed event abandoned.
const SweepAge = 60 * time.Second

type document struct {
	Schema int    `firestore:"schema"`
	Topic  string `firestore:"topic"`
	// UID is the user whom the event is about, by which erasure finds it. It is absent if there is
	// none.
	UID        string            `firestore:"uid,omitempty"`
	Data       []byte            `firestore:"data"`
	Attributes map[string]string `firestore:"attributes"`
	// Writer is the function that owes the event, and Proof its signature of the rest: see
	// [document.proof]. Both are absent in documents from before they existed.
	Writer    string    `firestore:"writer,omitempty"`
	Proof     string    `firestore:"proof,omitempty"`
	CreatedAt time.Time `firestore:"createdAt"`
	// DueAt orders the sweep's pages. It is the time of the commit, and a later one after each failure
	// of the sweep.
	DueAt time.Time `firestore:"dueAt"`
	// SweepFaults is how often it did (see work.Sweep).
	SweepFaults int64 `firestore:"sweepFaults,omitempty"`
}

// Box publishes the events that commits owe. It is safe for concurrent use.
type Box struct {
	fs        *firestore.Client
	publisher Publisher
	key       keys.Ring
	now       func() time.Time
	judge     judge
}

// New returns a box that commits to the database and publishes by the publisher. key is for
// keys.ForWriter and signs what the box leaves. now is the clock. The box's sweep publishes what a
// box of the same key left (see [Box.Judging]).
func New(fs *firestore.Client, publisher Publisher, key keys.Ring, now func() time.Time) *Box {
	own := func(writer string) (keys.Ring, bool) { return key, writer == key.Writer() }
	anything := func(string, string) bool { return true }
	return &Box{fs: fs, publisher: publisher, key: key, now: now, judge: judge{ringOf: own, may: anything}}
}

// Judging returns a box whose sweep publishes what any writer left who may publish to the topic.
// key is for keys.ForOutbox.
func (b *Box) Judging(key keys.Ring, may func(writer, topic string) bool) *Box {
	judging := *b
	judging.judge = judge{may: may, ringOf: func(writer string) (keys.Ring, bool) {
		return key.OfWriter(writer), writer != ""
	}}
	return &judging
}

// Tx is a Firestore transaction that can owe events.
type Tx struct {
	*firestore.Transaction
	owed   []event.Event
	resent []Message
}

// Owe adds an event to the commit.
func (t *Tx) Owe(e event.Event) { t.owed = append(t.owed, e) }

// Message is a message that was published before and given up, as it was.
type Message struct {
	// ID names the document in the outbox. It is not the event's id, which is in the attributes: the
	// same event may be owed at the same time.
	ID, Topic  string
	Data       []byte
	Attributes map[string]string
}

// Resend adds the message to the commit, to be published again. Its consumers know the event by its
// id, and drop it if they have handled it.
func (t *Tx) Resend(m Message) { t.resent = append(t.resent, m) }

// Tell owes the event of a fact that happened at the time, in the trace of ctx. The event's id is
// derived from its type and the key, so the same fact gives the same event.
func (t *Tx) Tell(ctx context.Context, at time.Time, fact event.Payload, key ...string) error {
	id := event.ID(append([]string{fact.EventType()}, key...)...)
	e, err := event.New(id, at, telemetry.Traceparent(ctx), fact)
	if err != nil {
		return err
	}
	t.Owe(e)
	return nil
}

// Run commits fn's transaction together with the events that it owes and then publishes them. fn
// may run more than once and must do nothing remote except read and write through tx. The error is
// that of fn or of the commit. Run does not fail if publishing does, since the sweep publishes
// later.
func (b *Box) Run(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return b.run(ctx, fn, func(commit func(context.Context, *firestore.Transaction) error) error {
		return b.fs.RunTransaction(ctx, commit, firestore.MaxAttempts(maxAttempts))
	})
}

// RunInTurn is like [Box.Run] for a transaction on a document that many requests change at once;
// see [transact.Run].
func (b *Box) RunInTurn(
	ctx context.Context, on *firestore.DocumentRef, fn func(ctx context.Context, tx *Tx) error,
) error {
	return b.run(ctx, fn, func(commit func(context.Context, *firestore.Transaction) error) error {
		return transact.Run(ctx, b.fs, on, commit)
	})
}

func (b *Box) run(
	ctx context.Context, fn func(ctx context.Context, tx *Tx) error,
	transaction func(commit func(context.Context, *firestore.Transaction) error) error,
) error {
	var owed []pending
	err := transaction(func(ctx context.Context, ftx *firestore.Transaction) error {
		tx := &Tx{Transaction: ftx}
		err := fn(ctx, tx)
		if err != nil {
			return err
		}
		owed, err = b.record(tx)
		return err
	})
	if err != nil {
		return err
	}
	b.publishAll(ctx, owed)
	return nil
}

// pending is an owed event that is committed and may not have been published.
type pending struct {
	ref *firestore.DocumentRef
	doc document
}

func (b *Box) record(tx *Tx) ([]pending, error) {
	recorded := make([]pending, 0, len(tx.owed)+len(tx.resent))
	all := slices.Clone(tx.resent)
	for _, e := range tx.owed {
		data, err := event.Encode(e)
		if err != nil {
			return nil, err
		}
		all = append(all, Message{ID: e.ID, Topic: event.Topic(e.Type), Data: data, Attributes: map[string]string{
			event.AttributeType: e.Type, event.AttributeID: e.ID, event.AttributeTraceparent: e.Traceparent,
		}})
	}
	for _, m := range all {
		now := b.now().UTC()
		p := pending{ref: b.fs.Collection("outbox").Doc(m.ID), doc: document{
			Schema: schema, Topic: m.Topic, UID: event.About(m.Data).UID, Data: m.Data, Attributes: m.Attributes,
			CreatedAt: now, DueAt: now,
		}}
		p.doc.sign(b.key, m.ID)
		if err := tx.Set(p.ref, p.doc); err != nil {
			return nil, fmt.Errorf("owe event %s: %w", m.ID, err)
		}
		recorded = append(recorded, p)
	}
	return recorded, nil
}

// publishAll continues after the caller has left: the commit is done, and its events should not
// wait for the sweep.
func (b *Box) publishAll(ctx context.Context, owed []pending) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	for _, p := range owed {
		if err := b.publish(ctx, p); err != nil {
			slog.WarnContext(ctx, "event left to the sweep", "event_id", p.ref.ID, "topic", p.doc.Topic, "error", err)
		}
	}
}

func (b *Box) publish(ctx context.Context, p pending) error {
	if err := b.publisher.Publish(ctx, p.doc.Topic, p.doc.Data, p.doc.Attributes); err != nil {
		return fmt.Errorf("publish event %s to %s: %w", p.ref.ID, p.doc.Topic, err)
	}
	if _, err := p.ref.Delete(ctx); err != nil {
		return fmt.Errorf("delete outbox document %s: %w", p.ref.ID, err)
	}
	return nil
}

// Sweep publishes the owed events older than age, oldest first and at most 500, and returns the
// number published. An event that fails does not hold up the others, neither now nor in later
// sweeps, since it is put off. The errors are joined.
func (b *Box) Sweep(ctx context.Context, age time.Duration) (published int, err error) {
	return work.Sweep(ctx, work.Due{
		Documents: b.fs.Collection("outbox").Query, Field: "dueAt", Age: age, Page: sweepPage,
		Pause: pause, Longest: longestPause, Now: b.now,
	}, b.publishAgain)
}

// SweepAbandoned calls [Box.Sweep] with [SweepAge].
func (b *Box) SweepAbandoned(ctx context.Context) (published int, err error) {
	return b.Sweep(ctx, SweepAge)
}

func (b *Box) publishAgain(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	p := pending{ref: snap.Ref}
	if err := snap.DataTo(&p.doc); err != nil {
		return fmt.Errorf("read outbox document %s: %w", snap.Ref.ID, err)
	}
	err := b.judge.check(p.ref.ID, p.doc)
	if errors.Is(err, ErrForged) {
		return b.park(ctx, p, err)
	}
	if err != nil {
		return fmt.Errorf("outbox document %s: %w", snap.Ref.ID, err)
	}
	return b.publish(ctx, p)
}

// park keeps what was forged for an operator, and removes it from the outbox.
func (b *Box) park(ctx context.Context, p pending, reason error) error {
	slog.ErrorContext(ctx, "event in the outbox is forged", "event_id", p.ref.ID, "topic", p.doc.Topic,
		"writer", p.doc.Writer, "error", reason)
	m := event.Message{ID: p.ref.ID, Data: p.doc.Data, Attributes: p.doc.Attributes}
	if err := parked.Keep(ctx, b.fs, "outbox", m, reason, b.now()); err != nil {
		return err
	}
	if _, err := p.ref.Delete(ctx); err != nil {
		return fmt.Errorf("delete outbox document %s: %w", p.ref.ID, err)
	}
	return nil
}
