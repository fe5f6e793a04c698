package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	topicPrefix    = "//pubsub.googleapis.com/" // of a topic's name in the API of Cloud Storage
	objectFinalize = "OBJECT_FINALIZE"
	payloadJSON    = "JSON_API_V1"
	publishTimeout = 30 * time.Second // within which Pub/Sub's client retries
)

// Notification has every object that is written to a bucket published, as a
// google_storage_notification with payload format JSON_API_V1 and event type OBJECT_FINALIZE does.
type Notification struct {
	Topic  string // "projects/PROJECT/topics/TOPIC"
	Prefix string // only objects whose names begin with it; "" is all
}

func (n Notification) config() notificationConfig {
	return notificationConfig{Topic: n.Topic, Prefix: n.Prefix, EventTypes: []string{objectFinalize},
		PayloadFormat: payloadJSON}
}

// notificationConfig is the resource of the JSON API.
type notificationConfig struct {
	Kind             string            `json:"kind"`
	ID               string            `json:"id"`
	Topic            string            `json:"topic"`
	EventTypes       []string          `json:"event_types,omitempty"`
	Prefix           string            `json:"object_name_prefix,omitempty"`
	PayloadFormat    string            `json:"payload_format"`
	CustomAttributes map[string]string `json:"custom_attributes,omitempty"`
}

// wants reports whether the config asks for the finalize event of an object.
func (c notificationConfig) wants(object string) bool {
	ofType := len(c.EventTypes) == 0 || slices.Contains(c.EventTypes, objectFinalize)
	return ofType && strings.HasPrefix(object, c.Prefix)
}

// notifier keeps the notification configs and publishes. It replaces the one in fake-gcs-server,
// which leaves out notificationConfig, drops what fails without a word, leaks a goroutine per
// message, and publishes only where PUBSUB_EMULATOR_HOST points.
type notifier struct {
	host      string // of Pub/Sub; "" when there is none
	published func(topic string)
	log       *slog.Logger
	ctx       context.Context // of the publishing; ends with close
	stop      context.CancelFunc
	tasks     sync.WaitGroup

	mu      sync.Mutex
	client  *pubsub.TopicAdminClient // made on first use
	configs map[string][]notificationConfig
	lastID  int
}

func newNotifier(host string, published func(topic string), log *slog.Logger) *notifier {
	if published == nil {
		published = func(string) {}
	}
	ctx, stop := context.WithCancel(context.Background())
	return &notifier{
		host: host, published: published, log: log, ctx: ctx, stop: stop, configs: map[string][]notificationConfig{},
	}
}

// insert adds a config to a bucket, with an id of its own.
func (n *notifier) insert(bucket string, c notificationConfig) (notificationConfig, error) {
	topic := strings.TrimPrefix(c.Topic, topicPrefix)
	parts := strings.Split(topic, "/")
	switch {
	case len(parts) != 4 || parts[0] != "projects" || parts[2] != "topics":
		return c, fmt.Errorf("notification topic %q is not projects/PROJECT/topics/TOPIC", topic)
	case c.PayloadFormat != payloadJSON && c.PayloadFormat != "NONE":
		return c, fmt.Errorf("notification payload format %q is neither %s nor NONE", c.PayloadFormat, payloadJSON)
	case n.host == "":
		return c, errors.New("notifications need StorageOptions.PubSubHost or PUBSUB_EMULATOR_HOST")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastID++
	c.Kind, c.ID, c.Topic = "storage#notification", strconv.Itoa(n.lastID), topicPrefix+topic
	n.configs[bucket] = append(n.configs[bucket], c)
	return c, nil
}

func (n *notifier) list(bucket string) []notificationConfig {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.configs[bucket])
}

func (n *notifier) remove(bucket, id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.configs[bucket]
	n.configs[bucket] = slices.DeleteFunc(slices.Clone(before), func(c notificationConfig) bool { return c.ID == id })
	return len(n.configs[bucket]) < len(before)
}

