package deliver

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
)

const (
	paceSchema = 1
	// paceLife is how long a pace is kept: longer than a day of any zone, after which it delays
	// nothing.
	paceLife = 72 * time.Hour
)

// paceDoc is users/{uid}/pace/notices.
type paceDoc struct {
	Schema int `firestore:"schema"`
	notify.Pace
	ExpireAt time.Time `firestore:"expireAt"`
}

// pace is the user's pace as it was read, and as it will be written.
type pace struct {
	snap    *firestore.DocumentSnapshot
	is      notify.Pace
	changed bool
}

func (c *Consumer) paceRef(uid account.UID) *firestore.DocumentRef {
	return account.Ref(c.Firestore, uid).Collection("pace").Doc("notices")
}

// readPace reads the user's pace outside of the transaction, which writes it on the condition that
// it has not changed (see package transact).
func (c *Consumer) readPace(ctx context.Context, uid account.UID) (*pace, error) {
	snap, err := c.paceRef(uid).Get(ctx)
	doc, err := store.Decode[paceDoc](snap, err, "pace", nil)
	if err != nil {
		return nil, err
	}
	return &pace{snap: snap, is: doc.Pace}, nil
}

// sent records that a notice is being sent.
func (p *pace) sent(r notify.Rule, u account.User, c notify.Channel, now time.Time) {
	if r.Delays() {
		p.is.Sent(r, u, c, now)
		p.changed = true
	}
}

// write writes the pace if it has changed.
func (p *pace) write(tx *firestore.Transaction, now time.Time) error {
	if !p.changed {
		return nil
	}
	doc := paceDoc{Schema: paceSchema, Pace: p.is, ExpireAt: now.Add(paceLife)}
	var err error
	if p.snap.Exists() {
		err = tx.Update(p.snap.Ref, []firestore.Update{
			{Path: "scored", Value: doc.Scored}, {Path: "alarmed", Value: doc.Alarmed}, {Path: "days", Value: doc.Days},
			{Path: "expireAt", Value: doc.ExpireAt},
		}, firestore.LastUpdateTime(p.snap.UpdateTime))
	} else {
		err = tx.Create(p.snap.Ref, doc)
	}
	if err != nil {
		return fmt.Errorf("write the pace: %w", err)
	}
	return nil
}

// takeBack forgets the alarm of a push about the account's security that had no device to go to, or
// the next one, which may have a device, would not be sent.
func (c *Consumer) takeBack(ctx context.Context, p parcel) error {
	if p.channel != notify.Push || p.of[0].Rule.Kind != notify.Security {
		return nil
	}
	_, err := c.paceRef(p.user.UID).Update(ctx, []firestore.Update{
		{FieldPath: firestore.FieldPath{"alarmed", string(p.channel)}, Value: firestore.Delete},
	})
	if err != nil && !store.Overtaken(err) {
		return fmt.Errorf("take an alarm back: %w", err)
	}
	return nil
}
