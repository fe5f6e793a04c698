package emulator

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	maxMailBytes = 25 << 20
	smtpTimeout  = 30 * time.Second
	maxMIMEDepth = 8 // of parts inside parts
)

// Mail is a mail that was accepted.
type Mail struct {
	From      string   // of the envelope
	To        []string // of the envelope
	Header    mail.Header
	Subject   string // decoded
	MessageID string // with its angle brackets
	Text      string // the first text/plain part, decoded
	HTML      string // the first text/html part, decoded
}

// SMTP is a mail server without TLS and without a login that records mails instead of delivering
// them. A recipient chooses the answer by its beginning: "bounce" does not exist (550), "later" is
// to be tried again later (451); all others are accepted.
type SMTP struct {
	Recorder[Mail]
	listener net.Listener
	server   *smtp.Server
	served   chan struct{} // closed when the server has stopped
}

// NewSMTP starts a sink on a free port of 127.0.0.1.
func NewSMTP() (*SMTP, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the SMTP sink: %w", err)
	}
	s := &SMTP{listener: listener, served: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &smtpSession{sink: s}, nil
	}))
	s.server.Domain = "localhost"
	s.server.MaxMessageBytes = maxMailBytes
	s.server.ReadTimeout = smtpTimeout
	s.server.WriteTimeout = smtpTimeout
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // always an error of the closed listener: Close is the only way out
	}()
	return s, nil
}

// Host returns the address, as "127.0.0.1:port".
func (s *SMTP) Host() string { return s.listener.Addr().String() }

// Close stops the sink and its connections; what it recorded stays.
func (s *SMTP) Close() error {
	err := s.server.Close()
	_ = s.listener.Close() // which the server does not know yet if it is closed as soon as started
	<-s.served
	if err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("close the SMTP sink: %w", err)
	}
	return nil
}

// smtpSession is one connection.
type smtpSession struct {
	sink *SMTP
	from string
	to   []string
}

// Mail implements smtp.Session.
func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case strings.HasPrefix(to, "bounce"):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case strings.HasPrefix(to, "later"):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "try again later"}
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *smtpSession) Data(r io.Reader) error {
	received, err := parseMail(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	received.From, received.To = s.from, s.to
	s.sink.add(received)
	return nil
}

// Reset implements smtp.Session.
func (s *smtpSession) Reset() { s.from, s.to = "", nil }

// Logout implements smtp.Session.
func (s *smtpSession) Logout() error { return nil }

// parseMail reads a mail's header and its first plain and HTML parts, in UTF-8.
func parseMail(r io.Reader) (Mail, error) {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, fmt.Errorf("parse mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return Mail{}, fmt.Errorf("parse subject: %w", err)
	}
	m := Mail{Header: message.Header, Subject: subject, MessageID: message.Header.Get("Message-Id")}
	return m, m.readPart(textproto.MIMEHeader(message.Header), message.Body, maxMIMEDepth)
}

// readPart keeps a text part, or goes through the parts of a multipart one.
func (m *Mail) readPart(header textproto.MIMEHeader, body io.Reader, depth int) error {
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		mediaType = "text/plain" // what RFC 2045 says of a mail without a readable type
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		return m.readParts(multipart.NewReader(body, params["boundary"]), depth)
	}
	content, err := io.ReadAll(decoded(body, header.Get("Content-Transfer-Encoding")))
	if err != nil {
		return fmt.Errorf("parse %s part: %w", mediaType, err)
	}
	text := string(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))
	attached := strings.HasPrefix(header.Get("Content-Disposition"), "attachment")
	switch {
	case attached:
	case mediaType == "text/plain" && m.Text == "":
		m.Text = text
	case mediaType == "text/html" && m.HTML == "":
		m.HTML = text
	}
	return nil
}

func (m *Mail) readParts(parts *multipart.Reader, depth int) error {
	if depth == 0 {
		return errors.New("parts are nested too deeply")
	}
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("parse multipart: %w", err)
		}
		if err := m.readPart(part.Header, part, depth-1); err != nil {
			return err
		}
	}
}

// decoded undoes a Content-Transfer-Encoding.
func decoded(body io.Reader, encoding string) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}
