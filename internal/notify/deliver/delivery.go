package deliver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/transact"
	"github.com/facescan/facescan/internal/work"
)

const docSchema = 1

// state is the state of a delivery; see the diagram of the package.
type state string

const (
	claimed state = "claimed"
	failed  state = "failed"
	sent    state = "sent"
	skipped state = "skipped"
)

// deliveryDoc is users/{uid}/deliveries/{eventID_channel}.
type deliveryDoc struct {
	Schema int `firestore:"schema"`
	// ConsentEpoch is the epoch of the inbox item.
	ConsentEpoch int64 `firestore:"consentEpoch,omitempty"`

	EventID string         `firestore:"eventId"`
	Channel notify.Channel `firestore:"channel"`
	State   state          `firestore:"state"`
	// Attempts counts the claims. It also distinguishes them.
	Attempts int64 `firestore:"attempts"`
	// LeaseUntil is when a claim expires.
	LeaseUntil time.Time `firestore:"leaseUntil"`
	// Served are the ids of the devices that need no further push of the event.
	Served []string `firestore:"served"`
	// Reason is why it was skipped, "" if it was not.
	Reason    string    `firestore:"reason"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

func (d *deliveryDoc) done() bool { return d.State == sent || d.State == skipped }

func (d *deliveryDoc) leased(now time.Time) bool {
	return d.State == claimed && d.LeaseUntil.After(now)
}

func (d *deliveryDoc) claim(now time.Time) {
	d.State = claimed
	d.Attempts++
	d.LeaseUntil = now.Add(work.LeaseTime)
	d.UpdatedAt = now
}

func (d *deliveryDoc) skip(reason string, now time.Time) {
	d.State, d.Reason, d.LeaseUntil, d.UpdatedAt = skipped, reason, time.Time{}, now
}

// claim is the right to send an event by a channel.
type claim struct {
	channel notify.Channel
	// item is the inbox item, and ref the delivery's document.
	item, ref *firestore.DocumentRef
	attempt   int64
	// served are the devices that earlier attempts reached.
	served []string
}

// outcome is the outcome of sending.
type outcome struct {
	// served are the devices that need no further push, even if others failed.
	served []string
	// skipped is why there was no recipient, "" otherwise.
	skipped string
	err     error
}

// claim writes the inbox item and claims each channel that is neither done nor claimed by another
// delivery. busy reports whether there is such a claim. At a closed fence, and for a deleted scan,
// claim writes and claims nothing.
func (c *Consumer) claim(ctx context.Context, msg notify.Message) (claims []claim, busy bool, err error) {
	err = c.inTurn(ctx, c.itemRef(msg), func(_ context.Context, tx *firestore.Transaction) error {
		claims, busy = nil, false
		user, err := msg.Enter(tx, c.Firestore)
		if err != nil {
			return fault.Ignore(err, account.ErrClosed)
		}
		snaps, err := tx.GetAll(c.refs(msg))
		if err != nil {
			return fmt.Errorf("read what was delivered: %w", err)
		}
		now := c.Now().UTC()
		if !snaps[0].Exists() {
			if err := tx.Create(snaps[0].Ref, msg.Item(now)); err != nil {
				return fmt.Errorf("create the inbox item: %w", err)
			}
		}
		for i, channel := range msg.Channels {
			one, held, err := claimChannel(tx, snaps[i+1], msg, channel, user, now)
			if err != nil {
				return err
			}
			busy = busy || held
			if one != nil {
				one.item = snaps[0].Ref
				claims = append(claims, *one)
			}
		}
		return nil
	})
	return claims, busy, err
}

// inTurn runs a transaction on what was delivered of an item, in turn with the process's others. It
// reads users/{uid} and locks it, and two deliveries of one event that wait for each other would
// keep every other change of the user waiting with them: for 2 s in the emulator, which let a
// change of the preferences starve among many notices.
func (c *Consumer) inTurn(
	ctx context.Context, item *firestore.DocumentRef, fn func(context.Context, *firestore.Transaction) error,
) error {
	return transact.Run(ctx, c.Firestore, item, fn)
}

func (c *Consumer) itemRef(msg notify.Message) *firestore.DocumentRef {
	return notify.Inbox(account.Ref(c.Firestore, msg.UID)).Doc(msg.ID)
}

// refs returns the inbox item of the message and then its deliveries, in the order of its channels.
func (c *Consumer) refs(msg notify.Message) []*firestore.DocumentRef {
	user := account.Ref(c.Firestore, msg.UID)
	refs := []*firestore.DocumentRef{c.itemRef(msg)}
	for _, channel := range msg.Channels {
		refs = append(refs, notify.DeliveryRef(user, msg.ID, channel))
	}
	return refs
}

// claimChannel claims one channel, or records that the user does not want it. It returns nil if
// there is nothing to do. busy reports whether another claim is in force.
func claimChannel(
	tx *firestore.Transaction, snap *firestore.DocumentSnapshot, msg notify.Message, channel notify.Channel,
	user account.User, now time.Time,
) (c *claim, busy bool, err error) {
	d := deliveryDoc{
		Schema: docSchema, ConsentEpoch: msg.ConsentEpoch, EventID: msg.ID, Channel: channel, Served: []string{},
		CreatedAt: now, ExpireAt: now.Add(schema.DeliveryLife),
	}
	if snap.Exists() {
		if err := snap.DataTo(&d); err != nil {
			return nil, false, fmt.Errorf("decode delivery: %w", err)
		}
	}
	if d.done() {
		return nil, false, nil
	}
	if d.leased(now) {
		return nil, true, nil
	}
	if reason := unwanted(channel, user); reason != "" {
		d.skip(reason, now)
	} else {
		d.claim(now)
		c = &claim{channel: channel, ref: snap.Ref, attempt: d.Attempts, served: d.Served}
	}
	if err := tx.Set(snap.Ref, d); err != nil {
		return nil, false, fmt.Errorf("write delivery: %w", err)
	}
	return c, false, nil
}

// unwanted returns why a channel is not used for the user, or "".
func unwanted(channel notify.Channel, u account.User) string {
	wants := notify.Preferences(u)
	if channel == notify.Push && !wants.Push || channel == notify.Email && !wants.Email {
		return "preference"
	}
	return ""
}

// finish records the outcome of a claim. A failure releases the claim at once, unless another
// delivery has taken it over. A delivery that was erased meanwhile stays so.
func (c *Consumer) finish(ctx context.Context, mine claim, result outcome) error {
	return c.inTurn(ctx, mine.item, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(mine.ref)
		if status.Code(err) == codes.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		var d deliveryDoc
		if err := snap.DataTo(&d); err != nil {
			return err
		}
		now := c.Now().UTC()
		d.Served = union(d.Served, result.served)
		switch {
		case d.done():
		case result.skipped != "":
			d.skip(result.skipped, now)
		case result.err == nil:
			d.State, d.LeaseUntil, d.UpdatedAt = sent, time.Time{}, now
		case d.Attempts == mine.attempt:
			d.State, d.LeaseUntil, d.UpdatedAt = failed, time.Time{}, now
		}
		return tx.Set(mine.ref, d)
	})
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
