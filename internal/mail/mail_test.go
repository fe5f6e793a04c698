package mail_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/mail"
)

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]mail.Config{
		"no port":    {Addr: "mail.example.com", From: "a@example.com"},
		"odd port":   {Addr: "mail.example.com:smtp!", From: "a@example.com"},
		"port 0":     {Addr: "mail.example.com:0", From: "a@example.com"},
		"no host":    {Addr: ":25", From: "a@example.com"},
		"no sender":  {Addr: "mail.example.com:25"},
		"no address": {Addr: "mail.example.com:25", From: "FaceScan"},
		"empty":      {},
	} {
		if _, err := mail.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// sink starts a mail server and returns it with a sender to it, which demands TLS unless it is
// plain.
func sink(t *testing.T, plain bool) (*emulator.SMTP, *mail.Sender) {
	t.Helper()
	server, err := emulator.NewSMTP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	sender, err := mail.New(mail.Config{
		Addr: server.Host(), From: "FaceScan <hello@facescan.example>", Plain: plain,
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, sender
}

func letterTo(address string) mail.Message {
	return mail.Message{
		ID: "m", To: address, Subject: "S", Text: "plain", HTML: "<p>rich</p>",
		Date: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	server, sender := sink(t, true)
	if err := sender.Send(t.Context(), letterTo("ann@example.com")); err != nil {
		t.Fatal(err)
	}
	all := server.Messages()
	if len(all) != 1 {
		t.Fatalf("%d mails, want one", len(all))
	}
	got := all[0]
	if got.Subject != "S" || got.From != "hello@facescan.example" || len(got.To) != 1 || got.To[0] != "ann@example.com" ||
		got.MessageID != "<m@facescan.example>" || got.Header.Get("Auto-Submitted") != "auto-generated" ||
		strings.TrimSpace(got.Text) != "plain" || strings.TrimSpace(got.HTML) != "<p>rich</p>" {
		t.Errorf("mail = %+v", got)
	}
}

// Errors are logged, and so must not show the address.
func TestSend_whatCannotBe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		address string
		plain   bool
		want    error // nil is any that may be mended
	}{
		"no address":           {"ann at home", true, mail.ErrAddress},
		"no such mailbox":      {"bounce@example.com", true, mail.ErrRefused},
		"a mailbox that waits": {"later@example.com", true, nil},
		"a server without TLS": {"ann@example.com", false, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sender := sink(t, tt.plain)
			err := sender.Send(t.Context(), letterTo(tt.address))
			final := errors.Is(err, mail.ErrAddress) || errors.Is(err, mail.ErrRefused)
			if err == nil || final != (tt.want != nil) || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), tt.address) || len(server.Messages()) > 0 {
				t.Errorf("error = %v with %d mails", err, len(server.Messages()))
			}
		})
	}
}
