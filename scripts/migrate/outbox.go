package main

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
)

var errNoSignature = errors.New("the step needs FACESCAN_KEY_OUTBOX, the sweep's own")

// openOwed returns the operator's ring by the environment's secret of the outbox, the zero ring if
// there is none.
func openOwed(environ func(string) string) (keys.Ring, error) {
	text := environ(keys.ForOutbox.Variable())
	if text == "" {
		return keys.Ring{}, nil
	}
	root, err := keys.Parse(keys.ForOutbox, text)
	if err != nil {
		return keys.Ring{}, fmt.Errorf("read %s: %w", keys.ForOutbox.Variable(), err)
	}
	return root.OfWriter(catalog.Operator), nil
}

// signatures signs the events that instances of the version before could not publish. The sweep
// puts them off until then, as it cannot know who left them. The operator cannot either: the step
// names each event, and what it names is published. Run it once, right after the deployment.
var signatures = step{
	Name: "outbox", About: "sign the events that the version before could not publish", Collection: "outbox",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		fields, err := outbox.Endorse(doc, keys.NewRing(keys.ForWriter(catalog.Operator), []byte("to see")))
		return len(fields) > 0, err
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		if tx.owed.Len() == 0 {
			return errNoSignature
		}
		fields, err := outbox.Endorse(doc, tx.owed)
		if err != nil {
			return err
		}
		tx.Note("event %s for %v is published by this", doc.Ref.ID, doc.Data()["topic"])
		return tx.Update(doc.Ref, fields)
	},
}
