package pusher

import (
	"context"
	"log/slog"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// settleTimeout bounds the request that settles a message.
const settleTimeout = 10 * time.Second

// Look has the subscription looked into at once, as a message has just been published. The emulator
// looks for those of a stream every 50 ms only. Without a call of Look the same messages come,
// later.
func (p *Pusher) Look(name string) {
	for _, s := range p.subscriptions {
		if s.name != name {
			continue
		}
		select {
		case s.looks <- struct{}{}:
		default: // there is a look to come
		}
	}
}

// look delivers a message at each look, as long as there is a place at once: with none free, the
// stream brings the message early enough.
func (s *subscription) look(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.looks:
		}
		if !s.places.TryAcquire(1) {
			continue
		}
		m, l := s.pull(ctx)
		if m == nil {
			s.places.Release(1)
			continue
		}
		d, known := s.hold(m, l)
		if known {
			s.places.Release(1)
			continue
		}
		s.working.Go(func() {
			if !s.attempt(ctx, d) {
				s.handOver(d)
			}
		})
	}
}

// pull returns a message that is there now, nil if there is none.
func (s *subscription) pull(ctx context.Context) (*pubsub.Message, lease) {
	got, err := s.client.SubscriptionAdminClient.Pull(ctx, &pubsubpb.PullRequest{
		Subscription: s.name, MaxMessages: 1,
		ReturnImmediately: true, //nolint:staticcheck // to look is what it is for
	})
	if err != nil || len(got.GetReceivedMessages()) == 0 {
		return nil, nil // the stream is left, which also reports that Pub/Sub is away
	}
	received := got.GetReceivedMessages()[0]
	m := received.GetMessage()
	return &pubsub.Message{
		ID: m.GetMessageId(), Data: m.GetData(), Attributes: m.GetAttributes(),
		PublishTime: m.GetPublishTime().AsTime(), OrderingKey: m.GetOrderingKey(),
	}, &pulled{s, received.GetAckId()}
}

// pulled is the lease of a message that came by no stream. It lasts for the subscription's ack
// deadline, which is longer than an attempt, and is not prolonged.
type pulled struct {
	of *subscription
	id string
}

// Ack has Pub/Sub forget the message.
func (l *pulled) Ack() {
	l.settle("acknowledge", func(ctx context.Context) error {
		return l.of.client.SubscriptionAdminClient.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{
			Subscription: l.of.name, AckIds: []string{l.id},
		})
	})
}

// Nack has Pub/Sub deliver the message again.
func (l *pulled) Nack() {
	l.settle("give back", func(ctx context.Context) error {
		return l.of.client.SubscriptionAdminClient.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{
			Subscription: l.of.name, AckIds: []string{l.id}, AckDeadlineSeconds: 0,
		})
	})
}

func (l *pulled) settle(what string, by func(context.Context) error) {
	l.of.working.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
		defer cancel()
		if err := by(ctx); err != nil {
			slog.Warn("message not settled", "subscription", l.of.name, "settle", what, "error", err)
		}
	})
}

// handOver gives a message whose first attempt has failed to the stream, which keeps its lease as
// long as it takes. Its attempts are kept until it comes from there.
func (s *subscription) handOver(d *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, d.message.ID)
	s.failed[d.message.ID] = d.attempts
	for _, l := range d.leases {
		l.Nack()
	}
}
