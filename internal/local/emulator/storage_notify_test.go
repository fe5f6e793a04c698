package emulator

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
)

// statusOf returns the HTTP status inside an error of the storage client, or 0.
func statusOf(err error) int {
	var refused *googleapi.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

// topicTest is a topic of a project of its own, with a subscription.
type topicTest struct {
	project  string
	name     string // projects/PROJECT/topics/TOPIC
	received chan *pubsub.Message
}

func newTopicTest(t *testing.T) *topicTest {
	t.Helper()
	project := "demo-" + strings.ToLower(rand.Text()[:12])
	client, err := pubsub.NewClient(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	topic := &topicTest{
		project: project, name: "projects/" + project + "/topics/finalized", received: make(chan *pubsub.Message, 10),
	}
	subscription := "projects/" + project + "/subscriptions/finalized"
	if _, err := client.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topic.name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.SubscriptionAdminClient.CreateSubscription(t.Context(),
		&pubsubpb.Subscription{Name: subscription, Topic: topic.name}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- client.Subscriber(subscription).Receive(ctx, func(_ context.Context, m *pubsub.Message) {
			m.Ack()
			topic.received <- m
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-stopped, client.Close()); err != nil {
			t.Error(err)
		}
	})
	return topic
}

// next returns the next message.
func (topic *topicTest) next(t *testing.T) *pubsub.Message {
	t.Helper()
	select {
	case m := <-topic.received:
		return m
	case <-time.After(time.Minute):
		t.Fatal("no message within a minute")
		return nil
	}
}

func TestFinalize_isPublished(t *testing.T) {
	s := newStorageTest(t)
	topic := newTopicTest(t)
	bucket := s.gcs.Bucket(testBucket)
	created, err := bucket.AddNotification(t.Context(), &storage.Notification{
		TopicProjectID: topic.project, TopicID: "finalized", PayloadFormat: storage.JSONPayload,
		EventTypes: []string{storage.ObjectFinalizeEvent}, ObjectNamePrefix: "uploads/",
		CustomAttributes: map[string]string{"stage": "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ignored := bucket.Object("elsewhere/x").NewWriter(t.Context())
	if err := ignored.Close(); err != nil {
		t.Fatal(err)
	}
	resp, body := s.send(t, http.MethodPut, s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...),
		strings.NewReader("12345"),
		append(uploadHeaders, "Content-Type:image/jpeg", "Content-Encoding:gzip")...)
	want(t, resp, body, http.StatusOK, "")

	m := topic.next(t)
	for name, value := range map[string]string{
		"bucketId":           testBucket,
		"objectId":           testObject,
		"objectGeneration":   resp.Header.Get("X-Goog-Generation"),
		"eventType":          "OBJECT_FINALIZE",
		"payloadFormat":      "JSON_API_V1",
		"notificationConfig": "projects/_/buckets/uploads/notificationConfigs/" + created.ID,
		"stage":              "test",
	} {
		if got := m.Attributes[name]; got != value {
			t.Errorf("attribute %s is %q, want %q", name, got, value)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, m.Attributes["eventTime"]); err != nil {
		t.Error(err)
	}
	var object struct { // numbers must be strings
		Kind, ID, Name, Bucket, Generation, Metageneration, Size string
		ContentType, ContentEncoding, MD5Hash, CRC32C            string
		TimeCreated                                              string
		Metadata                                                 map[string]string
	}
	if err := json.Unmarshal(m.Data, &object); err != nil {
		t.Fatalf("%v: %s", err, m.Data)
	}
	if object.Kind != "storage#object" || object.Size != "5" || object.ContentType != "image/jpeg" ||
		object.ID != testBucket+"/"+testObject+"/"+object.Generation || object.Metageneration != "1" ||
		object.ContentEncoding != "gzip" || !strings.HasPrefix(
		object.Metadata["traceparent"], "00-0af",
	) || object.MD5Hash == "" || object.TimeCreated == "" {
		t.Errorf("data %s", m.Data)
	}
}

func TestEveryWayToWrite_isPublishedOnce(t *testing.T) {
	s := newStorageTest(t)
	topic := newTopicTest(t)
	if err := s.CreateBucket(testBucket, Notification{Topic: topic.name}); err != nil {
		t.Fatal(err)
	}
	ctx, bucket := t.Context(), s.gcs.Bucket(testBucket)
	write := func(name string, size, chunk int) {
		t.Helper()
		w := bucket.Object(name).NewWriter(ctx)
		w.ChunkSize = chunk
		if _, err := w.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		object string
		write  func()
	}{
		{"one-shot", func() { write("one-shot", 10, 0) }},
		{"resumable", func() { write("resumable", 700<<10, 256<<10) }},
		{"copied", func() {
			if _, err := bucket.Object("copied").CopierFrom(bucket.Object("one-shot")).Run(ctx); err != nil {
				t.Fatal(err)
			}
		}},
		{"composed", func() {
			if _, err := bucket.Object("composed").ComposerFrom(bucket.Object("one-shot")).Run(ctx); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, step := range steps {
		step.write()
		if got := topic.next(t).Attributes["objectId"]; got != step.object {
			t.Errorf("published %q, want %q", got, step.object)
		}
	}
	if err := bucket.Object("copied").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	write("last", 1, 0)
	if got := topic.next(t).Attributes["objectId"]; got != "last" {
		t.Errorf("published %q in addition", got)
	}
}

func TestNotificationConfigs(t *testing.T) {
	s := newStorageTest(t)
	ctx, bucket := t.Context(), s.gcs.Bucket(testBucket)
	created, err := bucket.AddNotification(ctx, &storage.Notification{TopicProjectID: "demo-x", TopicID: "finalized",
		PayloadFormat: storage.NoPayload})
	if err != nil {
		t.Fatal(err)
	}
	all, err := bucket.Notifications(ctx)
	if err != nil || all[created.ID] == nil || all[created.ID].TopicID != "finalized" {
		t.Errorf("listed %v, %v", all, err)
	}
	if err := bucket.DeleteNotification(ctx, created.ID); err != nil {
		t.Error(err)
	}
	if err := bucket.DeleteNotification(ctx, created.ID); statusOf(err) != http.StatusNotFound {
		t.Errorf("second delete: %v", err)
	}
	if err := s.CreateBucket(testBucket, Notification{Topic: "finalized"}); err == nil {
		t.Error("a topic without its project was accepted")
	}
}

// A notification that cannot be published is reported and does no harm to the writer; Close does
// not lose it.
func TestLostNotification_isLogged(t *testing.T) {
	var log bytes.Buffer
	s, err := NewStorage(t.Context(), StorageOptions{
		PubSubHost: os.Getenv("PUBSUB_EMULATOR_HOST"), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket("b", Notification{Topic: "projects/demo-none/topics/none"}); err != nil {
		t.Fatal(err)
	}
	client, err := storage.NewClient(t.Context(), s.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Bucket("b").Object("o").NewWriter(t.Context()).Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(client.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "projects/demo-none/topics/none") {
		t.Errorf("log %q", log.String())
	}
}
