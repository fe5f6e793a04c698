package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// rightMail is a mail that every server takes.
const rightMail = "From: a@example.com\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <m@example.com>\r\n" +
	"Subject: x\r\n\r\nhello\r\n"

// codeOf returns the code that a server answered with, 250 if it took the mail and 0 if there was
// no answer.
func codeOf(err error) int {
	refusal, ok := errors.AsType[*textproto.Error](err)
	switch {
	case err == nil:
		return 250
	case ok:
		return refusal.Code
	default:
		return 0
	}
}

// send sends the mail byte for byte, since smtp.SendMail mends its line ends.
func send(t *testing.T, sink *SMTP, to, mail string) error {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", sink.Host())
	if err != nil {
		return err // a reset can be as early as this
	}
	text := textproto.NewConn(conn)
	defer text.Close()
	if _, _, err := text.ReadResponse(220); err != nil {
		return err
	}
	for _, step := range []struct {
		command string
		code    int
	}{
		{"EHLO localhost", 250}, {"MAIL FROM:<a@example.com>", 250}, {"RCPT TO:<" + to + ">", 250}, {"DATA", 354},
	} {
		if err := text.PrintfLine("%s", step.command); err != nil {
			return err
		}
		if _, _, err := text.ReadResponse(step.code); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(conn, mail, ".\r\n"); err != nil {
		return err
	}
	_, _, err = text.ReadResponse(250)
	return err
}

func TestSMTP_refusesWhatBreaksTheRules(t *testing.T) {
	sink := newSMTPTest(t)
	tests := map[string]string{
		"no header":        "no header\r\n",
		"no sender":        strings.Replace(rightMail, "From: ", "Fr: ", 1),
		"an odd sender":    strings.Replace(rightMail, "a@example.com", "a at example.com", 1),
		"no date":          strings.Replace(rightMail, "Date: ", "Da: ", 1),
		"an odd date":      strings.Replace(rightMail, "Nov", "Nob", 1),
		"no id":            strings.Replace(rightMail, "Message-ID: ", "Id: ", 1),
		"two senders":      "From: b@example.com\r\n" + rightMail,
		"8 bits in header": strings.Replace(rightMail, "Subject: x", "Subject: ü", 1),
		"a bare LF":        strings.Replace(rightMail, "hello", "hel\nlo", 1),
		"a bare CR":        strings.Replace(rightMail, "hello", "hel\rlo", 1),
		"a long line":      strings.Replace(rightMail, "hello", strings.Repeat("x", 999), 1),
		"a long header":    strings.Replace(rightMail, "Subject: x", "Subject: "+strings.Repeat("x", 990), 1),
	}
	for name, mail := range tests {
		t.Run(name, func(t *testing.T) {
			if err := send(t, sink, "user@example.com", mail); codeOf(err) != 554 {
				t.Errorf("answer %v, want 554", err)
			}
		})
	}
	long := strings.Replace(rightMail, "hello", strings.Repeat("x", 998), 1)
	if err := send(t, sink, "user@example.com", long); err != nil {
		t.Errorf("a line of 998 bytes: %v", err)
	}
	if got, all := len(sink.Messages()), len(sink.Attempts()); got != 1 || all != len(tests)+1 {
		t.Errorf("%d mails of %d attempts", got, all)
	}
}

func TestSMTP_script(t *testing.T) {
	sink := newSMTPTest(t)
	const to = "user@example.com"
	tests := []struct {
		answer MailAnswer
		want   MailAttempt
	}{
		{MailAnswer{At: Greeting, Code: 421}, MailAttempt{Step: Greeting, Code: 421}},
		{MailAnswer{At: Greeting, Drop: true}, MailAttempt{Step: Greeting}},
		{MailAnswer{At: Sender, Code: 452}, MailAttempt{Step: Sender, Code: 452}},
		{MailAnswer{At: Sender, Drop: true}, MailAttempt{Step: Sender}},
		{MailAnswer{At: Recipient, Code: 451}, MailAttempt{To: to, Step: Recipient, Code: 451}},
		{MailAnswer{At: Content, Code: 554}, MailAttempt{To: to, Step: Content, Code: 554}},
		{MailAnswer{At: Content, Drop: true}, MailAttempt{To: to, Step: Content}},
		{MailAnswer{At: Content, Drop: true, Taken: true}, MailAttempt{To: to, Step: Content, Taken: true}},
		{MailAnswer{At: Content}, MailAttempt{To: to, Step: Content, Code: 250, Taken: true}},
	}
	var want []MailAttempt
	taken := 0
	for _, tt := range tests {
		key := ""
		if tt.want.To != "" {
			key = to
		}
		sink.Script(key, tt.answer)
		if err := send(t, sink, to, rightMail); codeOf(err) != tt.want.Code {
			t.Errorf("%+v: %v", tt.answer, err)
		}
		want = append(want, tt.want)
		if tt.want.Taken {
			taken++
		}
	}
	if diff := cmp.Diff(want, sink.Attempts(), cmpopts.IgnoreFields(MailAttempt{}, "At")); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if n := len(sink.Messages()); n != taken {
		t.Errorf("%d mails, want the %d taken", n, taken)
	}
}

func TestSMTP_scriptIsInOrder(t *testing.T) {
	sink := newSMTPTest(t)
	sink.Script("user@example.com", MailAnswer{At: Recipient, Code: 451}, MailAnswer{At: Content, Code: 452})
	for i, want := range []int{451, 452, 250} {
		if err := send(t, sink, "user@example.com", rightMail); codeOf(err) != want {
			t.Errorf("mail %d: %v, want %d", i, err, want)
		}
		if err := send(t, sink, "other@example.com", rightMail); err != nil {
			t.Errorf("another's mail %d: %v", i, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an answer before the recipient was taken for one")
		}
	}()
	sink.Script("user@example.com", MailAnswer{At: Greeting, Code: 421})
}

func TestSMTP_login(t *testing.T) {
	sink := newSMTPTest(t)
	sink.RequireLogin("user", "secret")
	host, _, _ := net.SplitHostPort(sink.Host())
	for password, want := range map[string]int{"secret": 250, "guess": 535, "": 530} {
		var login smtp.Auth
		if password != "" {
			login = smtp.PlainAuth("", "user", password, host)
		}
		err := smtp.SendMail(sink.Host(), login, "a@example.com", []string{"b@example.com"}, []byte(rightMail))
		if codeOf(err) != want {
			t.Errorf("password %q: %v, want %d", password, err, want)
		}
	}
}

// A conversation that the client ends is an attempt, too.
func TestSMTP_aByteASecond(t *testing.T) {
	sink := newSMTPTest(t)
	sink.Script("", MailAnswer{At: Greeting, Drip: time.Hour})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", sink.Host())
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	if n, err := conn.Read(b); n != 1 || b[0] != '2' {
		t.Errorf("read %q, %v, want the first byte", b[:n], err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	first := func(MailAttempt) bool { return true }
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got, err := sink.attempts.Wait(ctx, first); err != nil || got.Step != Greeting || got.Code != 0 {
		t.Errorf("attempt = %+v, %v", got, err)
	}
}
