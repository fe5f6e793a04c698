package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
)

// Reasons why what was put off is not sent any more.
const (
	byConsent    = "consent"
	byDeletion   = "deleted"
	byReading    = "read"
	bySuccession = "superseded"
	byContent    = "unreadable"
	byBan        = "banned"
)

const (
	// duePage is the number of events of a user that are delivered at a time. One digest has no more.
	duePage = 100
	// dueSingles is the number for a user without digests. Their messages, of both channels,
	// must be sent within the lease of the claim, and so all at a time.
	dueSingles = 8
	// dueRounds bounds the pages of one delivery. The next sweep has the rest delivered.
	dueRounds = 5
)

// deliverDue sends what was put off for a user and is due. It returns nil also if a provider fails:
// the records say when to try again, and the sweep does it.
func (c *Consumer) deliverDue(ctx context.Context, _ event.Event, due event.DeliveryDueV1) error {
	uid := account.UID(due.UID)
	for range dueRounds {
		parcels, more, err := c.claimDue(ctx, uid)
		if err != nil {
			return fmt.Errorf("claim what is due: %w", err)
		}
		err = c.dispatch(ctx, parcels)
		if errors.Is(err, errUnrecorded) {
			return err
		}
		if err != nil {
			slog.WarnContext(ctx, "what was put off could not be sent", "error", err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// claimDue decides about each leg that is due of the user's first page of records, and returns the
// messages to send. more reports whether there may be another page.
func (c *Consumer) claimDue(ctx context.Context, uid account.UID) (parcels []parcel, more bool, err error) {
	page := notify.Deliveries(account.Ref(c.Firestore, uid)).Where("dueAt", "<=", c.Now().UTC()).
		OrderBy("dueAt", firestore.Asc).Limit(duePage).Select()
	found, err := page.Documents(ctx).GetAll()
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	var b *batch
	committed, err := c.inTurn(ctx, uid, func(ctx context.Context, tx *firestore.Transaction) error {
		b = &batch{c: c, now: c.Now().UTC(), waiting: map[notify.Channel][]due{}}
		return b.claim(ctx, tx, uid, found)
	})
	if err != nil {
		return nil, false, err
	}
	for _, g := range b.grips {
		g.version = committed
	}
	return b.parcels, len(b.grips) > 0 && len(b.grips) < len(found) || len(b.grips) == duePage, nil
}

// due is a message of which a leg is due.
type due struct {
	msg notify.Message
	g   *grip
}

// batch is what is due of one user.
type batch struct {
	c    *Consumer
	now  time.Time
	user account.User
	pace *pace

	grips []*grip
	// broken are records of another shape. They are due no more, so that they do not hold up the rest.
	broken  []*firestore.DocumentRef
	waiting map[notify.Channel][]due
	parcels []parcel
}

// claim decides in the transaction about all that is due. The records of an account that is being
// erased are left to its erasure: nothing is written for it any more. Those of a banned user end,
// as the sweep would find them every minute otherwise.
func (b *batch) claim(
	ctx context.Context, tx *firestore.Transaction, uid account.UID, found []*firestore.DocumentSnapshot,
) (err error) {
	b.user, err = account.EnterStored(tx, b.c.Firestore, uid)
	if err != nil {
		return fault.Ignore(err, account.ErrClosed)
	}
	if b.pace, err = b.c.readPace(ctx, uid); err != nil {
		return err
	}
	if err := b.read(tx, uid, found); err != nil {
		return err
	}
	for _, ch := range notify.Channels {
		b.pack(ch)
	}
	for _, g := range b.grips {
		if err := tx.Set(g.ref, g.is); err != nil {
			return err
		}
	}
	for _, ref := range b.broken {
		if err := tx.Update(ref, []firestore.Update{{Path: "dueAt", Value: firestore.Delete}}); err != nil {
			return err
		}
	}
	return b.pace.write(tx, b.now)
}

// read reads the records and their inbox items, and finds the legs that may be sent.
func (b *batch) read(tx *firestore.Transaction, uid account.UID, found []*firestore.DocumentSnapshot) error {
	refs := make([]*firestore.DocumentRef, 0, 2*len(found))
	for _, snap := range found {
		refs = append(refs, snap.Ref, b.c.itemRef(uid, snap.Ref.ID))
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return fmt.Errorf("read what is due: %w", err)
	}
	for i := 0; i < len(snaps); i += 2 {
		g := &grip{ref: snaps[i].Ref}
		if g.is, err = store.Decode[record](snaps[i], nil, "delivery", nil); err != nil {
			slog.Error("a delivery cannot be read, and is not sent", "event_id", g.ref.ID, "error", err)
			b.broken = append(b.broken, g.ref)
			continue
		}
		if g.is.DueAt.IsZero() || g.is.DueAt.After(b.now) {
			continue // another process was faster, or it is gone
		}
		if len(b.grips) == dueSingles && !notify.Digests(b.user) {
			break
		}
		b.grips = append(b.grips, g)
		if err := b.weigh(tx, g, snaps[i+1]); err != nil {
			return err
		}
	}
	slices.SortStableFunc(b.grips, func(x, y *grip) int { return x.is.CreatedAt.Compare(y.is.CreatedAt) })
	for _, ch := range notify.Channels {
		slices.SortStableFunc(b.waiting[ch], func(x, y due) int { return x.g.is.CreatedAt.Compare(y.g.is.CreatedAt) })
	}
	return nil
}

// weigh decides which legs of the record that are due may be sent.
func (b *batch) weigh(tx *firestore.Transaction, g *grip, item *firestore.DocumentSnapshot) error {
	msg, reason, err := b.still(tx, g, item)
	if err != nil {
		return err
	}
	for _, ch := range notify.Channels {
		l, ok := g.is.Legs[string(ch)]
		if !ok || !l.due(b.now) {
			continue
		}
		if reason != "" {
			g.is.put(ch, l.end(reason), b.now)
			continue
		}
		p := b.pace.is
		p.Scored = nil // it has waited already, and what comes next must not have it wait for ever
		if l.Attempts > 0 {
			p = notify.Pace{}
		}
		if v := msg.Rule.Verdict(b.user, ch, p, b.now); v != (notify.Verdict{}) {
			g.is.put(ch, l.decide(v, "", b.now), b.now)
			continue
		}
		b.waiting[ch] = append(b.waiting[ch], due{msg, g})
	}
	return nil
}

// still returns the message of the record, and why it is not to be sent any more, if so.
func (b *batch) still(
	tx *firestore.Transaction, g *grip, item *firestore.DocumentSnapshot,
) (msg notify.Message, reason string, err error) {
	if !b.user.State.InUse() {
		return msg, byBan, nil
	}
	e, err := event.Decode(g.is.Event)
	if err == nil {
		msg, err = notify.NewMessage(e)
	}
	if err != nil {
		slog.Error("what was put off cannot be read", "event_id", g.is.EventID, "error", err)
		return msg, byContent, nil
	}
	told, err := store.Decode[notify.Item](item, nil, "inbox item", nil)
	switch {
	case msg.Rule.Critical: // a thief of the sign-in must not stop it by the inbox
	case err != nil: // which must not hold up the user's others
		slog.Error("the inbox item of what was put off cannot be read", "event_id", g.is.EventID, "error", err)
		return msg, byContent, nil
	case !msg.Admitted(b.user):
		return msg, byConsent, nil
	case !item.Exists():
		return msg, byDeletion, nil
	case told.Read:
		return msg, byReading, nil
	}
	subject, err := tx.GetAll(msg.Subject(b.c.Firestore))
	if err != nil {
		return msg, "", fmt.Errorf("read the message's subject: %w", err)
	}
	there, err := msg.SubjectThere(subject)
	if err == nil && !there {
		reason = byDeletion
	}
	return msg, reason, err
}

// pack claims the legs of the channel and packs them in parcels. What an attempt sent together
// stays together, and what one sent singly stays single: its repetition must replace it on the
// devices, and leaves out those that have it, which do not have the rest. The rest is one digest if
// the user wants that. Critical messages are sent singly, as their mails have no link to
// unsubscribe.
func (b *batch) pack(ch notify.Channel) {
	var order []string
	together := map[string][]due{}
	for _, d := range b.latest(ch) {
		l := d.g.is.Legs[string(ch)]
		id := l.Batch
		if id == "" && (l.Attempts > 0 || d.msg.Rule.Critical || !notify.Digests(b.user)) {
			id = d.msg.ID
		}
		if together[id] == nil {
			order = append(order, id)
		}
		together[id] = append(together[id], d)
	}
	for _, id := range order {
		b.parcels = append(b.parcels, b.parcel(ch, id, together[id]))
	}
}

// latest returns what waits for the channel. Of the notices of which there is one a day it has the
// latest alone.
func (b *batch) latest(ch notify.Channel) []due {
	all := b.waiting[ch]
	return slices.DeleteFunc(slices.Clone(all), func(d due) bool {
		if !d.msg.Rule.Daily || d.g.is.Legs[string(ch)].Batch != "" {
			return false
		}
		last := slices.MaxFunc(all, func(x, y due) int {
			return cmp.Or(compareBool(x.msg.Rule.Kind == d.msg.Rule.Kind, y.msg.Rule.Kind == d.msg.Rule.Kind),
				x.g.is.CreatedAt.Compare(y.g.is.CreatedAt), cmp.Compare(x.msg.ID, y.msg.ID))
		})
		if last.msg.ID == d.msg.ID {
			return false
		}
		d.g.is.put(ch, d.g.is.Legs[string(ch)].end(bySuccession), b.now)
		return true
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// parcel claims the legs and returns their one message. id is that of an earlier attempt, or "".
func (b *batch) parcel(ch notify.Channel, id string, of []due) parcel {
	p := parcel{id: id, channel: ch, user: b.user}
	if id == "" {
		p.id = batchID(ch, of)
	}
	for _, d := range of {
		l := d.g.is.Legs[string(ch)].decide(notify.Verdict{}, p.id, b.now)
		d.g.is.put(ch, l, b.now)
		if l.Attempts == 1 {
			b.pace.sent(d.msg.Rule, b.user, ch, b.now)
		}
		p.of, p.grips = append(p.of, d.msg), append(p.grips, d.g)
	}
	return p
}

// batchID returns the id of the message of several events, or that of the only one.
func batchID(ch notify.Channel, of []due) string {
	if len(of) == 1 {
		return of[0].msg.ID
	}
	parts := []string{"digest", string(ch)}
	for _, d := range of {
		parts = append(parts, d.msg.ID)
	}
	return event.ID(parts...)
}
