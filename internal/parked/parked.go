// Package parked keeps events that no redelivery can help, parked/{id}, for an operator.
package parked

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
)

const (
	docSchema = 1
	// maxData is the longest data, in bytes, that is kept whole. It keeps the document under
	// Firestore's limit of 1 MiB. No event of the system is longer.
	maxData = 512 << 10
	// maxReason is the longest reason that is kept whole, in bytes. A reason may quote the event.
	maxReason = 16 << 10
)

// ErrNotFound means that no event is parked under the id.
var ErrNotFound = errors.New("no such event is parked")

// Event is parked/{id}.
type Event struct {
	// ID is the document's, derived from the function and the event.
	ID       string `firestore:"-"`
	Schema   int    `firestore:"schema"`
	Function string `firestore:"function"`
	// UID is the user whom the event is about, by which erasure finds it. It is absent if it cannot be
	// read.
	UID        string            `firestore:"uid,omitempty"`
	MessageID  string            `firestore:"messageId"`
	Reason     string            `firestore:"reason"`
	Attributes map[string]string `firestore:"attributes"`
	Data       []byte            `firestore:"data"`
	ParkedAt   time.Time         `firestore:"parkedAt"`
	ExpireAt   time.Time         `firestore:"expireAt"`
	// RedrivenAt is when an operator had it published again, absent before that. If it is parked once
	// more, the document is a new one without it.
	RedrivenAt time.Time `firestore:"redrivenAt,omitempty"`
}

// Cut reports whether Data may lack its end, since it was too long to be kept.
func (e Event) Cut() bool { return len(e.Data) >= maxData }

// Keep stores the event that the function could not handle and the reason for 30 days from now.
// Storing an event again has no effect but that it waits for an operator again.
func Keep(
	ctx context.Context, fs *firestore.Client, function string, m event.Message, reason error, now time.Time,
) error {
	now = now.UTC()
	// A fact may arrive in several messages, as a publisher repeats a message whose fate is unknown.
	// The system's own events have an id.
	id := cmp.Or(m.Attributes[event.AttributeID], m.ID)
	text := reason.Error()
	_, err := fs.Collection("parked").Doc(event.ID(function, id)).Set(ctx, Event{
		Schema: docSchema, Function: function, UID: event.About(m.Data).UID, MessageID: m.ID,
		// Firestore refuses text that is not UTF-8, and a reason may quote the offending bytes.
		Reason:     strings.ToValidUTF8(text[:min(len(text), maxReason)], "\uFFFD"),
		Attributes: m.Attributes, Data: m.Data[:min(len(m.Data), maxData)], ParkedAt: now,
		ExpireAt: now.Add(schema.ParkedLife),
	})
	if err != nil {
		return fmt.Errorf("park event %s: %w", m.ID, err)
	}
	return nil
}

// Read returns the parked event as the transaction sees it, or [ErrNotFound].
func Read(tx *firestore.Transaction, fs *firestore.Client, id string) (Event, error) {
	if !event.ValidID(id) {
		return Event{}, ErrNotFound
	}
	return decode(tx.Get(fs.Collection("parked").Doc(id)))
}

// Get is [Read] outside of a transaction, for display.
func Get(ctx context.Context, fs *firestore.Client, id string) (Event, error) {
	if !event.ValidID(id) {
		return Event{}, ErrNotFound
	}
	return decode(fs.Collection("parked").Doc(id).Get(ctx))
}

func decode(snap *firestore.DocumentSnapshot, err error) (Event, error) {
	e, err := store.Decode[Event](snap, err, "parked event", ErrNotFound)
	if err == nil {
		e.ID = snap.Ref.ID
	}
	return e, err
}

// List returns the parked events, the latest first. It ends at the first error.
func List(ctx context.Context, fs *firestore.Client) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		docs := fs.Collection("parked").OrderBy("parkedAt", firestore.Desc).Documents(ctx)
		defer docs.Stop()
		for {
			snap, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			e, err := decode(snap, err)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Mark has the transaction note that the event was redriven at the time.
func Mark(tx *firestore.Transaction, fs *firestore.Client, id string, at time.Time) error {
	err := tx.Update(fs.Collection("parked").Doc(id), []firestore.Update{{Path: "redrivenAt", Value: at.UTC()}})
	if err != nil {
		return fmt.Errorf("mark the parked event: %w", err)
	}
	return nil
}
