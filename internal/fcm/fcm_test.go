package fcm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"firebase.google.com/go/v4/messaging"
	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/provider"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

const token = "device-1"

// sink starts a sink and returns it with a sender to it.
func sink(t *testing.T) (*emulator.FCM, *fcm.Sender) {
	t.Helper()
	server, err := emulator.NewFCM()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, senderTo(t, server.URL())
}

func senderTo(t *testing.T, endpoint string) *fcm.Sender {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	sender, err := fcm.New(fcm.Config{Project: "demo-fcm", Endpoint: endpoint, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func push() *messaging.Message {
	return &messaging.Message{Token: token, Notification: &messaging.Notification{Title: "Done"}}
}

func TestNew_refuses(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/dev/null")
	for name, c := range map[string]fcm.Config{
		"no project":     {Endpoint: "http://127.0.0.1:1"},
		"no credentials": {Project: "demo-fcm"},
	} {
		if _, err := fcm.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSend_sendsTheWholeMessage(t *testing.T) {
	t.Parallel()
	server, sender := sink(t)
	ttl := 24 * time.Hour
	m := push()
	m.Data = map[string]string{"scanId": "s1"}
	m.Android = &messaging.AndroidConfig{TTL: &ttl, Priority: "high", CollapseKey: "scans"}
	m.APNS = &messaging.APNSConfig{Headers: map[string]string{"apns-expiration": "1764000000"}}
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	all := server.Messages()
	if len(all) != 1 {
		t.Fatalf("%d pushes, want one", len(all))
	}
	got := all[0]
	if got.Project != "demo-fcm" || got.Token != token || got.Title != "Done" || got.Data["scanId"] != "s1" ||
		got.TTL != "86400s" || got.Priority != "high" || got.CollapseKey != "scans" ||
		got.APNSHeaders["apns-expiration"] != "1764000000" {
		t.Errorf("push = %+v", got)
	}
}

// Each case makes one request, whatever the answer, and its error does not show the token.
func TestSend_refusals(t *testing.T) {
	date := time.Now().Add(10 * time.Hour).UTC().Format(http.TimeFormat)
	tests := map[string]struct {
		answer emulator.PushAnswer
		want   error // nil is a provider's fault
		class  string
		after  time.Duration
		ours   bool
	}{
		"a removed app":        {answer: emulator.PushAnswer{Status: 404, Code: "UNREGISTERED"}, want: fcm.ErrDead},
		"another sender's":     {answer: emulator.PushAnswer{Status: 403, Code: "SENDER_ID_MISMATCH"}, want: fcm.ErrDead},
		"a field of the token": {answer: invalid("", "message.token"), want: fcm.ErrToken},
		"the words about the token": {
			answer: invalid("The registration token is not a valid FCM registration token"), want: fcm.ErrToken,
		},
		"another field":       {answer: invalid("", "message.data[0].value"), want: fcm.ErrPayload},
		"the token among all": {answer: invalid("", "message.android.ttl", "message.token"), want: fcm.ErrToken},
		"no reason":           {answer: invalid("Request contains an invalid argument."), want: fcm.ErrArgument},
		"no reason and code":  {answer: emulator.PushAnswer{Status: 400}, want: fcm.ErrArgument},
		"no JSON":             {answer: emulator.PushAnswer{Status: 400, Body: "<html>"}, want: fcm.ErrArgument},
		"too large":           {answer: emulator.PushAnswer{Status: 413, Body: "<html>"}, want: fcm.ErrPayload},

		"quota":              {answer: refusal(429, "QUOTA_EXCEEDED", "30"), class: provider.Quota, after: 30 * time.Second},
		"quota without time": {answer: refusal(429, "QUOTA_EXCEEDED", ""), class: provider.Quota, after: time.Minute},
		"unavailable": {
			answer: refusal(503, "UNAVAILABLE", "600"), class: provider.Unavailable, after: 10 * time.Minute,
		},
		"until a date": {answer: refusal(503, "UNAVAILABLE", date), class: provider.Unavailable, after: 10 * time.Hour},
		"until a past date": {
			answer: refusal(503, "UNAVAILABLE", "Wed, 21 Oct 2015 07:28:00 GMT"), class: provider.Unavailable,
		},
		"odd time":      {answer: refusal(503, "UNAVAILABLE", "soon"), class: provider.Unavailable},
		"negative time": {answer: refusal(503, "UNAVAILABLE", "-5"), class: provider.Unavailable},
		"huge time": {
			answer: refusal(503, "UNAVAILABLE", "4294967295"), class: provider.Unavailable, after: 24 * time.Hour,
		},
		"internal": {answer: refusal(500, "INTERNAL", "1"), class: provider.Internal, after: time.Second},
		"gateway":  {answer: emulator.PushAnswer{Status: 502, Body: "<html>"}, class: provider.Unavailable},
		"Apple's key": {
			answer: refusal(401, "THIRD_PARTY_AUTH_ERROR", ""), class: provider.Auth, ours: true,
		},
		"our key":       {answer: emulator.PushAnswer{Status: 401}, class: provider.Auth, ours: true},
		"our right":     {answer: emulator.PushAnswer{Status: 403}, class: provider.Auth, ours: true},
		"no such path":  {answer: emulator.PushAnswer{Status: 404, Body: "<html>"}, class: provider.Config, ours: true},
		"a redirection": {answer: emulator.PushAnswer{Status: 307}, class: provider.Config, ours: true},

		"reset before":      {answer: emulator.PushAnswer{Break: emulator.BreakUntaken}, class: provider.Network},
		"reset after":       {answer: emulator.PushAnswer{Break: emulator.BreakTaken}, class: provider.Network},
		"the body is lost":  {answer: lostBody(503, "7"), class: provider.Network, after: 7 * time.Second},
		"the body of a 404": {answer: lostBody(404, ""), class: provider.Network},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sender := sink(t)
			server.Script(token, tt.answer)
			err := sender.Send(t.Context(), push())
			fault, _ := errors.AsType[*provider.Fault](err)
			switch {
			case tt.want != nil:
				if !errors.Is(err, tt.want) || fault != nil {
					t.Errorf("error = %v, want %v", err, tt.want)
				}
			case fault == nil || fault.Class != tt.class || fault.Ours != tt.ours || !near(fault.RetryAfter, tt.after):
				t.Errorf("error = %v (%+v), want class %s after %s", err, fault, tt.class, tt.after)
			}
			if n := len(server.Attempts()); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

// near allows for the time since a date was written, which is the longest wait here.
func near(got, want time.Duration) bool { return (got - want).Abs() <= want/100 }

func invalid(message string, fields ...string) emulator.PushAnswer {
	return emulator.PushAnswer{Status: 400, Code: "INVALID_ARGUMENT", Message: message, Fields: fields}
}

func refusal(status int, code, after string) emulator.PushAnswer {
	return emulator.PushAnswer{Status: status, Code: code, RetryAfter: after, Message: "not now, " + token}
}

func lostBody(status int, after string) emulator.PushAnswer {
	return emulator.PushAnswer{Status: status, Code: "UNREGISTERED", RetryAfter: after, Break: emulator.BreakAnswer}
}

func TestSend_lostBodyOfAnAcceptance(t *testing.T) {
	t.Parallel()
	server, sender := sink(t)
	server.Script(token, emulator.PushAnswer{Break: emulator.BreakAnswer})
	if err := sender.Send(t.Context(), push()); err != nil || len(server.Messages()) != 1 {
		t.Errorf("error = %v, want none: the message was accepted", err)
	}
}

func TestSend_tooMuchOrTooLate(t *testing.T) {
	never := make(chan struct{})
	tests := map[string]struct {
		answer emulator.PushAnswer
		taken  int
	}{
		"no answer":                  {emulator.PushAnswer{Status: 503, Wait: never}, 0},
		"no answer to what it takes": {emulator.PushAnswer{Wait: never}, 1},
		"a byte a second":            {emulator.PushAnswer{Drip: time.Second}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sender := sink(t)
			server.Script(token, tt.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			err := sender.Send(ctx, push())
			fault, _ := errors.AsType[*provider.Fault](err)
			if fault == nil || fault.Class != provider.Timeout || fault.Ours || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want a timeout", err)
			}
			if len(server.Attempts()) != 1 || len(server.Messages()) != tt.taken {
				t.Errorf("attempts = %+v with %d messages", server.Attempts(), len(server.Messages()))
			}
		})
	}
}

func TestSend_cancelled(t *testing.T) {
	t.Parallel()
	_, sender := sink(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := sender.Send(ctx, push())
	if fault, _ := errors.AsType[*provider.Fault](err); fault == nil || !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want a fault that says it was cancelled", err)
	}
}

func TestSend_noServer(t *testing.T) {
	t.Parallel()
	err := senderTo(t, "http://127.0.0.1:1/v1").Send(t.Context(), push())
	fault, _ := errors.AsType[*provider.Fault](err)
	if fault == nil || fault.Class != provider.Network || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error = %v, want a fault of the network", err)
	}
}

func TestSend_emptyToken(t *testing.T) {
	t.Parallel()
	server, sender := sink(t)
	if err := sender.Send(t.Context(), new(messaging.Message)); !errors.Is(err, fcm.ErrToken) {
		t.Errorf("error = %v, want ErrToken", err)
	}
	if n := len(server.Attempts()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// A connection that the server has closed while it was idle is no failed attempt.
func TestSend_afterAnIdleConnectionWasReset(t *testing.T) {
	t.Parallel()
	server, sender := sink(t)
	server.Script(token, emulator.PushAnswer{}, emulator.PushAnswer{Break: emulator.BreakUntaken}, emulator.PushAnswer{})
	for i, want := range []bool{true, false, true} {
		if err := sender.Send(t.Context(), push()); (err == nil) != want {
			t.Errorf("push %d: %v", i, err)
		}
	}
	if n := len(server.Attempts()); n != 3 {
		t.Errorf("%d requests, want one for each push", n)
	}
}
