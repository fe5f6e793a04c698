package event

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Message is one delivery to an event function, whatever carried it: a Pub/Sub push, or
// Eventarc in CloudEvents binary mode.
type Message struct {
	// ID is the carrier's message id; a redelivery repeats it, a duplicate publish does not.
	ID string
	// Attempt counts deliveries from 1; 0 is "not said" (no dead-letter topic, or Eventarc).
	Attempt int
	// PublishedAt is when the carrier took the message, UTC.
	PublishedAt time.Time
	// Attributes are the Pub/Sub message's attributes.
	Attributes map[string]string
	// Data is the message's body.
	Data []byte
}

// Traceparent is the W3C trace context that travelled with the message, or "".
func (m Message) Traceparent() string { return m.Attributes[AttributeTraceparent] }

type pushBody struct {
	DeliveryAttempt int `json:"deliveryAttempt"`
	Message         struct {
		Data        []byte            `json:"data"`
		Attributes  map[string]string `json:"attributes"`
		MessageID   string            `json:"messageId"`
		PublishTime time.Time         `json:"publishTime"`
	} `json:"message"`
}

const (
	eventarcPublished = "google.cloud.pubsub.topic.v1.messagePublished"
	eventarcFinalized = "google.cloud.storage.object.v1.finalized"
)

// Receive reads a delivery from the request's header and body. What cannot be read is
// [ErrMalformed].
func Receive(header http.Header, body []byte) (Message, error) {
	switch kind := header.Get("ce-type"); kind {
	case "", eventarcPublished:
		return receivePush(body)
	case eventarcFinalized:
		return receiveFinalized(header, body)
	default:
		return Message{}, malformed(nil, "CloudEvent type %q is not one we take", kind)
	}
}

func receivePush(body []byte) (Message, error) {
	var push pushBody
	if err := json.Unmarshal(body, &push); err != nil {
		return Message{}, malformed(err, "the request is not a Pub/Sub push")
	}
	if push.Message.MessageID == "" {
		return Message{}, malformed(nil, "the Pub/Sub push has no message id")
	}
	return Message{
		ID:          push.Message.MessageID,
		Attempt:     push.DeliveryAttempt,
		PublishedAt: push.Message.PublishTime.UTC(),
		Attributes:  push.Message.Attributes,
		Data:        push.Message.Data,
	}, nil
}

func receiveFinalized(header http.Header, body []byte) (Message, error) {
	at, err := time.Parse(time.RFC3339Nano, header.Get("ce-time"))
	if err != nil {
		return Message{}, malformed(err, "the CloudEvent has no time")
	}
	if header.Get("ce-id") == "" {
		return Message{}, malformed(nil, "the CloudEvent has no id")
	}
	return Message{
		ID:          header.Get("ce-id"),
		PublishedAt: at.UTC(),
		Attributes: map[string]string{
			AttributeTraceparent: header.Get("traceparent"),
			"eventType":          objectFinalize,
		},
		Data: body,
	}, nil
}

// ObjectFinalized is what Cloud Storage says of an object that is complete.
type ObjectFinalized struct {
	Bucket, Name string
	// Generation identifies these bytes of the object among all that ever bore its name.
	Generation int64
	// Size is in bytes.
	Size        int64
	ContentType string
	// ContentEncoding is what the uploader's header of this name said, "" for none.
	ContentEncoding string
	// Created is when these bytes were there, by Cloud Storage's clock; zero if the notification does
	// not say.
	Created time.Time
	// Metadata is the object's custom metadata, as the uploader's signed URL fixed it.
	Metadata map[string]string
}

// TopicUploadFinalized is the topic that the uploads bucket's notifications go to.
const TopicUploadFinalized = "upload-finalized"

const objectFinalize = "OBJECT_FINALIZE"

// storageObject is the part we need of the JSON API's object resource; int64 values travel as
// strings.
type storageObject struct {
	Bucket          string            `json:"bucket"`
	Name            string            `json:"name"`
	Generation      string            `json:"generation"`
	Size            string            `json:"size"`
	ContentType     string            `json:"contentType"`
	ContentEncoding string            `json:"contentEncoding,omitempty"`
	TimeCreated     time.Time         `json:"timeCreated,omitzero"`
	Metadata        map[string]string `json:"metadata"`
}

// Finalized reads the message as a storage notification. Another event type or a body that cannot
// be read is [ErrMalformed].
func (m Message) Finalized() (ObjectFinalized, error) {
	if kind := m.Attributes["eventType"]; kind != objectFinalize {
		return ObjectFinalized{}, malformed(nil, "storage event %q where %q was expected", kind, objectFinalize)
	}
	var o storageObject
	if err := json.Unmarshal(m.Data, &o); err != nil {
		return ObjectFinalized{}, malformed(err, "the storage notification cannot be read")
	}
	if err := require("bucket", o.Bucket, "name", o.Name); err != nil {
		return ObjectFinalized{}, err
	}
	generation, err := strconv.ParseInt(o.Generation, 10, 64)
	if err != nil {
		return ObjectFinalized{}, malformed(err, "the storage notification has no generation")
	}
	size, err := strconv.ParseInt(o.Size, 10, 64)
	if err != nil {
		return ObjectFinalized{}, malformed(err, "the storage notification has no size")
	}
	return ObjectFinalized{
		Bucket: o.Bucket, Name: o.Name, Generation: generation, Size: size,
		ContentType: o.ContentType, ContentEncoding: o.ContentEncoding, Created: o.TimeCreated, Metadata: o.Metadata,
	}, nil
}

// FinalizedMessage is the notification that Cloud Storage would send for the object: the sweep
// sends it for one whose own notification was lost.
func FinalizedMessage(o ObjectFinalized) (data []byte, attributes map[string]string, err error) {
	data, err = json.Marshal(storageObject{
		Bucket: o.Bucket, Name: o.Name,
		Generation: strconv.FormatInt(o.Generation, 10), Size: strconv.FormatInt(o.Size, 10),
		ContentType: o.ContentType, ContentEncoding: o.ContentEncoding, TimeCreated: o.Created, Metadata: o.Metadata,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("marshal the storage notification: %w", err)
	}
	return data, map[string]string{
		"eventType": objectFinalize, "payloadFormat": "JSON_API_V1", "bucketId": o.Bucket,
		"objectId": o.Name, "objectGeneration": strconv.FormatInt(o.Generation, 10),
	}, nil
}
