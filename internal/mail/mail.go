// Package mail sends mails over SMTP.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/facescan/facescan/internal/provider"
)

// timeout bounds each stage of the conversation with the mail server: until its greeting, until the
// mail begins, and until it is taken.
const timeout = 10 * time.Second

// implicitTLS is the port on which TLS comes first. Others use STARTTLS.
const implicitTLS = 465

// Errors of [Sender.Send] that will not pass by themselves. All others are a
// [*github.com/facescan/facescan/internal/provider.Fault].
var (
	// ErrAddress means that the text is not an address.
	ErrAddress = errors.New("the text is not an address")
	// ErrRefused means that the server permanently refuses the mailbox.
	ErrRefused = errors.New("the mail server refuses the address")
	// ErrRejected means that the server permanently refuses this mail, as the sender's or for what it
	// says, or that it cannot be written.
	ErrRejected = errors.New("the mail is refused")
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
	// Roots are the authorities that may certify the server. nil is those of the system.
	Roots *x509.CertPool
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
	// Unsubscribe is the https URL at which a POST of List-Unsubscribe=One-Click ends such mails, for
	// the reader's program to offer (RFC 8058), or "".
	Unsubscribe string
}

// Sender sends mails over SMTP, and only with TLS unless Config.Plain is set. It is safe for
// concurrent use.
type Sender struct {
	host string
	opts []mail.Option
	// tls is the configuration for a server whose TLS comes first, nil for others.
	tls  *tls.Config
	from string
	// domain is the sender's domain, for Message-IDs.
	domain string
	plain  bool
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
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	_, domain, _ := strings.Cut(from.Address, "@")
	s := &Sender{host: host, opts: c.options(port, config), from: c.From, domain: domain, plain: c.Plain}
	if port == implicitTLS && !c.Plain {
		s.tls = config
	}
	if _, err := mail.NewClient(host, s.opts...); err != nil {
		return nil, fmt.Errorf("make the mail client: %w", err)
	}
	return s, nil
}

func (c Config) options(port int, config *tls.Config) []mail.Option {
	opts := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(timeout), mail.WithTLSConfig(config),
		// The connection is new, and ends with the mail.
		mail.WithoutNoop(), mail.WithoutRset(),
	}
	login := mail.SMTPAuthAutoDiscover
	switch {
	case c.Plain:
		opts, login = append(opts, mail.WithTLSPolicy(mail.NoTLS)), mail.SMTPAuthPlainNoEnc
	case port == implicitTLS:
		// The sender has begun TLS, and the server does not offer it again.
		opts = append(opts, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.User != "" {
		opts = append(opts, mail.WithSMTPAuth(login), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	return opts
}

// Send sends the mail by one conversation with the server, which ends with ctx. A mail that the
// server has taken is no error even if the conversation then breaks. No error contains the address
// or the server's words, which often repeat it.
func (s *Sender) Send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	var w wire
	defer w.end()
	client, err := mail.NewClient(s.host, append(s.opts[:len(s.opts):len(s.opts)], w.dial(ctx, s.tls))...)
	if err != nil {
		return fmt.Errorf("make the mail client: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if letter.IsDelivered() {
		if err != nil {
			slog.InfoContext(ctx, "mail delivered, but the server did not end the session cleanly")
		}
		return nil
	}
	return w.refusal(ctx, err)
}

// letter returns the mail in the client's form.
func (s *Sender) letter(m Message) (*mail.Msg, error) {
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := letter.From(s.from); err != nil {
		return nil, fmt.Errorf("set the sender: %w", err)
	}
	if letter.To(m.To) != nil {
		return nil, ErrAddress
	}
	letter.Subject(headerText(m.Subject))
	letter.SetMessageIDWithValue(m.ID + "@" + s.domain)
	letter.SetDateWithValue(m.Date)
	// RFC 3834: no vacation responder should answer.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Unsubscribe != "" {
		// RFC 8058 demands https, which the local stack does not speak.
		if linked := linkable(m.Unsubscribe, "https") || s.plain && linkable(m.Unsubscribe, "http"); !linked {
			err := errors.New("the link to unsubscribe is no https URL")
			return nil, &provider.Fault{Class: provider.Config, Ours: true, Err: err}
		}
		// Preformatted, as the client would fold a long one before its first character.
		letter.SetGenHeaderPreformatted(mail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		letter.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	return letter, nil
}
