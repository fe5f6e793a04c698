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

// timeout bounds each step of the conversation with the mail server.
const timeout = 10 * time.Second

// implicitTLS is the port on which TLS comes first. Others use STARTTLS.
const implicitTLS = 465

// Errors of [Sender.Send] that mean that mail cannot reach this address, now or later.
var (
	// ErrAddress means that the text is not an address.
	ErrAddress = errors.New("the text is not an address")
	// ErrRefused means that the server permanently refuses the mailbox.
	ErrRefused = errors.New("the mail server refuses the address")
)

// Config is the configuration of the mail server.
type Config struct {
	// Addr is its host:port.
	Addr string
	// User and Password are "" if the server requires none.
	User, Password string
	// From is the sender, such as "FaceScan <hello@example.com>".
	From string
	// Plain turns TLS off, for the local stack's sink only.
	Plain bool
}

// Message is a mail to one address.
type Message struct {
	// ID identifies the mail, so that a mail store can detect a repetition. It is the first part of
	// the Message-ID.
	ID      string
	To      string
	Subject string
	// Text and HTML are two forms of the same content, of which the reader's program shows one.
	Text, HTML string
	Date       time.Time
}

// Sender sends mails over SMTP, and only with TLS unless Config.Plain is set. It is safe for
// concurrent use.
type Sender struct {
	client *mail.Client
	from   string
	// domain is the sender's domain, for Message-IDs.
	domain string
}

// New returns a sender. It does not dial. It returns an error for a bad configuration.
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

// Send sends the mail. If the mail cannot reach the address, the error is [ErrAddress] or
// [ErrRefused]. After any other error it may be tried again. No error contains the address.
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

// letter returns the mail in the client's form.
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
	// RFC 3834: no vacation responder should answer.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	return letter, nil
}

// answer returns the error for the mail server's answer. It leaves out the server's words, since
// they often repeat the address.
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
