package deliver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/transact"
)

// grip is a record with legs that this process has claimed. Its legs may end at the same time.
type grip struct {
	ref *firestore.DocumentRef

	mu sync.Mutex
	// event is the event, encoded.
	event []byte
	// is is the record as this process wrote it last, and version the update time of that. Until
	// another process writes it, a leg's end needs no read.
	is      record
	version time.Time
}

// leg returns the record's leg by the channel.
func (g *grip) leg(c notify.Channel) leg {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.is.Legs[string(c)]
}

// parcel is one message by one channel, of one event or of several that were put off, with the
// claims of their legs.
type parcel struct {
	// id is the event's or the digest's. Repetitions have the same.
	id      string
	channel notify.Channel
	// user is the user as the claim read them. What they have set then counts.
	user  account.User
	of    notify.Digest
	grips []*grip
}

// served returns the devices that need no further push. The legs of a digest were claimed together.
func (p parcel) served() []string { return p.grips[0].leg(p.channel).Served }

// inTurn runs a transaction on what was delivered to a user, in turn with the process's others. It
// reads users/{uid} and locks it, and two deliveries that wait for each other would keep every
// other change of the user waiting with them: for 2 s in the emulator, which let a change of the
// preferences starve among many notices.
func (c *Consumer) inTurn(
	ctx context.Context, uid account.UID, fn func(context.Context, *firestore.Transaction) error,
) (committed time.Time, err error) {
	var done firestore.CommitResponse
	err = transact.Run(ctx, c.Firestore, c.paceRef(uid), fn, firestore.WithCommitResponseTo(&done))
	if err != nil {
		return time.Time{}, err
	}
	return done.CommitTime(), nil
}

func (c *Consumer) recordRef(uid account.UID, eventID string) *firestore.DocumentRef {
	return notify.Deliveries(account.Ref(c.Firestore, uid)).Doc(eventID)
}

func (c *Consumer) itemRef(uid account.UID, eventID string) *firestore.DocumentRef {
	return notify.Inbox(account.Ref(c.Firestore, uid)).Doc(eventID)
}

// claim writes the inbox item of an event that is new, and decides for each channel that is neither
// done nor deferred nor claimed by another delivery. It returns the messages to send. busy reports
// whether a channel must be attempted later: it is claimed, or its provider wants to be left alone.
// At a closed fence, and for a deleted scan, claim writes and claims nothing.
func (c *Consumer) claim(
	ctx context.Context, e event.Event, msg notify.Message,
) (parcels []parcel, busy bool, err error) {
	encoded, err := event.Encode(e)
	if err != nil {
		return nil, false, err
	}
	again := false
	var g *grip
	committed, err := c.inTurn(ctx, msg.UID, func(ctx context.Context, tx *firestore.Transaction) error {
		parcels, busy, g = nil, false, &grip{ref: c.recordRef(msg.UID, msg.ID), event: encoded}
		user, snap, err := msg.Enter(tx, c.Firestore, g.ref)
		if err != nil {
			return fault.Ignore(err, account.ErrClosed)
		}
		isNew, err := c.open(snap, g, msg)
		if err != nil {
			return err
		}
		if isNew {
			if told, err := c.toldBefore(tx, again, msg); told || err != nil {
				return err
			}
			again = true
		}
		channels, err := c.decide(ctx, tx, g, msg, user)
		if err != nil {
			return err
		}
		busy = channels.busy
		for _, ch := range channels.claimed {
			parcels = append(parcels, parcel{
				id: msg.ID, channel: ch, user: user, of: notify.Digest{msg}, grips: []*grip{g},
			})
		}
		return c.save(tx, g, isNew, channels.changed, msg, user)
	})
	if g != nil {
		g.version = committed
	}
	return parcels, busy, err
}

// open takes the record of the message as it was read, or makes one.
func (c *Consumer) open(snap *firestore.DocumentSnapshot, g *grip, msg notify.Message) (isNew bool, err error) {
	if g.is, err = store.Decode[record](snap, nil, "delivery", nil); err != nil || snap.Exists() {
		return false, err
	}
	g.is = newRecord(msg, c.Now().UTC())
	return true, nil
}

// toldBefore reports whether the version before has told of the event: its records have other names
// until scripts/migrate has moved them, and only the inbox item shows it. The item is looked for
// only when the record could not be created beside it.
func (c *Consumer) toldBefore(tx *firestore.Transaction, again bool, msg notify.Message) (bool, error) {
	if !again {
		return false, nil
	}
	_, err := tx.Get(c.itemRef(msg.UID, msg.ID))
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the inbox item: %w", err)
	}
	return true, nil
}

