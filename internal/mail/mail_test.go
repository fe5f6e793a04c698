package mail_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/provider"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

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

// Each case is one conversation. Errors are logged, and so must not show the address.
func TestSend_refusals(t *testing.T) {
	t.Parallel()
	const to = "ann@example.com"
	at := func(step emulator.Step, code int) emulator.MailAnswer {
		return emulator.MailAnswer{At: step, Code: code}
	}
	drop := func(step emulator.Step) emulator.MailAnswer { return emulator.MailAnswer{At: step, Drop: true} }
	tests := map[string]struct {
		answer emulator.MailAnswer
		want   error // nil is a provider's fault
		class  string
		ours   bool
	}{
		"no such mailbox":       {answer: at(emulator.Recipient, 550), want: mail.ErrRefused},
		"a mailbox with a name": {answer: at(emulator.Recipient, 553), want: mail.ErrRefused},
		"the sender":            {answer: at(emulator.Sender, 550), want: mail.ErrRejected},
		"too large":             {answer: at(emulator.Sender, 552), want: mail.ErrRejected},
		"spam":                  {answer: at(emulator.Content, 554), want: mail.ErrRejected},
		"policy":                {answer: at(emulator.Content, 550), want: mail.ErrRejected},
		"greylisted":            {answer: at(emulator.Recipient, 451), class: provider.Greylisted},
		"greylisted by 450":     {answer: at(emulator.Recipient, 450), class: provider.Greylisted},
		"no room":               {answer: at(emulator.Recipient, 452), class: provider.Unavailable},
		"busy at the greeting":  {answer: at(emulator.Greeting, 421), class: provider.Unavailable},
		"busy at MAIL":          {answer: at(emulator.Sender, 421), class: provider.Unavailable},
		"busy at RCPT":          {answer: at(emulator.Recipient, 421), class: provider.Unavailable},
		"busy at DATA":          {answer: at(emulator.Content, 451), class: provider.Unavailable},
		"no service for us":     {answer: at(emulator.Greeting, 554), class: provider.Config, ours: true},
		"login demanded":        {answer: at(emulator.Sender, 530), class: provider.Auth, ours: true},
		"reset at the greeting": {answer: drop(emulator.Greeting), class: provider.Network},
		"reset at MAIL":         {answer: drop(emulator.Sender), class: provider.Network},
		"reset at RCPT":         {answer: drop(emulator.Recipient), class: provider.Network},
		"reset after DATA":      {answer: drop(emulator.Content), class: provider.Unknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sender := sink(t, true)
			key := ""
			if tt.answer.At == emulator.Recipient || tt.answer.At == emulator.Content {
				key = to
			}
			server.Script(key, tt.answer)
			err := sender.Send(t.Context(), letterTo(to))
			fault, _ := errors.AsType[*provider.Fault](err)
			switch {
			case tt.want != nil:
				if !errors.Is(err, tt.want) || fault != nil {
					t.Errorf("error = %v, want %v", err, tt.want)
				}
			case fault == nil || fault.Class != tt.class || fault.Ours != tt.ours:
				t.Errorf("error = %v (%+v), want class %s", err, fault, tt.class)
			}
			if strings.Contains(err.Error(), "ann") || strings.Contains(err.Error(), "sink") {
				t.Errorf("the error shows the address or the server's words: %v", err)
			}
			if all := server.Attempts(); len(all) != 1 || all[0].Step != tt.answer.At || len(server.Messages()) > 0 {
				t.Errorf("attempts = %+v with %d mails", all, len(server.Messages()))
			}
			if err := sender.Send(t.Context(), letterTo(to)); err != nil {
				t.Errorf("the next mail: %v", err)
			}
		})
	}
}

// The local stack's sink can demand a login without TLS.
func TestSend_plainLogin(t *testing.T) {
	t.Parallel()
	server, _ := sink(t, true)
	server.RequireLogin("user", "secret")
	for password, class := range map[string]string{"secret": "", "guess": provider.Auth} {
		sender, err := mail.New(mail.Config{
			Addr: server.Host(), From: "a@example.com", Plain: true, User: "user", Password: password,
		})
		if err != nil {
			t.Fatal(err)
		}
		err = sender.Send(t.Context(), letterTo("ann@example.com"))
		fault, _ := errors.AsType[*provider.Fault](err)
		if (err == nil) != (class == "") || class != "" && (fault == nil || fault.Class != class || !fault.Ours) {
			t.Errorf("password %q: %v", password, err)
		}
	}
}

