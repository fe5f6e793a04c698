package event

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is one delivery to an event function, by a Pub/Sub push or by Eventarc in CloudEvents
// binary mode.
type Message struct {
	// ID is the carrier's message id. A redelivery has the same id, a duplicate publish another one.
	ID string
	// Attempt counts deliveries from 1. It is 0 if unknown: without a dead-letter topic, or by
	// Eventarc.
	Attempt int
	// PublishedAt is when the carrier accepted the message, in UTC.
	PublishedAt time.Time
	// Attributes are the Pub/Sub message's attributes.
	Attributes map[string]string
	// Data is the message's body.
	Data []byte
}

// Traceparent returns the message's W3C trace context, or "".
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

// Receive reads a delivery from the request's header and body. The error for an unreadable delivery
// wraps [ErrMalformed].
func Receive(header http.Header, body []byte) (Message, error) {
	switch kind := header.Get("ce-type"); kind {
	case "", eventarcPublished:
		return receivePush(body)
	case eventarcFinalized:
		return receiveFinalized(header, body)
	default:
		return Message{}, malformed(nil, "CloudEvent type %q is not accepted", kind)
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

// ObjectFinalized is Cloud Storage's notification of a complete object.
type ObjectFinalized struct {
	Bucket, Name string
	// Generation distinguishes these bytes from all others ever stored under the object's name.
	Generation int64
	// Size is in bytes.
	Size        int64
	ContentType string
	// ContentEncoding is the value of the uploader's header, "" if there was none.
	ContentEncoding string
	// Created is when the object was complete, by Cloud Storage's clock. It is zero if the
	// notification has no time.
	Created time.Time
	// Metadata is the object's custom metadata, which the signed URL fixed.
	Metadata map[string]string
}

// TopicUploadFinalized is the topic of the uploads bucket's notifications.
const TopicUploadFinalized = "upload-finalized"

const objectFinalize = "OBJECT_FINALIZE"

// maxName is the length of the longest name of an object, in bytes.
const maxName = 1024

// storageObject is the part of the JSON API's object resource that is used here. int64 values are
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

// Finalized decodes the message as a storage notification. The error for another event type, or for
// an unreadable body, wraps [ErrMalformed].
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
	if len(o.Name) > maxName || !utf8.ValidString(o.Name) || strings.ContainsAny(o.Name, "\r\n") {
		return ObjectFinalized{}, malformed(nil, "the storage notification's name is no object's")
	}
	generation, err := strconv.ParseInt(o.Generation, 10, 64)
	if err != nil || generation <= 0 {
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

// FinalizedMessage returns the notification that Cloud Storage would send for the object. The sweep
// sends it for an object whose own notification was lost.
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
