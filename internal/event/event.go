// Package event is the wire contract between the functions: a file for each event type and version,
// the codec, and the golden files in testdata, which must stay decodable.
//
// An event is a CloudEvents 1.0 JSON document in the body of a Pub/Sub message. Type, Go type, file
// and topic share one name: scan.completed.v1, [ScanCompletedV1], scan_completed_v1.go, topic
// scan-completed-v1. A released type may only gain optional fields; any other change is a new
// version. Events carry ids and numbers, never images, addresses or tokens; one has a sealed
// address. The package imports no other package of the module, and no cloud SDK.
package event

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// ErrMalformed is wrapped by every error of reading an event: the same bytes will never be
// readable.
var ErrMalformed = errors.New("malformed event")

func malformed(cause error, format string, args ...any) error {
	if cause != nil {
		return fmt.Errorf("%w: "+format+": %w", append(append([]any{ErrMalformed}, args...), cause)...)
	}
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// Source is the CloudEvents source of every event.
const Source = "//facescan"

// Attribute names of a published Pub/Sub message. The value of AttributeTraceparent is a W3C
// traceparent.
const (
	AttributeType        = "type"
	AttributeID          = "id"
	AttributeTraceparent = "traceparent"
)

// Payload is the data of one event type.
type Payload interface {
	// EventType is the CloudEvents type, such as "scan.completed.v1".
	EventType() string
	// Validate returns an error if a required member is missing or an id is not valid.
	Validate() error
}

// Event is one event, with its data still in JSON.
type Event struct {
	// ID is the same each time that a fact is published. Consumers drop ids that they have seen.
	ID string
	// Type is the CloudEvents type.
	Type string
	// Time is when the fact happened, in UTC.
	Time time.Time
	// Traceparent is the W3C trace context of the request that caused it, or "".
	Traceparent string
	// Data is the payload.
	Data json.RawMessage
}

// ID derives an event id from the parts that make the fact unique. The same parts give the same id.
func ID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// New returns an event with the payload, or an error if the payload is not valid.
func New(id string, at time.Time, traceparent string, data Payload) (Event, error) {
	if err := data.Validate(); err != nil {
		return Event{}, fmt.Errorf("validate %s: %w", data.EventType(), err)
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("marshal %s: %w", data.EventType(), err)
	}
	return Event{ID: id, Type: data.EventType(), Time: at.UTC(), Traceparent: traceparent, Data: raw}, nil
}

// Topic returns the Pub/Sub topic of an event type.
func Topic(eventType string) string { return strings.ReplaceAll(eventType, ".", "-") }

// Encode encodes the event as CloudEvents JSON.
func Encode(e Event) ([]byte, error) {
	ce := cloudevents.New(cloudevents.CloudEventsVersionV1)
	ce.SetID(e.ID)
	ce.SetType(e.Type)
	ce.SetSource(Source)
	ce.SetTime(e.Time)
	if e.Traceparent != "" {
		ce.SetExtension(AttributeTraceparent, e.Traceparent)
	}
	if err := ce.SetData(cloudevents.ApplicationJSON, e.Data); err != nil {
		return nil, fmt.Errorf("set data of event %s: %w", e.ID, err)
	}
	body, err := json.Marshal(ce)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return body, nil
}

// Decode decodes CloudEvents JSON. Its errors wrap [ErrMalformed].
func Decode(body []byte) (Event, error) {
	ce := cloudevents.New(cloudevents.CloudEventsVersionV1)
	if err := json.Unmarshal(body, &ce); err != nil {
		return Event{}, malformed(err, "the event is not CloudEvents JSON")
	}
	if ce.SpecVersion() != cloudevents.CloudEventsVersionV1 {
		return Event{}, malformed(nil, "CloudEvents version %q", ce.SpecVersion())
	}
	if err := ce.Validate(); err != nil {
		return Event{}, malformed(err, "the event is not a valid CloudEvent")
	}
	if !ValidID(ce.ID()) {
		return Event{}, malformed(nil, "the event's id is not valid")
	}
	e := Event{ID: ce.ID(), Type: ce.Type(), Time: ce.Time(), Data: ce.Data()}
	if tp, ok := ce.Extensions()[AttributeTraceparent].(string); ok {
		e.Traceparent = tp
	}
	return e, nil
}

// As decodes the event's data as a T. The error for another type, or for data that is not valid,
// wraps [ErrMalformed].
func As[T Payload](e Event) (T, error) {
	var data T
	if e.Type != data.EventType() {
		return data, malformed(nil, "event type %q where %q was expected", e.Type, data.EventType())
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return data, malformed(err, "the data of %s cannot be read", e.Type)
	}
	if err := data.Validate(); err != nil {
		return data, malformed(err, "the data of %s is incomplete", e.Type)
	}
	return data, nil
}

// maxID is the longest id in bytes: Firebase's users have ids of 128 characters at most. Names of
// several ids are far from Firestore's limit of 1,500 bytes and Cloud Storage's of 1,024.
const maxID = 128 * utf8.UTFMax

// ValidID reports whether id can be a part of the names of documents and objects. With any other,
// their calls fail each time.
func ValidID(id string) bool {
	reserved := id == "." || id == ".." || strings.HasPrefix(id, "__") && strings.HasSuffix(id, "__")
	return id != "" && len(id) <= maxID && !reserved && utf8.ValidString(id) &&
		!strings.ContainsFunc(id, func(r rune) bool { return r == '/' || unicode.IsControl(r) })
}

// require returns an error for the first pair (name, value) whose value is empty or, if the member
// names documents, no valid id.
func require(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		switch {
		case value == "":
			return malformed(nil, "member %q is missing", name)
		case isID(name) && !ValidID(value):
			return malformed(nil, "member %q is not a valid id", name)
		}
	}
	return nil
}

// isID reports whether the member of a payload names documents.
func isID(member string) bool {
	return member == "uid" || member == "board" || strings.HasSuffix(member, "Id")
}

// written returns the time as text for [require], "" for the zero time.
func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.String()
}
