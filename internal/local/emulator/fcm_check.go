package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	strictjson "github.com/go-json-experiment/json"
	"google.golang.org/api/fcm/v1"
)

const (
	// maxPayload bounds the data and the notification of a message, keys and values, in bytes, and
	// maxTTL the time that it is kept:
	// https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
	maxPayload = 4096
	maxTTL     = 4 * 7 * 24 * time.Hour
	// maxCollapseID bounds apns-collapse-id, in bytes:
	// https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
	maxCollapseID = 64
)

var (
	// duration is a google.protobuf.Duration in JSON that is not negative.
	duration = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,9})?s$`)
	// topic is the header of RFC 8030, section 5.4.
	topic = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
)

// readPush reads the body of messages:send. It returns the refusal of one that FCM refuses, with as
// much of the push as is known.
func readPush(body []byte) (push Push, dryRun bool, refusal *PushAnswer) {
	var request struct {
		ValidateOnly  bool            `json:"validate_only"`
		ValidateOnly2 bool            `json:"validateOnly"`
		Message       json.RawMessage `json:"message"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return push, false, invalid("", "Invalid JSON payload received.")
	}
	var m fcm.Message
	var tree any
	_ = json.Unmarshal(request.Message, &tree) // an empty message is refused below
	camel, _ := json.Marshal(camelCase(tree))  // what was read can be written
	err := strictjson.Unmarshal(camel, &m, strictjson.RejectUnknownMembers(true))
	push = pushOf(&m)
	push.Raw = request.Message
	dryRun = request.ValidateOnly || request.ValidateOnly2
	if err != nil {
		return push, dryRun, invalid(blamed(err), "Invalid JSON payload received.")
	}
	return push, dryRun, check(&m)
}

// pushOf returns what is recorded of a message.
func pushOf(m *fcm.Message) Push {
	p := Push{Token: m.Token, Data: m.Data}
	if n := m.Notification; n != nil {
		p.Title, p.Body = n.Title, n.Body
	}
	if a := m.Android; a != nil {
		p.CollapseKey, p.Priority, p.TTL = a.CollapseKey, a.Priority, a.Ttl
		if a.Notification != nil {
			p.Tag = a.Notification.Tag
		}
	}
	if m.Apns != nil {
		p.APNSHeaders = m.Apns.Headers
	}
	if m.Webpush != nil {
		p.WebpushHeaders = m.Webpush.Headers
	}
	return p
}

// free are the fields whose members are the sender's own.
var free = []string{"data", "headers", "payload"}

// camelCase renames the fields of a message as the generated types have them. Both spellings are
// right in the JSON form of protocol buffers.
func camelCase(value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		return value
	}
	renamed := map[string]any{}
	for name, v := range fields {
		words := strings.Split(name, "_")
		for i, w := range words[1:] {
			if w != "" {
				words[i+1] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		if !slices.Contains(free, name) {
			v = camelCase(v)
		}
		renamed[strings.Join(words, "")] = v
	}
	return renamed
}

// blamed returns the field that the error of a strict decoder is about.
func blamed(err error) string {
	path := []string{"message"}
	if fault, ok := errors.AsType[*strictjson.SemanticError](err); ok {
		path = slices.AppendSeq(path, fault.JSONPointer.Tokens())
	}
	return strings.Join(path, ".")
}

// invalid returns the refusal of an argument. field is "" if FCM does not name it.
func invalid(field, message string) *PushAnswer {
	a := &PushAnswer{Status: http.StatusBadRequest, Code: "INVALID_ARGUMENT", Message: message}
	if field != "" {
		a.Fields = []string{field}
	}
	return a
}

// check returns the refusal of a message that FCM refuses, or nil:
// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
func check(m *fcm.Message) *PushAnswer {
	if m.Token == "" || m.Topic != "" || m.Condition != "" {
		return invalid("message", "Recipient of the message is not set.")
	}
	data := map[string]string{}
	for field, some := range dataOf(m) {
		for key := range some {
			if reserved(key) {
				return invalid(field, "Invalid data payload key: "+key)
			}
		}
		maps.Copy(data, some)
	}
	size := 0
	for key, value := range data {
		size += len(key) + len(value)
	}
	if n := m.Notification; n != nil {
		size += len(n.Title) + len(n.Body) + len(n.Image)
	}
	if size > maxPayload {
		// Without a word about what is too large: https://bloomberg.github.io/pushiko/fcm_responses
		return &PushAnswer{Status: http.StatusBadRequest, Message: "Request contains an invalid argument."}
	}
	return cmp.Or(checkAndroid(m.Android), checkAPNS(m.Apns), checkWebpush(m.Webpush))
}

// dataOf returns the data of a message by the field that has it.
func dataOf(m *fcm.Message) map[string]map[string]string {
	all := map[string]map[string]string{"message.data": m.Data}
	if m.Android != nil {
		all["message.android.data"] = m.Android.Data
	}
	if m.Webpush != nil {
		all["message.webpush.data"] = m.Webpush.Data
	}
	return all
}

// reserved reports whether data must not have the key.
func reserved(key string) bool {
	return key == "" || key == "from" || key == "message_type" || key == "gcm" ||
		strings.HasPrefix(key, "google") || strings.HasPrefix(key, "gcm.")
}

func checkAndroid(a *fcm.AndroidConfig) *PushAnswer {
	if a == nil {
		return nil
	}
	if a.Ttl != "" {
		ttl, err := time.ParseDuration(a.Ttl)
		if !duration.MatchString(a.Ttl) || err != nil || ttl > maxTTL {
			return invalid("message.android.ttl", "Invalid TTL: "+a.Ttl)
		}
	}
	if p := strings.ToLower(a.Priority); p != "" && p != "normal" && p != "high" {
		return invalid("message.android.priority", "Invalid value at 'message.android.priority'")
	}
	return nil
}

// checkAPNS checks what Apple would refuse, which FCM passes on.
func checkAPNS(a *fcm.ApnsConfig) *PushAnswer {
	if a == nil {
		return nil
	}
	if !bytes.HasPrefix(a.Payload, []byte("{")) && len(a.Payload) > 0 {
		return invalid("message.apns.payload", "The payload is no object")
	}
	for name, value := range a.Headers {
		ok := true
		switch strings.ToLower(name) {
		case "apns-collapse-id":
			ok = len(value) <= maxCollapseID
		case "apns-expiration":
			at, err := strconv.ParseInt(value, 10, 64)
			ok = err == nil && at >= 0
		case "apns-priority":
			ok = slices.Contains([]string{"1", "5", "10"}, value)
		}
		if !ok {
			return invalid("message.apns.headers", "Invalid value of "+name)
		}
	}
	return nil
}

// checkWebpush checks the headers of RFC 8030.
func checkWebpush(w *fcm.WebpushConfig) *PushAnswer {
	if w == nil {
		return nil
	}
	for name, value := range w.Headers {
		ok := true
		switch strings.ToLower(name) {
		case "topic":
			ok = topic.MatchString(value)
		case "ttl":
			seconds, err := strconv.ParseUint(value, 10, 32)
			ok = err == nil && time.Duration(seconds)*time.Second <= maxTTL
		case "urgency":
			ok = slices.Contains([]string{"very-low", "low", "normal", "high"}, value)
		}
		if !ok {
			return invalid("message.webpush.headers", "Invalid value of "+name)
		}
	}
	return nil
}