func TestSend_noAddress(t *testing.T) {
	t.Parallel()
	server, sender := sink(t, true)
	for _, to := range []string{"", "ann at home", "ann@", "ann@example.com\r\nBcc: eve@example.com", "a@b.c, d@e.f"} {
		if err := sender.Send(t.Context(), letterTo(to)); !errors.Is(err, mail.ErrAddress) {
			t.Errorf("%q: %v, want ErrAddress", to, err)
		}
	}
	if n := len(server.Attempts()); n != 0 {
		t.Errorf("%d conversations, want none", n)
	}
}

// The answer that was lost may have been that the mail is taken.
func TestSend_lostAnswer(t *testing.T) {
	t.Parallel()
	server, sender := sink(t, true)
	server.Script("ann@example.com", emulator.MailAnswer{At: emulator.Content, Drop: true, Taken: true})
	err := sender.Send(t.Context(), letterTo("ann@example.com"))
	if fault, _ := errors.AsType[*provider.Fault](err); fault == nil || fault.Class != provider.Unknown {
		t.Errorf("error = %v, want an unknown outcome", err)
	}
	if err := sender.Send(t.Context(), letterTo("ann@example.com")); err != nil {
		t.Fatal(err)
	}
	all := server.Messages()
	if len(all) != 2 || all[0].MessageID != all[1].MessageID {
		t.Errorf("mails = %+v, want two of one id", all)
	}
}

// The end of the context ends the conversation wherever it is.
func TestSend_slowServer(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	for name, tt := range map[string]struct {
		answer emulator.MailAnswer
		class  string
	}{
		"a byte a second":            {emulator.MailAnswer{At: emulator.Greeting, Drip: time.Second}, provider.Timeout},
		"a byte a second after MAIL": {emulator.MailAnswer{At: emulator.Sender, Drip: time.Second}, provider.Timeout},
		"no greeting":                {emulator.MailAnswer{At: emulator.Greeting, Wait: never}, provider.Timeout},
		"no answer to MAIL":          {emulator.MailAnswer{At: emulator.Sender, Wait: never}, provider.Timeout},
		"no answer to RCPT":          {emulator.MailAnswer{At: emulator.Recipient, Wait: never}, provider.Timeout},
		"no answer to what it takes": {emulator.MailAnswer{At: emulator.Content, Wait: never}, provider.Unknown},
		"a slow answer to what it takes": {
			emulator.MailAnswer{At: emulator.Content, Drip: time.Second}, provider.Unknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sender := sink(t, true)
			key := ""
			if tt.answer.At == emulator.Recipient || tt.answer.At == emulator.Content {
				key = "ann@example.com"
			}
			server.Script(key, tt.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			err := sender.Send(ctx, letterTo("ann@example.com"))
			fault, _ := errors.AsType[*provider.Fault](err)
			if fault == nil || fault.Class != tt.class || fault.Ours || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want class %s", err, tt.class)
			}
		})
	}
}

func TestSend_noServer(t *testing.T) {
	t.Parallel()
	sender, err := mail.New(mail.Config{Addr: "127.0.0.1:1", From: "a@example.com", Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), letterTo("ann@example.com"))
	if fault, _ := errors.AsType[*provider.Fault](err); fault == nil || fault.Class != provider.Network || fault.Ours {
		t.Errorf("error = %v, want a fault of the network", err)
	}
}

// What comes back is no SMTP, and may be anything.
func TestSend_notAMailServer(t *testing.T) {
	t.Parallel()
	socket, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello ann@example.com\r\n"))
			_ = conn.Close()
		}
	}()
	sender, err := mail.New(mail.Config{Addr: socket.Addr().String(), From: "a@example.com", Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), letterTo("ann@example.com"))
	fault, _ := errors.AsType[*provider.Fault](err)
	if fault == nil || !fault.Ours || strings.Contains(err.Error(), "ann@") {
		t.Errorf("error = %v, want a fault of the configuration", err)
	}
}
