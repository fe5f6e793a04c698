package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// maxPushBytes bounds a request; FCM itself allows 4 KB for a message.
const maxPushBytes = 1 << 20

// Push is a push message that was accepted.
type Push struct {
	Name        string // projects/PROJECT/messages/ID, as answered
	Project     string
	Token       string
	Title, Body string            // of the notification
	Data        map[string]string // for the app
	CollapseKey string            // android.collapse_key
	APNSHeaders map[string]string // apns.headers, such as apns-collapse-id
	Raw         json.RawMessage   // the whole message as it was sent
}

// FCM is a sink in the shape of Firebase Cloud Messaging's HTTP v1 API: it records messages instead
// of delivering them. A token chooses the answer by its beginning: "unregistered-" is refused as a
// token of an app that was removed, "mismatched-" as one of another sender, and "unavailable-"
// fails for now; all others are accepted.
//
// The Admin SDK reaches it through option.WithEndpoint(URL()) and option.WithoutAuthentication, on
// a firebase.App of its own: the endpoint counts for all services of an app.
type FCM struct {
	Recorder[Push]
	server *localServer
	ids    atomic.Int64
}

// fcmRefusal is an error that FCM answers with.
type fcmRefusal struct {
	prefix string // of the tokens
	status int
	rpc    string // canonical status
	code   string // of FCM
}

var fcmRefusals = []fcmRefusal{
	{prefix: "unregistered-", status: http.StatusNotFound, rpc: "NOT_FOUND", code: "UNREGISTERED"},
	{prefix: "mismatched-", status: http.StatusForbidden, rpc: "PERMISSION_DENIED", code: "SENDER_ID_MISMATCH"},
	{prefix: "unavailable-", status: http.StatusServiceUnavailable, rpc: "UNAVAILABLE", code: "UNAVAILABLE"},
}

// fcmRequest is the body of messages:send, as far as it is recorded.
type fcmRequest struct {
	ValidateOnly bool `json:"validate_only"`
	Message      json.RawMessage
}

type fcmMessage struct {
	Token        string
	Notification struct{ Title, Body string }
	Data         map[string]string
	Android      struct {
		CollapseKey string `json:"collapse_key"`
	}
	APNS struct{ Headers map[string]string }
}

// NewFCM starts a sink on a free port of 127.0.0.1.
func NewFCM() (*FCM, error) {
	server, err := listen(context.Background(), "FCM sink", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &FCM{server: server}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects/{project}/{method}", f.send)
	server.serve(mux)
	return f, nil
}

// URL returns the endpoint for the Admin SDK, "http://127.0.0.1:port/v1".
func (f *FCM) URL() string { return "http://" + f.server.host + "/v1" }

// Close stops the sink; what it recorded stays.
func (f *FCM) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return f.server.close(ctx)
}

// send answers POST /v1/projects/PROJECT/messages:send.
func (f *FCM) send(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("method") != "messages:send" {
		http.NotFound(w, r)
		return
	}
	var request fcmRequest
	var message fcmMessage
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPushBytes)).Decode(&request)
	if err == nil {
		err = json.Unmarshal(request.Message, &message)
	}
	if err != nil || message.Token == "" {
		refusePush(w, fcmRefusal{status: http.StatusBadRequest, rpc: "INVALID_ARGUMENT", code: "INVALID_ARGUMENT"})
		return
	}
	for _, refusal := range fcmRefusals {
		if strings.HasPrefix(message.Token, refusal.prefix) {
			refusePush(w, refusal)
			return
		}
	}
	project := r.PathValue("project")
	name := fmt.Sprintf("projects/%s/messages/%d", project, f.ids.Add(1))
	if !request.ValidateOnly {
		f.add(Push{
			Name: name, Project: project, Token: message.Token,
			Title: message.Notification.Title, Body: message.Notification.Body,
			Data: message.Data, CollapseKey: message.Android.CollapseKey, APNSHeaders: message.APNS.Headers,
			Raw: request.Message,
		})
	}
	writeJSON(w, http.StatusOK, map[string]string{"name": name})
}

func refusePush(w http.ResponseWriter, refusal fcmRefusal) {
	writeJSON(w, refusal.status, map[string]any{"error": map[string]any{
		"code":    refusal.status,
		"status":  refusal.rpc,
		"message": "refused by the local FCM sink: " + refusal.code,
		"details": []map[string]string{{
			"@type":     "type.googleapis.com/google.firebase.fcm.v1.FcmError",
			"errorCode": refusal.code,
		}},
	}})
}
