package scan

import (
	"context"
	"net/http"
	"os"
	"testing"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// The whole way of one photo, over the wires that are there in production: ticket, signed PUT, the storage's own
// notification by Pub/Sub, analysis, long poll.
func TestPhotoTravels(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	pull := e.subscribe(t)
	reader := e.service(e.fs)

	opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
	answer := poll(t.Context(), scansAPI(reader), string(opened.Scan.ID)+"?wait=25&since=3")
	eventually(t, "somebody waits", func() bool { return reader.Watcher.waiting(opened.Scan.ID) == 1 })
	if got := putPhoto(t, opened.Upload, string(emulatortest.SamplePhoto(t)), nil); got.status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	if err := e.analyzer(face.Scan).Handle(t.Context(), pull(t)); err != nil {
		t.Fatal(err)
	}
	w := receive(t, answer, "the answer")
	wantView(t, w, Completed, 4)
	got := decoded[struct {
		Result struct {
			Version   string
			Score     report.Score
			Landmarks any
		}
	}](t, w).Result
	if got.Version != report.Version || got.Score.Value <= 0 || got.Landmarks != nil {
		t.Errorf("result %+v", got)
	}
	completed := published[event.ScanCompletedV1](t, e.bus)
	if len(completed) != 1 {
		t.Fatalf("%d events, want 1", len(completed))
	}
	if diff := cmp.Diff(got.Score.Value, completed[0].Score); diff != "" {
		t.Errorf("the event's score (-answer +event):\n%s", diff)
	}
}

// subscribe has the uploads bucket's notifications published to a topic; the function it returns waits for the next.
func (e *env) subscribe(t *testing.T) func(*testing.T) event.Message {
	t.Helper()
	opts := []option.ClientOption{
		option.WithEndpoint(os.Getenv("PUBSUB_EMULATOR_HOST")), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
	topics, err := pubsub.NewTopicAdminClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = topics.Close() })
	subscriptions, err := pubsub.NewSubscriptionAdminClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = subscriptions.Close() })
	topic := "projects/" + e.project + "/topics/" + event.TopicUploadFinalized
	subscription := "projects/" + e.project + "/subscriptions/test"
	if _, err := topics.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topic}); err != nil {
		t.Fatal(err)
	}
	_, err = subscriptions.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: subscription, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.storage.CreateBucket(uploadsBucket, emulator.Notification{Topic: topic}); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) event.Message {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for {
			got, err := subscriptions.Pull(ctx, &pubsubpb.PullRequest{Subscription: subscription, MaxMessages: 1})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.ReceivedMessages) > 0 {
				m := got.ReceivedMessages[0].Message
				return event.Message{
					ID: m.MessageId, PublishedAt: m.PublishTime.AsTime(), Attributes: m.Attributes, Data: m.Data,
				}
			}
		}
	}
}
