package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/telemetry"
)

const (
	// parallel is the number of messages that one delivery sends at a time.
	parallel = 16
	// sendTimeout bounds the sending by one channel, and finishTimeout the record of it. Together they
	// are far below work.LeaseTime, so that a live sender never loses its claim.
	sendTimeout   = 20 * time.Second
	finishTimeout = 10 * time.Second
)

// Consumer sends messages. It is safe for concurrent use.
type Consumer struct {
	// Firestore holds the inboxes and deliveries.
	Firestore *firestore.Client
	// FCM sends the pushes and Mailer the mails.
	FCM    *fcm.Sender
	Mailer *mail.Sender
	// Unsubscriber makes the links that turn mails off.
	Unsubscriber *notify.Unsubscriber
	// Users are the Firebase users, whose addresses the mails go to.
	Users *auth.Client
	// Now is the clock.
	Now func() time.Time
}

// Mux returns the consumer's handlers by type of event. The deletion of a scan or series deletes
// the messages about it.
func (c *Consumer) Mux() *event.Mux {
	m := new(event.Mux)
	event.On(m, send[event.AccountRegisteredV1](c))
	event.On(m, send[event.ScanCompletedV1](c))
	event.On(m, send[event.ScanFailedV1](c))
	event.On(m, send[event.PersonalBestReachedV1](c))
	event.On(m, send[event.RankChangedV1](c))
	event.On(m, send[event.ExportReadyV1](c))
	event.On(m, send[event.DeviceAddedV1](c))
	event.On(m, send[event.PasswordChangedV1](c))
	event.On(m, c.deliverDue)
	event.On(m, c.sendSettled)
	event.On(m, c.forgetScan)
	event.On(m, c.forgetSeries)
	return m
}

// Handle returns nil when every channel is done with the event or has deferred it, or it was
// dropped at the fence. It returns [event.ErrMalformed] for an unreadable event, and for one whose
// push no device gets. Any other error requests redelivery: a channel failed, or another process is
// sending.
func (c *Consumer) Handle(ctx context.Context, m event.Message) error { return c.Mux().Handle(ctx, m) }

func send[P event.Payload](c *Consumer) func(context.Context, event.Event, P) error {
	return func(ctx context.Context, e event.Event, _ P) error { return c.send(ctx, e) }
}

// sendSettled sends the first result of a series. For a later result it only deletes the earlier
// message, which is not true any more.
func (c *Consumer) sendSettled(ctx context.Context, e event.Event, settled event.SeriesSettledV1) error {
	if settled.Revision == 1 {
		return c.send(ctx, e)
	}
	return notify.ForgetSeries(ctx, c.Firestore, account.UID(settled.UID), settled.SeriesID)
}

func (c *Consumer) forgetScan(ctx context.Context, _ event.Event, deleted event.ScanDeletedV1) error {
	return notify.Forget(ctx, c.Firestore, account.UID(deleted.UID), deleted.ScanID)
}

func (c *Consumer) forgetSeries(ctx context.Context, _ event.Event, deleted event.SeriesDeletedV1) error {
	return notify.ForgetSeries(ctx, c.Firestore, account.UID(deleted.UID), deleted.SeriesID)
}

// errUnrecorded means that a message was sent, or could not be, and that this was not recorded.
var errUnrecorded = errors.New("what was sent is not recorded")

// send sends the event's message by every channel that is not done with it.
func (c *Consumer) send(ctx context.Context, e event.Event) error {
	msg, err := notify.NewMessage(e)
	if err != nil {
		return err
	}
	claimCtx, end := telemetry.Span(ctx, "notify.claim")
	parcels, busy, err := c.claim(claimCtx, e, msg)
	end(err)
	if err != nil {
		return fmt.Errorf("claim the channels of event %s: %w", msg.ID, err)
	}
	err = c.dispatch(ctx, parcels)
	if busy {
		err = errors.Join(err, fault.New(fault.CodeUnavailable, "The event is being delivered, or must wait."))
	}
	return err
}

// dispatch sends the parcels and records the outcomes. Its error joins those of the parcels that
// should be attempted again by the event's own delivery.
func (c *Consumer) dispatch(ctx context.Context, parcels []parcel) error {
	faults := make([]error, len(parcels))
	var sending errgroup.Group
	sending.SetLimit(parallel)
	for i, p := range parcels {
		sending.Go(func() error {
			faults[i] = c.deliver(ctx, p)
			return nil
		})
	}
	_ = sending.Wait()
	return errors.Join(faults...)
}

// deliver sends one parcel and records the outcome.
func (c *Consumer) deliver(ctx context.Context, p parcel) (err error) {
	ctx, end := telemetry.Span(ctx, "notify."+string(p.channel))
	var o outcome
	defer func() { end(errors.Join(o.err, err)) }()
	sendCtx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	switch p.channel {
	case notify.Push:
		o = c.push(sendCtx, p)
	case notify.Email:
		o = c.email(sendCtx, p)
	}
	report(ctx, p, o)
	// The outcome is recorded even if the deliverer has hung up meanwhile.
	finishCtx, cancelFinish := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancelFinish()
	if err := c.finish(finishCtx, p, o); err != nil {
		return fmt.Errorf("%w: the %s of event %s: %w", errUnrecorded, p.channel, p.id, errors.Join(err, o.err))
	}
	return c.settled(finishCtx, p, o)
}

// settled follows an outcome that is recorded, and returns the error of one that the event's own
// delivery should repeat. What was put off and is given up is parked, since no event leads to it
// any more.
func (c *Consumer) settled(ctx context.Context, p parcel, o outcome) error {
	if o.skipped != "" {
		return c.takeBack(ctx, p)
	}
	l := p.grips[0].leg(p.channel)
	if o.err == nil || l.State == deferred {
		return nil // of what is deferred, the sweep has the rest done
	}
	failure := fmt.Errorf("send the %s of event %s: %w", p.channel, p.id, o.err)
	if l.Batch == "" || l.State != failed {
		return failure
	}
	for _, g := range p.grips {
		if err := c.park(ctx, g, failure); err != nil {
			return fmt.Errorf("%w: %w", errUnrecorded, err)
		}
	}
	return failure
}

// park keeps the event of a record for an operator, whose redrive delivers it on.
func (c *Consumer) park(ctx context.Context, g *grip, reason error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.is.message()
	if err != nil {
		return nil // it is done with meanwhile
	}
	slog.ErrorContext(ctx, "event parked", "event_id", m.ID, "error", reason)
	return parked.Keep(ctx, c.Firestore, "notify", m, reason, c.Now())
}
