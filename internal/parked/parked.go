// Package parked keeps events that no redelivery can help, parked/{id}, for an operator.
package parked

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/schema"
)

const (
	docSchema = 1
	// maxData is the longest data, in bytes, that is kept whole. It keeps the document under
	// Firestore's limit of 1 MiB. No event of the system is longer.
	maxData = 512 << 10
)

// eventDoc is parked/{id}.
type eventDoc struct {
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
}

// Keep stores the event that the function could not handle and the reason for 30 days from now.
// Storing an event again has no effect.
func Keep(
	ctx context.Context, fs *firestore.Client, function string, m event.Message, reason error, now time.Time,
) error {
	now = now.UTC()
	// A fact may arrive in several messages, as a publisher repeats a message whose fate is unknown.
	// The system's own events have an id.
	id := cmp.Or(m.Attributes[event.AttributeID], m.ID)
	_, err := fs.Collection("parked").Doc(event.ID(function, id)).Set(ctx, eventDoc{
		Schema: docSchema, Function: function, UID: event.About(m.Data).UID, MessageID: m.ID,
		// Firestore refuses text that is not UTF-8, and a reason may quote the offending bytes.
		Reason:     strings.ToValidUTF8(reason.Error(), "\uFFFD"),
		Attributes: m.Attributes, Data: m.Data[:min(len(m.Data), maxData)], ParkedAt: now,
		ExpireAt: now.Add(schema.ParkedLife),
	})
	if err != nil {
		return fmt.Errorf("park event %s: %w", m.ID, err)
	}
	return nil
}
