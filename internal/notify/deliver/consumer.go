package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
)

const (
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
	event.On(m, c.sendSettled)
	event.On(m, c.forgetScan)
	event.On(m, c.forgetSeries)
	return m
}

// Handle returns nil when every channel is done with the event, or it was dropped at the fence, and
// [event.ErrMalformed] for an unreadable event. Any other error requests redelivery: a channel
// failed, or another process is sending.
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

// send sends the event's message by every channel that is not done with it.
func (c *Consumer) send(ctx context.Context, e event.Event) error {
	msg, err := notify.NewMessage(e)
	if err != nil {
		return err
	}
	claims, busy, err := c.claim(ctx, msg)
	if err != nil {
		return fmt.Errorf("claim the channels of event %s: %w", msg.ID, err)
	}
	faults := make([]error, len(claims), len(claims)+1)
	var sending sync.WaitGroup
	for i, mine := range claims {
		sending.Go(func() { faults[i] = c.deliver(ctx, msg, mine) })
	}
	sending.Wait()
	if busy {
		faults = append(faults, fault.New(fault.CodeUnavailable, "The event is being delivered by another process."))
	}
	return errors.Join(faults...)
}

// deliver sends by one claimed channel and records the outcome.
func (c *Consumer) deliver(ctx context.Context, msg notify.Message, mine claim) error {
	sendCtx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var result outcome
	switch mine.channel {
	case notify.Push:
		result = c.push(sendCtx, msg, mine)
	case notify.Email:
		result = c.email(sendCtx, msg)
	}
	// The outcome is recorded even if the deliverer has hung up meanwhile.
	finishCtx, cancelFinish := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancelFinish()
	if err := c.finish(finishCtx, mine, result); err != nil {
		return fmt.Errorf("record the %s of event %s: %w", mine.channel, msg.ID, errors.Join(err, result.err))
	}
	if result.err != nil {
		return fmt.Errorf("send the %s of event %s: %w", mine.channel, msg.ID, result.err)
	}
	return nil
}
