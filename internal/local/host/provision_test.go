package host

import (
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/local/emulator"
)

// TestMakeSubscription: a second host on the same emulators must not take away what the first one
// receives from.
func TestMakeSubscription(t *testing.T) {
	t.Parallel()
	stack, err := emulator.Start(t.Context(), emulator.Options{Progress: t.Output()}, emulator.PubSub)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Close() })
	client, err := pubsub.NewClientWithConfig(
		t.Context(), Project, nil, option.WithEndpoint(stack.Environ()["PUBSUB_EMULATOR_HOST"]),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	h := &Host{pubsub: client}
	for name, tt := range map[string]struct {
		before func(*pubsubpb.Subscription) // nil for none
		kept   bool
	}{
		"none":     {nil, false},
		"the same": {func(*pubsubpb.Subscription) {}, true},
		"one of push": {func(s *pubsubpb.Subscription) {
			s.PushConfig = &pubsubpb.PushConfig{PushEndpoint: "http://127.0.0.1:1"}
		}, false},
		"one of less patience": {func(s *pubsubpb.Subscription) { s.AckDeadlineSeconds = 10 }, false},
		"one that backs off": {func(s *pubsubpb.Subscription) {
			s.RetryPolicy = &pubsubpb.RetryPolicy{MinimumBackoff: durationpb.New(time.Second)}
		}, false},
		"one that buries": {func(s *pubsubpb.Subscription) {
			s.DeadLetterPolicy = &pubsubpb.DeadLetterPolicy{DeadLetterTopic: s.GetTopic(), MaxDeliveryAttempts: 5}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			topic := "topic-" + time.Now().Format("150405.000000000")
			if err := h.makeTopic(t.Context(), topic); err != nil {
				t.Fatal(err)
			}
			wanted := &pubsubpb.Subscription{Name: h.subscription(topic), Topic: h.topic(topic), AckDeadlineSeconds: 120}
			if tt.before != nil {
				before := &pubsubpb.Subscription{Name: wanted.GetName(), Topic: wanted.GetTopic(), AckDeadlineSeconds: 120}
				tt.before(before)
				if _, err := client.SubscriptionAdminClient.CreateSubscription(t.Context(), before); err != nil {
					t.Fatal(err)
				}
			}
			publisher := client.Publisher(topic)
			defer publisher.Stop()
			if _, err := publisher.Publish(t.Context(), &pubsub.Message{Data: []byte("before")}).Get(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := h.makeSubscription(t.Context(), wanted); err != nil {
				t.Fatal(err)
			}
			found, err := client.SubscriptionAdminClient.GetSubscription(
				t.Context(), &pubsubpb.GetSubscriptionRequest{Subscription: wanted.GetName()},
			)
			if err != nil || !alike(wanted, found) {
				t.Errorf("made %v, %v", found, err)
			}
			got, err := client.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{
				Subscription: wanted.GetName(), MaxMessages: 10,
				ReturnImmediately: true, //nolint:staticcheck // nothing is to be waited for
			})
			if kept := len(got.GetReceivedMessages()) == 1; err != nil || kept != tt.kept {
				t.Errorf("what was published before is kept: %v, want %v: %v", kept, tt.kept, err)
			}
		})
	}
}

// TestAtOnce: no limit is below production's.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	for _, f := range catalog.Functions() {
		if f.Trigger == catalog.HTTP {
			continue
		}
		got := atOnce(f)
		if f.Name == "analyze" && got < 2 || f.Name != "analyze" && got != f.Concurrency {
			t.Errorf("%s: %d at once", f.Name, got)
		}
	}
}
