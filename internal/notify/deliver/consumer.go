package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"
	"firebase.google.com/go/v4/messaging"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
)

const (
	// sendTimeout bounds one channel's sending, finishTimeout the record of it; together they stay far below
	// catalog.Lease, so that a live sender never loses its claim.
	sendTimeout   = 20 * time.Second
	finishTimeout = 10 * time.Second
	// maxAttempts of a transaction: the client's default of 5 gives up too soon where deliveries race.
	maxAttempts = 20
)

// Consumer sends messages. It is safe for concurrent use.
type Consumer struct {
	// Firestore holds the inboxes and deliveries.
	Firestore *firestore.Client
	// FCM sends the pushes, Mailer the mails.
	FCM    *messaging.Client
	Mailer *mail.Sender
	// Users are Firebase's, whose addresses mails go to.
	Users *auth.Client
	// Now is the clock.
	Now func() time.Time
}

// Handle takes account.registered.v1, scan.completed.v1, scan.failed.v1, series.settled.v1 and
// personal-best.reached.v1, and scan.deleted.v1 and series.deleted.v1, on which it forgets what it
// said of the scan or series. It is nil when every channel is done with the event, or it was dropped at
// the fence; [event.ErrMalformed] for one that cannot be read; any other error asks for redelivery: a channel failed, or
// another process is at it.
func (c *Consumer) Handle(ctx context.Context, m event.Message) error {
	e, err := event.Decode(m.Data)
	if err != nil {
		return err
	}
	if e.Type == (event.ScanDeletedV1{}).EventType() {
		return c.forgetScan(ctx, e)
	}
	if e.Type == (event.SeriesDeletedV1{}).EventType() {
		return c.forgetSeries(ctx, e)
	}
	if e.Type == (event.SeriesSettledV1{}).EventType() {
		if revised, err := c.revised(ctx, e); err != nil || revised {
			return err
		}
	}
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

// deliver sends by one claimed channel and records how that went.
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
	// What was sent is recorded even if the deliverer has hung up meanwhile.
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
