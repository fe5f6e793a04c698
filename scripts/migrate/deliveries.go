package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
)

// formerDelivery is users/{uid}/deliveries/{eventID_channel} of the version before, which had a
// document for each channel of an event.
type formerDelivery struct {
	ConsentEpoch int64     `firestore:"consentEpoch"`
	EventID      string    `firestore:"eventId"`
	Channel      string    `firestore:"channel"`
	State        string    `firestore:"state"`
	Attempts     int64     `firestore:"attempts"`
	LeaseUntil   time.Time `firestore:"leaseUntil"`
	Served       []string  `firestore:"served"`
	Reason       string    `firestore:"reason"`
	CreatedAt    time.Time `firestore:"createdAt"`
	UpdatedAt    time.Time `firestore:"updatedAt"`
	ExpireAt     time.Time `firestore:"expireAt"`
}

// leg returns what the document says as the leg of a record. The states have kept their names.
func (d formerDelivery) leg() map[string]any {
	leg := map[string]any{"state": d.State, "attempts": d.Attempts}
	if !d.LeaseUntil.IsZero() {
		leg["leaseUntil"] = d.LeaseUntil
	}
	if len(d.Served) > 0 {
		leg["served"] = d.Served
	}
	if d.Reason != "" {
		leg["reason"] = d.Reason
	}
	return leg
}

// deliveries brings the deliveries of each event's channels together in one record. A channel that
// was not done is delivered on when its event comes again, as before.
var deliveries = step{
	Name: "deliveries", About: "keep what was delivered of an event in one record", Collection: "deliveries",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		return doc.Data()["channel"] != nil, nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		var d formerDelivery
		if err := doc.DataTo(&d); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		user := doc.Ref.Parent.Parent
		record := doc.Ref.Parent.Doc(d.EventID)
		if strings.TrimSuffix(doc.Ref.ID, "_"+d.Channel) != d.EventID {
			return fmt.Errorf("it is not named after its event %q and channel %q", d.EventID, d.Channel)
		}
		snap, err := tx.Get(record)
		if _, err := store.Decode[map[string]any](snap, err, "its record", nil); err != nil {
			return err
		}
		itemSnap, err := tx.Get(notify.Inbox(user).Doc(d.EventID))
		item, err := store.Decode[notify.Item](itemSnap, err, "its inbox item", nil)
		if err != nil {
			return err
		}
		fields := map[string]any{
			"schema": 2, "eventId": d.EventID, "kind": string(notify.KindOf(item.Type)),
			"legs":      map[string]any{d.Channel: d.leg()},
			"createdAt": d.CreatedAt, "updatedAt": d.UpdatedAt, "expireAt": d.ExpireAt,
		}
		if d.ConsentEpoch != 0 {
			fields["consentEpoch"] = d.ConsentEpoch
		}
		for _, name := range []string{"scanId", "seriesId"} {
			if id := item.Data[name]; id != "" {
				fields[name] = id
			}
		}
		// The other channel's document may have made the record: the legs are merged.
		if err := tx.Set(record, fields, firestore.MergeAll); err != nil {
			return err
		}
		return tx.Delete(doc.Ref)
	},
}
