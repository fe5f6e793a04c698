// Package fcm sends push messages by Firebase Cloud Messaging.
//
// The Firebase SDK's own client is not used for it: after a 503 or a network error it sends the
// message up to four more times, waiting two minutes at most between them, which no option turns
// off (firebase.google.com/go/v4/internal/http_client.go). Who holds a claim on a delivery must
// know of every request, and cannot wait so long. So the SDK's message is posted here, once.
package fcm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"firebase.google.com/go/v4/messaging"

	"github.com/facescan/facescan/internal/provider"
)

const (
	// production is the endpoint and scope the right that it demands:
	// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
	production = "https://fcm.googleapis.com/v1"
	scope      = "https://www.googleapis.com/auth/firebase.messaging"
	// timeout bounds a request. Google asks to wait 10 s or more before a request is given up:
	// https://firebase.google.com/docs/cloud-messaging/scale-fcm
	timeout = 10 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes. Real ones have less than 1 KB.
	maxAnswer = 64 << 10
)

// Errors of [Sender.Send] that will not pass by themselves. All others are a [*provider.Fault].
var (
	// ErrDead means that the token belongs to an app that was removed, or to another sender.
	ErrDead = errors.New("the device's token is dead")
	// ErrToken means that FCM takes the token for no token.
	ErrToken = errors.New("the device's token is malformed")
	// ErrArgument means that FCM refuses the token or the rest of the message, and does not say which.
	ErrArgument = errors.New("the push is refused without a reason")
	// ErrPayload means that FCM refuses the rest of the message, for whatever token.
	ErrPayload = errors.New("the content of the push is refused")
)

// Config is the configuration of a [Sender].
type Config struct {
	// Project is the Firebase project's id.
	Project string
	// Endpoint replaces the endpoint of FCM, such as "http://127.0.0.1:8080/v1". Requests to it carry
	// no credentials. "" is FCM itself, with Application Default Credentials.
	Endpoint string
	// Transport carries the requests. nil is a transport of the sender's own.
	Transport http.RoundTripper
}

// Sender sends pushes. It is safe for concurrent use.
type Sender struct {
	client *http.Client
	url    string
}

// New returns a sender. It connects to nothing. It returns an error if there are no credentials.
func New(c Config) (*Sender, error) {
	if c.Project == "" {
		return nil, errors.New("the project of the pushes is not set")
	}
	opts := &httptransport.Options{BaseRoundTripper: c.Transport, DisableAuthentication: true}
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = production
		opts.DisableAuthentication, opts.DetectOpts = false, &credentials.DetectOptions{Scopes: []string{scope}}
	}
	client, err := httptransport.NewClient(opts)
	if err != nil {
		return nil, fmt.Errorf("make the client of FCM: %w", err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Sender{client: client, url: endpoint + "/projects/" + c.Project + "/messages:send"}, nil
}

// Send sends the message to its token by one request, which it gives up after 10 s or when ctx
// ends. A message that FCM has accepted is no error even if the rest of the answer is lost. No
// error contains the token.
func (s *Sender) Send(ctx context.Context, m *messaging.Message) error {
	if m.Token == "" {
		return ErrToken
	}
	body, err := json.Marshal(map[string]any{"message": m})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPayload, err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request to FCM: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Goog-Api-Format-Version", "2") // as the SDK does: errors come with their details
	resp, err := s.client.Do(req)
	if err != nil {
		return lost(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case err != nil:
		f := provider.Lost(err)
		f.RetryAfter = retryAfter(resp.Header)
		return f
	default:
		return refusal(resp, text)
	}
}

// lost returns the fault of a request without an answer. It leaves out what the server of the
// access tokens says, which names our account.
func lost(err error) error {
	token, ok := errors.AsType[*auth.Error](err)
	if !ok {
		return provider.Lost(err)
	}
	f := &provider.Fault{Class: provider.Unavailable, Err: errors.New("no access token for FCM")}
	if r := token.Response; r != nil {
		f.Err = fmt.Errorf("%w: status %d", f.Err, r.StatusCode)
		if r.StatusCode/100 == 4 && r.StatusCode != http.StatusTooManyRequests {
			f.Class, f.Ours = provider.Auth, true
		}
	}
	return f
}
