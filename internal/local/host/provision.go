package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
)

// DeadLetterSubscription keeps what no attempt could deliver.
const DeadLetterSubscription = "dead-letter.keep"

// provision makes the topics, the push subscriptions and the buckets of the catalog, as Terraform
// does in the cloud.
func (h *Host) provision(ctx context.Context, minBackoff time.Duration) error {
	var err error
	h.pubsub, err = pubsub.NewClient(ctx, Project)
	if err != nil {
		return fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	if err := h.each(ctx, catalog.Topics(), h.makeTopic); err != nil {
		return err
	}
	if minBackoff == 0 {
		minBackoff = catalog.MinBackoff
	}
	subscriptions := []*pubsubpb.Subscription{{
		Name: h.subscription(DeadLetterSubscription), Topic: h.topic(catalog.DeadLetterTopic),
	}}
	for _, s := range catalog.Subscriptions() {
		subscriptions = append(subscriptions, h.push(s, minBackoff))
	}
	for _, s := range subscriptions {
		if err := h.makeSubscription(ctx, s); err != nil {
			return err
		}
	}
	return h.makeBuckets()
}

func (h *Host) topic(name string) string { return "projects/" + Project + "/topics/" + name }
func (h *Host) subscription(name string) string {
	return "projects/" + Project + "/subscriptions/" + name
}

func (h *Host) each(ctx context.Context, names []string, do func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range names {
		group.Go(func() error { return do(ctx, name) })
	}
	return group.Wait()
}

func (h *Host) makeTopic(ctx context.Context, name string) error {
	_, err := h.pubsub.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: h.topic(name)})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("make topic %s: %w", name, err)
	}
	return nil
}

func (h *Host) push(s catalog.Subscription, minBackoff time.Duration) *pubsubpb.Subscription {
	return &pubsubpb.Subscription{
		Name: h.subscription(s.Name), Topic: h.topic(s.Topic),
		PushConfig:         &pubsubpb.PushConfig{PushEndpoint: h.EventURL(s.Function.Name)},
		AckDeadlineSeconds: int32(s.Function.AckDeadline.Seconds()),
		RetryPolicy: &pubsubpb.RetryPolicy{
			MinimumBackoff: durationpb.New(minBackoff), MaximumBackoff: durationpb.New(catalog.MaxBackoff),
		},
		DeadLetterPolicy: &pubsubpb.DeadLetterPolicy{
			DeadLetterTopic: h.topic(catalog.DeadLetterTopic), MaxDeliveryAttempts: int32(s.Function.MaxAttempts),
		},
	}
}

// makeSubscription replaces one of an earlier run, whose port is another.
func (h *Host) makeSubscription(ctx context.Context, s *pubsubpb.Subscription) error {
	admin := h.pubsub.SubscriptionAdminClient
	_, err := admin.CreateSubscription(ctx, s)
	if status.Code(err) == codes.AlreadyExists {
		err = admin.DeleteSubscription(ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: s.GetName()})
		if err == nil {
			_, err = admin.CreateSubscription(ctx, s)
		}
	}
	if err != nil {
		return fmt.Errorf("make subscription %s: %w", s.GetName(), err)
	}
	return nil
}

func (h *Host) makeBuckets() error {
	finalized := emulator.Notification{Topic: h.topic(event.TopicUploadFinalized), Prefix: "uploads/"}
	if err := h.Storage.CreateBucket(UploadsBucket, finalized); err != nil {
		return err
	}
	return errors.Join(h.Storage.CreateBucket(ResultsBucket), h.Storage.CreateBucket(TombstonesBucket))
}

// schedule requests a sweep once a period, as Cloud Scheduler does, until ctx ends.
func (h *Host) schedule(ctx context.Context, period time.Duration) {
	h.working.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = h.RequestSweep(ctx) // the next tick asks again
			}
		}
	})
}

// RequestSweep asks for a sweep now.
func (h *Host) RequestSweep(ctx context.Context) error {
	e, err := event.New("sweep", h.Now(), "", event.SweepRequestedV1{})
	if err != nil {
		return err
	}
	data, err := event.Encode(e)
	if err != nil {
		return err
	}
	publisher := h.pubsub.Publisher(event.Topic(e.Type))
	defer publisher.Stop()
	if _, err := publisher.Publish(ctx, &pubsub.Message{Data: data}).Get(ctx); err != nil {
		return fmt.Errorf("request a sweep: %w", err)
	}
	return nil
}
