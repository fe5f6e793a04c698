package notify

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

// mailTimeout bounds each step of the talk with the mail server.
const mailTimeout = 10 * time.Second

// implicitTLS is the port where TLS comes first; on others it is STARTTLS.
const implicitTLS = 465

// MailConfig says how to reach the mail server.
type MailConfig struct {
	// Addr is its host:port.
	Addr string
	// User and Password are "" where the server asks for none.
	User, Password string
	// From is the sender, such as "FaceScan <hello@example.com>".
	From string
	// Plain goes without TLS, for the local stack's sink only.
	Plain bool
}

// Mailer sends mail over SMTP, with TLS or not at all unless told to go without. It is safe for concurrent use.
type Mailer struct {
	client *mail.Client
	from   string
	// domain is the sender's, for Message-IDs.
	domain string
}

// NewMailer makes a mailer; it dials nothing. The error is of the configuration.
func NewMailer(c MailConfig) (*Mailer, error) {
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
	return &Mailer{client: client, from: c.From, domain: domain}, nil
}

func (c MailConfig) options(port int) []mail.Option {
	opts := []mail.Option{mail.WithPort(port), mail.WithTimeout(mailTimeout), mail.WithTLSPolicy(mail.TLSMandatory)}
	switch {
	case c.Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case port == implicitTLS:
		opts = append(opts, mail.WithSSL())
	}
	if c.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	return opts
}

// email mails the message to the address that the user has at this moment.
func (n *Notifier) email(ctx context.Context, msg message) outcome {
	to, err := Address(ctx, n.users, msg.uid)
	switch {
	case errors.Is(err, ErrUserGone):
		return outcome{skipped: "user_gone"}
	case errors.Is(err, ErrUnverified):
		return outcome{skipped: "no_verified_email"}
	case err != nil:
		return outcome{err: err}
	}
	return n.mailer.send(ctx, msg, to, n.now())
}

// SendErasing sends a user's last mail: the account is being erased, and the receipt will be at the URL. The id names
// the mail, so that a mail store can tell a repetition. An address that takes no mail is no error.
func (m *Mailer) SendErasing(ctx context.Context, id, to, receiptURL string, now time.Time) error {
	const kind = "account.erasure-requested.v1"
	title, titleErr := render(kind+"/title", nil)
	body, bodyErr := render(kind+"/body", struct{ URL string }{receiptURL})
	if err := errors.Join(titleErr, bodyErr); err != nil {
		return err
	}
	return m.send(ctx, message{id: id, kind: kind, title: title, body: body, last: true}, to, now).err
}

func (m *Mailer) send(ctx context.Context, msg message, to string, now time.Time) outcome {
	letter, err := m.letter(msg, to, now)
	if errors.Is(err, errAddress) {
		return outcome{skipped: "address_unusable"}
	}
	if err != nil {
		return outcome{err: err}
	}
	err = m.client.DialAndSendWithContext(ctx, letter)
	if letter.IsDelivered() {
		if err != nil {
			slog.InfoContext(ctx, "mail delivered, but the server ended the talk badly")
		}
		return outcome{}
	}
	return mailOutcome(err)
}

// errAddress says that there is no writing to the address.
var errAddress = errors.New("the address is no address")

// content is what the templates of mails show.
type content struct {
	Title, Body string
	// Last leaves out what there is no account for any more.
	Last bool
}

// letter is the message as a mail, text and HTML. Its errors do not show the address.
func (m *Mailer) letter(msg message, to string, now time.Time) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(m.from); err != nil {
		return nil, fmt.Errorf("set the sender: %w", err)
	}
	if letter.To(to) != nil {
		return nil, errAddress
	}
	letter.Subject(msg.title)
	letter.SetMessageIDWithValue(msg.id + "@" + m.domain)
	letter.SetDateWithValue(now)
	// RFC 3834: nobody's holiday notice should answer.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	content := content{Title: msg.title, Body: msg.body, Last: msg.last}
	if err := letter.SetBodyTextTemplate(mailText, content); err != nil {
		return nil, fmt.Errorf("render the mail's text: %w", err)
	}
	if err := letter.AddAlternativeHTMLTemplate(mailHTML, content); err != nil {
		return nil, fmt.Errorf("render the mail's HTML: %w", err)
	}
	return letter, nil
}

// mailOutcome reads the mail server's answer. A mailbox that is refused for good is no reason to try again; whatever
// else is wrong may be mended. The server's words are left out, since they tend to repeat the address.
func mailOutcome(err error) outcome {
	var refusal *mail.SendError
	if !errors.As(err, &refusal) {
		return outcome{err: err}
	}
	if refusal.Reason == mail.ErrSMTPRcptTo && !refusal.IsTemp() && refusal.ErrorCode() >= 500 {
		return outcome{skipped: "address_refused"}
	}
	return outcome{err: fmt.Errorf("the mail server refused: %v, code %d", refusal.Reason, refusal.ErrorCode())}
}
