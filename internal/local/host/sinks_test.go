package host

import (
	"net/http"
	"testing"
	"time"

	"firebase.google.com/go/v4/messaging"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/mail"
)

// sinks returns a host that has nothing but the sinks behind their faults, with what sends to them.
func sinks(t *testing.T) (h *Host, push func(token string) error, post func(to string) error) {
	t.Helper()
	h = &Host{faults: faults.New(nil, 1)}
	var err error
	if h.Push, err = emulator.NewFCM(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Push.Close() })
	if h.Mail, err = emulator.NewSMTP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Mail.Close() })
	h.openSinks()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	pushes, err := fcm.New(fcm.Config{Project: "demo-fcm", Endpoint: h.Push.URL(), Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := mail.New(mail.Config{Addr: h.Mail.Host(), From: "FaceScan <no-reply@facescan.invalid>", Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	push = func(token string) error {
		done := &messaging.Notification{Title: "Done"}
		return pushes.Send(t.Context(), &messaging.Message{Token: token, Notification: done})
	}
	post = func(to string) error {
		return mails.Send(t.Context(), mail.Message{
			ID: "1", To: to, Subject: "Done", Text: "Done.", HTML: "<p>Done.</p>", Date: time.Unix(1_764_000_000, 0),
		})
	}
	return h, push, post
}

func TestSinksFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rates        faults.Rates
		taken, fails bool
	}{
		"no fault":         {faults.Rates{}, true, false},
		"late":             {faults.Rates{Slow: time.Millisecond}, true, false},
		"refused":          {faults.Rates{Fail: 1}, false, true},
		"away":             {faults.Rates{Away: time.Hour}, false, true},
		"an answer lost":   {faults.Rates{Drop: 1, Slow: time.Millisecond}, true, true},
		"a process killed": {faults.Rates{Crash: 1}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, push, post := sinks(t)
			killed := make(chan struct{}, 2)
			h.faults.OnCrash(func() { killed <- struct{}{} })
			h.faults.Set(faults.Spec{faults.FCM: c.rates, faults.Mail: c.rates})
			pushed, posted := push("device"), post("someone@example.com")
			got := []bool{pushed != nil, posted != nil, len(h.Push.Messages()) == 1, len(h.Mail.Messages()) == 1}
			if diff := cmp.Diff([]bool{c.fails, c.fails, c.taken, c.taken}, got); diff != "" {
				t.Errorf("push and mail failed, push and mail were taken (-want +got):\n%s\n%v, %v", diff, pushed, posted)
			}
			if (len(killed) == 2) != (c.rates.Crash == 1) {
				t.Errorf("killed %d times", len(killed))
			}
		})
	}
}

// TestSinksThatAreLateAnswerAsUsual has a fault delay what is refused anyway.
func TestSinksThatAreLateAnswerAsUsual(t *testing.T) {
	t.Parallel()
	h, push, post := sinks(t)
	h.faults.Set(faults.Spec{faults.FCM: {Slow: time.Millisecond}, faults.Mail: {Slow: time.Millisecond}})
	if err := push("unregistered-device"); err == nil {
		t.Error("the device that is gone got a push")
	}
	if err := post("bounce@example.com"); err == nil {
		t.Error("the address that is none got a mail")
	}
}
