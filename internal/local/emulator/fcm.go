package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// maxPushBytes bounds a request; FCM itself allows 4 KB for a message.
const maxPushBytes = 1 << 20

// Push is a push message that was accepted.
type Push struct {
	Name           string // projects/PROJECT/messages/ID, as answered
	Project        string
	Token          string
	Title, Body    string            // of the notification
	Data           map[string]string // for the app
	CollapseKey    string            // android.collapse_key
	Priority       string            // android.priority
	TTL            string            // android.ttl, such as "86400s"
	Tag            string            // android.notification.tag
	APNSHeaders    map[string]string // apns.headers, such as apns-collapse-id
	WebpushHeaders map[string]string // webpush.headers, such as Topic
	Raw            json.RawMessage   // the whole message as it was sent
}

// PushAttempt is a request for a push, accepted or not.
type PushAttempt struct {
	At    time.Time
	Token string
	// Status and Code are those of the answer. Status is 0 if the connection was broken instead.
	Status int
	Code   string
	// Taken reports whether the message was accepted, even if the answer was lost.
	Taken bool
}

// FCM is a sink in the shape of Firebase Cloud Messaging's HTTP v1 API: it records messages instead
// of delivering them, and refuses those that FCM refuses. A token chooses the answer by its
// beginning: "unregistered-" is refused as a token of an app that was removed, "mismatched-" as one
// of another sender, "malformed-" as no token, and "unavailable-" fails for now; all others are
// accepted. [FCM.Script] has it answer otherwise.
type FCM struct {
	Recorder[Push]
	script[PushAnswer]
	attempts Recorder[PushAttempt]
	server   *localServer
	ids      atomic.Int64
	// closing ends with the sink, and with it what is delayed.
	closing context.Context //nolint:containedctx // the life of the sink
	close   context.CancelFunc
}

// NewFCM starts a sink on a free port of 127.0.0.1.
func NewFCM() (*FCM, error) {
	server, err := listen(context.Background(), "FCM sink", 0)
	if err != nil {
		return nil, err
	}
	f := &FCM{server: server}
	f.closing, f.close = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects/{project}/{method}", f.send)
	server.serve(mux)
	return f, nil
}

// URL returns the endpoint, "http://127.0.0.1:port/v1".
func (f *FCM) URL() string { return "http://" + f.server.host + "/v1" }

// Close stops the sink; what it recorded stays.
func (f *FCM) Close() error {
	f.close()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return f.server.close(ctx)
}

// Script sets the answers to the next requests for the token, in their order, in place of earlier
// ones. Those for the token "" are given to requests for every token that has none of its own left.
// A request beyond the script is answered as without one.
func (f *FCM) Script(token string, answers ...PushAnswer) { f.set(token, answers) }

// Attempts returns all requests so far, oldest first.
func (f *FCM) Attempts() []PushAttempt { return f.attempts.Messages() }

// send answers POST /v1/projects/PROJECT/messages:send.
func (f *FCM) send(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("method") != "messages:send" {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPushBytes))
	if err != nil {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	push, dryRun, refusal := readPush(body)
	answer := f.answerTo(push.Token)
	if refusal != nil && answer.Status == 0 && answer.Break != BreakUntaken {
		answer = *refusal
	}
	push.Project = r.PathValue("project")
	push.Name = fmt.Sprintf("projects/%s/messages/%d", push.Project, f.ids.Add(1))
	attempt := PushAttempt{
		At: f.now(), Token: push.Token, Status: answer.Status, Code: answer.Code,
		Taken: answer.Status == 0 && answer.Break != BreakUntaken,
	}
	switch {
	case answer.Break == BreakUntaken, answer.Break == BreakTaken:
		attempt.Status = 0
	case attempt.Taken:
		attempt.Status = http.StatusOK
	}
	f.attempts.add(attempt)
	if attempt.Taken && !dryRun {
		f.add(push)
	}
	accepted, _ := json.Marshal(map[string]string{"name": push.Name}) // strings cannot fail
	f.give(w, r, answer, accepted)
}
