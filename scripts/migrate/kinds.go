package main

import (
	"context"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/notify"
)

// kinds gives each inbox item the kind of its notice, by which the inbox is filtered. The version
// before stored the event's type alone. It can read what was migrated.
var kinds = step{
	Name: "kinds", About: "find notices by their kind", Collection: "inbox",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		return doc.Data()["kind"] == nil, nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		eventType, _ := doc.Data()["type"].(string)
		kind := notify.KindOf(eventType)
		if kind == "" {
			tx.Note("no notice is made of the event %q; it is left as it is", eventType)
			return nil
		}
		return tx.Update(doc.Ref, []firestore.Update{{Path: "kind", Value: kind}})
	},
}
