package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Break is how the connection of an answer breaks.
type Break int

// Ways to break a connection.
const (
	// Whole means that it does not break.
	Whole Break = iota
	// BreakUntaken resets the connection instead of an answer, and does not take the message.
	BreakUntaken
	// BreakTaken takes the message and resets the connection instead of an answer.
	BreakTaken
	// BreakAnswer resets the connection after the header and half the body of the answer.
	BreakAnswer
)

// PushAnswer is an answer of the FCM sink to one request. The zero value accepts what FCM accepts.
type PushAnswer struct {
	// Status is the HTTP status of a refusal. 0 is that of the acceptance, 200.
	Status int
	// Code is FCM's error code, such as "QUOTA_EXCEEDED". "" has the answer carry none.
	Code    string
	Message string
	// Fields are the fields that the answer blames, such as "message.token".
	Fields []string
	// RetryAfter is the header, in seconds or as an HTTP date.
	RetryAfter string
	// Body replaces the body of a refusal, as by the front end's HTML.
	Body string
	// Wait delays the answer until it is closed. A message is taken before that.
	Wait <-chan struct{}
	// Drip sends the answer byte by byte, one at each interval.
	Drip  time.Duration
	Break Break
}

// prefixes are the answers to tokens by their beginning.
var prefixes = []struct {
	prefix string
	answer PushAnswer
}{
	{"unregistered-", PushAnswer{
		Status: http.StatusNotFound, Code: "UNREGISTERED", Message: "Requested entity was not found.",
	}},
	{"mismatched-", PushAnswer{Status: http.StatusForbidden, Code: "SENDER_ID_MISMATCH", Message: "SenderId mismatch"}},
	{"malformed-", PushAnswer{
		Status: http.StatusBadRequest, Code: "INVALID_ARGUMENT",
		Message: "The registration token is not a valid FCM registration token",
	}},
	{"unavailable-", PushAnswer{
		Status: http.StatusServiceUnavailable, Code: "UNAVAILABLE", Message: "The service is currently unavailable.",
	}},
}

// answerTo returns the answer to a message for the token.
func (f *FCM) answerTo(token string) PushAnswer {
	if answer, ok := f.next(token); ok {
		return answer
	}
	if answer, ok := f.next(""); ok {
		return answer
	}
	answer := f.faulty(token)
	if answer.Status != 0 || answer.Break != Whole {
		return answer
	}
	for _, p := range prefixes {
		if strings.HasPrefix(token, p.prefix) {
			late := p.answer
			late.Wait = answer.Wait
			return late
		}
	}
	return answer
}

// canonical is the status of google.rpc for an HTTP status.
var canonical = map[int]string{
	http.StatusBadRequest:          "INVALID_ARGUMENT",
	http.StatusUnauthorized:        "UNAUTHENTICATED",
	http.StatusForbidden:           "PERMISSION_DENIED",
	http.StatusNotFound:            "NOT_FOUND",
	http.StatusTooManyRequests:     "RESOURCE_EXHAUSTED",
	http.StatusInternalServerError: "INTERNAL",
	http.StatusServiceUnavailable:  "UNAVAILABLE",
}

// body returns the JSON of a refusal, in the shape of
// https://firebase.google.com/docs/cloud-messaging/error-codes.
func (a PushAnswer) body() []byte {
	if a.Body != "" {
		return []byte(a.Body)
	}
	details := []any{}
	if a.Code != "" {
		details = append(details, map[string]string{
			"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": a.Code,
		})
	}
	if len(a.Fields) > 0 {
		violations := []map[string]string{}
		for _, field := range a.Fields {
			violations = append(violations, map[string]string{"field": field, "description": a.Message})
		}
		details = append(details, map[string]any{
			"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations,
		})
	}
	body, _ := json.Marshal(map[string]any{"error": map[string]any{ // strings cannot fail
		"code": a.Status, "status": canonical[a.Status], "message": a.Message, "details": details,
	}})
	return body
}

// give sends the answer, with the body that an acceptance has.
func (f *FCM) give(w http.ResponseWriter, r *http.Request, a PushAnswer, accepted []byte) {
	if a.Wait != nil {
		select {
		case <-a.Wait:
		case <-r.Context().Done():
		case <-f.closing.Done():
		}
	}
	status, body := a.Status, accepted
	if status == 0 {
		status = http.StatusOK
	} else {
		body = a.body()
	}
	if a.RetryAfter != "" {
		w.Header().Set("Retry-After", a.RetryAfter)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if a.Drip == 0 && a.Break == Whole {
		w.WriteHeader(status)
		_, _ = w.Write(body) // who has gone misses nothing
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f.breakOff(conn, a, rawAnswer(status, w.Header(), body))
}

// breakOff writes as much of the answer as it says, at its pace, and closes the connection.
func (f *FCM) breakOff(conn net.Conn, a PushAnswer, raw []byte) {
	switch a.Break {
	case BreakUntaken, BreakTaken:
		raw = nil
	case BreakAnswer:
		header := bytes.Index(raw, []byte("\r\n\r\n")) + 4
		raw = raw[:header+(len(raw)-header)/2]
	case Whole:
	}
	if a.Drip > 0 {
		_, _ = drip(f.closing, conn, raw, a.Drip)
	} else {
		_, _ = conn.Write(raw)
	}
	if a.Break == Whole {
		_ = conn.Close()
		return
	}
	reset(conn)
}

// rawAnswer returns an HTTP answer as its bytes.
func rawAnswer(status int, header http.Header, body []byte) []byte {
	var to bytes.Buffer
	resp := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)),
	}
	_ = resp.Write(&to) // a buffer never fails
	return to.Bytes()
}
