// Package mail sends mails over SMTP.
package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// timeout bounds each step of the talk with the mail server.
const timeout = 10 * time.Second

// implicitTLS is the port where TLS comes first; on others it is STARTTLS.
const implicitTLS = 465

// Errors of [Sender.Send]: the mail cannot reach this address, now or later.
var (
	// ErrAddress means that the text is no address.
	ErrAddress = errors.New("the address is no address")
	// ErrRefused means that the server refuses the mailbox, and not for now only.
	ErrRefused = errors.New("the mail server refuses the address")
)

// Config says how to reach the mail server.
type Config struct {
	// Addr is its host:port.
	Addr string
	// User and Password are "" where the server asks for none.
	User, Password string
	// From is the sender, such as "FaceScan <hello@example.com>".
	From string
	// Plain goes without TLS, for the local stack's sink only.
	Plain bool
}

// Message is a mail to one address.
type Message struct {
	// ID names the mail, so that a mail store can tell a repetition. It is the first part of the
	// Message-ID.
	ID      string
	To      string
	Subject string
	// Text and HTML say the same in two ways, of which the reader's program shows one.
	Text, HTML string
	Date       time.Time
}

// Sender sends mails over SMTP, with TLS or not at all unless told to go without. It is safe for
// concurrent use.
type Sender struct {
	client *mail.Client
	from   string
	// domain is the sender's, for Message-IDs.
	domain string
}

// New returns a sender; it dials nothing. The error is of the configuration.
func New(c Config) (*Sender, error) {
	host, portText, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, fmt.Errorf("mail server address: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("mail server port: %w", err)
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail sender: %w", err)
	}
	client, err := mail.NewClient(host, c.options(port)...)
	if err != nil {
		return nil, fmt.Errorf("make the mail client: %w", err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return &Sender{client: client, from: c.From, domain: domain}, nil
}

func (c Config) options(port int) []mail.Option {
	opts := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(timeout), mail.WithTLSPolicy(mail.TLSMandatory),
	}
	switch {
	case c.Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case port == implicitTLS:
		opts = append(opts, mail.WithSSL())
	}
	if c.User != "" {
		opts = append(opts,
			mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	return opts
}

// Send sends the mail. Where it cannot reach the address, the error is [ErrAddress] or
// [ErrRefused]; after any other error it may be tried again. No error shows the address.
func (s *Sender) Send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	err = s.client.DialAndSendWithContext(ctx, letter)
	if letter.IsDelivered() {
		if err != nil {
			slog.InfoContext(ctx, "mail delivered, but the server did not end the session cleanly")
		}
		return nil
	}
	return answer(err)
}

// letter returns the mail as the client takes it.
func (s *Sender) letter(m Message) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(s.from); err != nil {
		return nil, fmt.Errorf("set the sender: %w", err)
	}
	if letter.To(m.To) != nil {
		return nil, ErrAddress
	}
	letter.Subject(m.Subject)
	letter.SetMessageIDWithValue(m.ID + "@" + s.domain)
	letter.SetDateWithValue(m.Date)
	// RFC 3834: no holiday notice should answer.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	return letter, nil
}

// answer returns what the mail server's answer means. The server's words are left out, since they
// tend to repeat the address.
func answer(err error) error {
	var refusal *mail.SendError
	if !errors.As(err, &refusal) {
		return err
	}
	if refusal.Reason == mail.ErrSMTPRcptTo && !refusal.IsTemp() && refusal.ErrorCode() >= 500 {
		return ErrRefused
	}
	return fmt.Errorf("the mail server refused: %v, code %d", refusal.Reason, refusal.ErrorCode())
}