// decided is what was decided about the channels of a message.
type decided struct {
	claimed       []notify.Channel
	busy, changed bool
}

// decide decides about each channel of the message that is open, in the grip's record.
func (c *Consumer) decide(
	ctx context.Context, tx *firestore.Transaction, g *grip, msg notify.Message, user account.User,
) (d decided, err error) {
	now := c.Now().UTC()
	var p *pace
	for _, ch := range msg.Channels() {
		l := g.is.Legs[string(ch)]
		switch {
		case l.done() || l.State == deferred || l.State == claimed && l.Batch != "":
			continue // the sweep's delivery has it, or it is done
		case l.leased(now) || l.State == failed && l.NextAt.After(now):
			d.busy = true
			continue
		}
		if p == nil && msg.Rule.Delays() && msg.Rule.Wanted(user, ch) {
			if p, err = c.readPace(ctx, msg.UID); err != nil {
				return decided{}, err
			}
		}
		l = l.decide(c.verdict(msg.Rule, user, ch, p, l, now), "", now)
		if l.State == claimed {
			d.claimed = append(d.claimed, ch)
			if p != nil && l.Attempts == 1 {
				p.sent(msg.Rule, user, ch, now)
			}
		}
		g.is.put(ch, l, now)
		d.changed = true
	}
	if g.is.open() {
		g.is.Event = g.event
	}
	if p == nil {
		return d, nil
	}
	return d, p.write(tx, now)
}

// verdict is [notify.Rule.Verdict] for a leg. What was begun before is not delayed by its own
// first attempt.
func (c *Consumer) verdict(
	r notify.Rule, user account.User, ch notify.Channel, p *pace, l leg, now time.Time,
) notify.Verdict {
	if p == nil || l.Attempts > 0 {
		return r.Verdict(user, ch, notify.Pace{}, now)
	}
	return r.Verdict(user, ch, p.is, now)
}

// save writes the record, and the inbox item of a new one.
func (c *Consumer) save(
	tx *firestore.Transaction, g *grip, isNew, changed bool, msg notify.Message, user account.User,
) error {
	if !isNew && !changed {
		return nil
	}
	if !isNew {
		return tx.Set(g.ref, g.is)
	}
	text, err := msg.Text(user)
	if err != nil {
		return err
	}
	if err := tx.Create(c.itemRef(msg.UID, msg.ID), msg.Item(text, c.Now().UTC())); err != nil {
		return fmt.Errorf("create the inbox item: %w", err)
	}
	return tx.Create(g.ref, g.is)
}

// finish records the outcome of a parcel in each of its records, parallel at a time: one after the
// other, those of a large digest may outlast finishTimeout. One that fails does not leave the
// others claimed, which would send them again.
func (c *Consumer) finish(ctx context.Context, p parcel, o outcome) error {
	var writing errgroup.Group
	writing.SetLimit(parallel)
	for _, g := range p.grips {
		writing.Go(func() error { return c.finishOne(ctx, g, p.channel, o) })
	}
	return writing.Wait()
}

// finishOne writes the end of a leg on the condition that no other process has written the record.
// If one has, or the write met another delivery's transaction, it reads the record again: an end
// that is not recorded has the message sent again. A record that was erased meanwhile stays so.
func (c *Consumer) finishOne(ctx context.Context, g *grip, ch notify.Channel, o outcome) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, now := g.is.Legs[string(ch)], c.Now().UTC()
	g.is.put(ch, l.finish(l.Attempts, o, now), now)
	if !g.version.IsZero() {
		written, err := g.ref.Update(ctx, g.is.updates(), firestore.LastUpdateTime(g.version))
		if err == nil {
			g.version = written.UpdateTime
			return nil
		}
		if !store.Overtaken(err) && status.Code(err) != codes.Aborted {
			return err
		}
	}
	g.version = time.Time{} // a commit that changes nothing does not make its time the document's
	_, err := c.inTurn(ctx, account.UID(g.ref.Parent.Parent.ID), func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(g.ref)
		if g.is, err = store.Decode[record](snap, err, "delivery", nil); err != nil || !snap.Exists() {
			return err
		}
		g.is.put(ch, g.is.Legs[string(ch)].finish(l.Attempts, o, now), now)
		return tx.Set(g.ref, g.is)
	})
	return err
}