// finalized publishes an object that was just written to every config that wants it. Like
// production it does not keep the writer waiting.
func (n *notifier) finalized(object objectResource, at time.Time) {
	bucket, name := object.text("bucket"), object.text("name")
	object["id"] = bucket + "/" + name + "/" + object.text("generation")
	eventTime := at.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	for _, c := range n.list(bucket) {
		if !c.wants(name) {
			continue
		}
		topic := strings.TrimPrefix(c.Topic, topicPrefix)
		message, err := finalizeMessage(object, c, eventTime)
		if err != nil {
			n.log.Error("storage notification", "bucket", bucket, "object", name, "err", err)
			continue
		}
		n.tasks.Go(func() {
			if err := n.publish(topic, message); err != nil {
				n.log.Error("storage notification", "bucket", bucket, "object", name, "topic", topic, "err", err)
			}
		})
	}
}

// finalizeMessage builds the message as https://cloud.google.com/storage/docs/pubsub-notifications
// describes it.
func finalizeMessage(object objectResource, c notificationConfig, eventTime string) (*pubsubpb.PubsubMessage, error) {
	bucket := object.text("bucket")
	attributes := map[string]string{}
	for name, value := range c.CustomAttributes {
		attributes[name] = value
	}
	for name, value := range map[string]string{
		"bucketId":           bucket,
		"objectId":           object.text("name"),
		"objectGeneration":   object.text("generation"),
		"eventType":          objectFinalize,
		"eventTime":          eventTime,
		"payloadFormat":      c.PayloadFormat,
		"notificationConfig": "projects/_/buckets/" + bucket + "/notificationConfigs/" + c.ID,
	} {
		attributes[name] = value
	}
	if c.PayloadFormat != payloadJSON {
		return &pubsubpb.PubsubMessage{Attributes: attributes}, nil
	}
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode storage#object: %w", err)
	}
	return &pubsubpb.PubsubMessage{Data: data, Attributes: attributes}, nil
}

// publish sends one message. The client retries what is transient.
func (n *notifier) publish(topic string, message *pubsubpb.PubsubMessage) error {
	client, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(n.ctx, publishTimeout)
	defer cancel()
	request := &pubsubpb.PublishRequest{Topic: topic, Messages: []*pubsubpb.PubsubMessage{message}}
	if _, err := client.Publish(ctx, request); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	n.published(topic)
	return nil
}

func (n *notifier) connect() (*pubsub.TopicAdminClient, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client != nil {
		return n.client, nil
	}
	client, err := pubsub.NewTopicAdminClient(n.ctx,
		option.WithEndpoint(n.host),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithTelemetryDisabled())
	if err != nil {
		return nil, fmt.Errorf("connect to Pub/Sub at %s: %w", n.host, err)
	}
	n.client = client
	return client, nil
}

// close waits for the messages under way until ctx ends, and gives up on the rest.
func (n *notifier) close(ctx context.Context) error {
	published := make(chan struct{})
	go func() {
		n.tasks.Wait()
		close(published)
	}()
	select {
	case <-published:
	case <-ctx.Done():
	}
	n.stop()
	<-published
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client == nil {
		return nil
	}
	return n.client.Close()
}

// serve answers /storage/v1/b/BUCKET/notificationConfigs[/ID].
func (n *notifier) serve(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /storage/v1/b/{bucket}/notificationConfigs", n.serveInsert)
	mux.HandleFunc("GET /storage/v1/b/{bucket}/notificationConfigs", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"kind": "storage#notifications", "items": n.list(r.PathValue("bucket"))})
	})
	mux.HandleFunc("DELETE /storage/v1/b/{bucket}/notificationConfigs/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !n.remove(r.PathValue("bucket"), r.PathValue("id")) {
			writeJSONError(w, http.StatusNotFound, "notFound", "no such notification config")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.ServeHTTP(w, r)
}

func (n *notifier) serveInsert(w http.ResponseWriter, r *http.Request) {
	var config notificationConfig
	if err := json.NewDecoder(r.Body).Decode(&config); err != nil {
		writeJSONError(w, http.StatusBadRequest, "parseError", err.Error())
		return
	}
	created, err := n.insert(r.PathValue("bucket"), config)
	if err != nil {
		writeJSONError(w, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	writeJSON(w, http.StatusOK, created)
}
