package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/crossorigin"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/pusher"
)

// DeadLetterSubscription keeps what no attempt could deliver, under Terraform's name.
const DeadLetterSubscription = catalog.DeadLetterTopic

// provision makes the topics, the subscriptions and the buckets of the catalog, as Terraform does
// in the cloud. The subscriptions are to be pulled, by startPusher.
func (h *Host) provision(ctx context.Context) error {
	var err error
	h.pubsub, err = pubsub.NewClient(ctx, Project)
	if err != nil {
		return fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	if err := h.each(ctx, catalog.Topics(), h.makeTopic); err != nil {
		return err
	}
	subscriptions := []*pubsubpb.Subscription{{
		Name: h.subscription(DeadLetterSubscription), Topic: h.topic(catalog.DeadLetterTopic), AckDeadlineSeconds: 10,
	}}
	for _, s := range catalog.Subscriptions() {
		subscriptions = append(subscriptions, &pubsubpb.Subscription{
			Name: h.subscription(s.Name), Topic: h.topic(s.Topic),
			AckDeadlineSeconds: int32(s.Function.AckDeadline.Seconds()),
		})
	}
	for _, s := range subscriptions {
		if err := h.makeSubscription(ctx, s); err != nil {
			return err
		}
	}
	return h.makeBuckets()
}

// startPusher delivers the events to the functions. What the emulator does not do, package pusher
// does by the catalog: the limit of requests, the back-off and the dead letters.
func (h *Host) startPusher(ctx context.Context, minBackoff time.Duration) error {
	var functions []pusher.Function
	for _, f := range catalog.Functions() {
		if f.Trigger == catalog.HTTP {
			continue
		}
		to := pusher.Function{
			URL: h.EventURL(f.Name), AtOnce: atOnce(f), Timeout: min(f.Timeout, f.AckDeadline),
			MinBackoff: cmp.Or(minBackoff, catalog.MinBackoff), MaxBackoff: catalog.MaxBackoff, MaxAttempts: f.MaxAttempts,
		}
		for _, s := range catalog.Subscriptions() {
			if s.Function.Name == f.Name {
				to.Subscriptions = append(to.Subscriptions, h.subscription(s.Name))
			}
		}
		functions = append(functions, to)
	}
	p, err := pusher.Start(ctx, Project, h.topic(catalog.DeadLetterTopic), functions...)
	if err != nil {
		return err
	}
	h.pusher.Store(p)
	return nil
}

// published has an event of the topic delivered without the delay of the emulator's streams. What
// other processes publish is delivered with it.
func (h *Host) published(topic string) {
	p := h.pusher.Load()
	if p == nil {
		return // what is published during the start
	}
	for _, s := range catalog.Subscriptions() {
		if s.Topic == topic {
			p.Look(h.subscription(s.Name))
		}
	}
}

// atOnce returns how many events of the function are delivered at a time, which is what its
// instances would serve. Production starts as many instances as there are events. Here analyze has
// two for each processor, of which one waits for Firestore or the storage while the other computes
// (boot.Process.Processors); each other function has one.
func atOnce(f catalog.Function) int {
	instances := 1
	if f.Name == "analyze" {
		instances = 2 * runtime.GOMAXPROCS(0)
	}
	return instances * f.Concurrency
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

// makeSubscription leaves one alone that is there already: another host may be receiving from it,
// and it holds what was published before. One of other settings, such as a version before this one
// made, is replaced.
func (h *Host) makeSubscription(ctx context.Context, s *pubsubpb.Subscription) error {
	admin := h.pubsub.SubscriptionAdminClient
	_, err := admin.CreateSubscription(ctx, s)
	if status.Code(err) == codes.AlreadyExists {
		var found *pubsubpb.Subscription
		found, err = admin.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: s.GetName()})
		if err == nil && !alike(s, found) {
			err = admin.DeleteSubscription(ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: s.GetName()})
			if err == nil {
				_, err = admin.CreateSubscription(ctx, s)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("make subscription %s: %w", s.GetName(), err)
	}
	return nil
}

// alike reports whether the subscription found delivers as the wanted one.
func alike(wanted, found *pubsubpb.Subscription) bool {
	return found.GetTopic() == wanted.GetTopic() && found.GetAckDeadlineSeconds() == wanted.GetAckDeadlineSeconds() &&
		found.GetPushConfig().GetPushEndpoint() == "" && found.GetRetryPolicy() == nil && found.GetDeadLetterPolicy() == nil
}

func (h *Host) makeBuckets() error {
	finalized := emulator.Notification{Topic: h.topic(event.TopicUploadFinalized), Prefix: "uploads/"}
	if err := h.Storage.CreateBucket(UploadsBucket, finalized); err != nil {
		return err
	}
	h.Storage.Admit(UploadsBucket, h.origins, crossorigin.Uploads())
	h.Storage.Admit(ResultsBucket, h.origins, crossorigin.Results())
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
	h.published(event.Topic(e.Type))
	return nil
}
