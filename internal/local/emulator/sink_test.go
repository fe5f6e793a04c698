package emulator

import (
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/messaging"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/wneessen/go-mail"
	"go.uber.org/goleak"
	"google.golang.org/api/option"
)

func newFCMTest(t *testing.T) (*FCM, *messaging.Client) {
	t.Helper()
	sink, err := NewFCM()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	})
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: "demo-fcm"},
		option.WithEndpoint(sink.URL()), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	client, err := app.Messaging(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sink, client
}

func TestFCMRecordsPushes(t *testing.T) {
	sink, client := newFCMTest(t)
	name, err := client.Send(t.Context(), &messaging.Message{
		Token:        "device-1",
		Notification: &messaging.Notification{Title: "Done", Body: "Your scan is ready"},
		Data:         map[string]string{"scanId": "s1"},
		Android:      &messaging.AndroidConfig{CollapseKey: "scan-s1"},
		APNS:         &messaging.APNSConfig{Headers: map[string]string{"apns-collapse-id": "scan-s1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sink.Wait(t.Context(), func(p Push) bool { return p.Token == "device-1" })
	if err != nil {
		t.Fatal(err)
	}
	want := Push{
		Name: name, Project: "demo-fcm", Token: "device-1", Title: "Done", Body: "Your scan is ready",
		Data: map[string]string{"scanId": "s1"}, CollapseKey: "scan-s1",
		APNSHeaders: map[string]string{"apns-collapse-id": "scan-s1"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Push{}, "Raw")); diff != "" || len(got.Raw) == 0 {
		t.Errorf("push (-want +got):\n%s", diff)
	}
	if _, err := client.SendDryRun(t.Context(), &messaging.Message{Token: "device-2"}); err != nil {
		t.Error(err)
	}
	if n := len(sink.Messages()); n != 1 {
		t.Errorf("%d messages recorded, want 1: a dry run sends none", n)
	}
}

func TestFCM_refusesByToken(t *testing.T) {
	sink, client := newFCMTest(t)
	result, err := client.SendEachForMulticast(t.Context(), &messaging.MulticastMessage{
		Tokens: []string{"good", "unregistered-1", "mismatched-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := result.Responses; !r[0].Success || !messaging.IsUnregistered(r[1].Error) ||
		!messaging.IsSenderIDMismatch(r[2].Error) {
		t.Errorf("responses %+v %+v %+v", r[0], r[1], r[2])
	}
	if n := len(sink.Messages()); n != 1 {
		t.Errorf("%d messages recorded, want the one accepted", n)
	}
}

func newSMTPTest(t *testing.T) *SMTP {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	sink, err := NewSMTP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, leaks)
	})
	return sink
}

func TestSMTPRecordsMails(t *testing.T) {
	sink := newSMTPTest(t)
	m := mail.NewMsg()
	if err := m.From("facescan@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := m.To("user@example.com"); err != nil {
		t.Fatal(err)
	}
	m.Subject("Deine Auswertung für heute")
	m.SetMessageIDWithValue("event-1@facescan")
	m.SetBodyString(mail.TypeTextPlain, "Größe: 3 µm\nEnde")
	m.AddAlternativeString(mail.TypeTextHTML, "<p>Größe</p>")
	if err := m.AttachReader("report.txt", strings.NewReader("attached")); err != nil {
		t.Fatal(err)
	}
	host, port := splitHost(t, sink.Host())
	client, err := mail.NewClient(host, mail.WithPort(port), mail.WithTLSPolicy(mail.NoTLS))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DialAndSendWithContext(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got, err := sink.Wait(t.Context(), func(m Mail) bool { return m.MessageID == "<event-1@facescan>" })
	if err != nil {
		t.Fatal(err)
	}
	want := Mail{
		From: "facescan@example.com", To: []string{"user@example.com"}, Subject: "Deine Auswertung für heute",
		MessageID: "<event-1@facescan>", Text: "Größe: 3 µm\nEnde", HTML: "<p>Größe</p>",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Mail{}, "Header")); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	if got.Header.Get("Mime-Version") != "1.0" {
		t.Errorf("header %v", got.Header)
	}
}

func TestSMTP_refusesByRecipient(t *testing.T) {
	sink := newSMTPTest(t)
	message := []byte(rightMail)
	for to, code := range map[string]int{"bounce@example.com": 550, "later@example.com": 451, "user@example.com": 0} {
		err := smtp.SendMail(sink.Host(), nil, "facescan@example.com", []string{to}, message)
		refused, _ := errors.AsType[*textproto.Error](err)
		if (code == 0) != (err == nil) || (code != 0 && (refused == nil || refused.Code != code)) {
			t.Errorf("%s: %v, want %d", to, err, code)
		}
	}
	mails := sink.Messages()
	if len(mails) != 1 || mails[0].Text != "hello\n" {
		t.Errorf("recorded %+v", mails)
	}
}

// splitHost takes "host:port" apart.
func splitHost(t *testing.T, hostPort string) (string, int) {
	t.Helper()
	var port int
	if _, err := fmt.Sscanf(hostPort, "127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1", port
}
