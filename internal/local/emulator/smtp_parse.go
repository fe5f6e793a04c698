package emulator

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

const (
	maxMailBytes = 25 << 20
	maxMIMEDepth = 8 // of parts inside parts
	// maxMailLine is that of RFC 5322, section 2.1.1, in bytes without its end.
	maxMailLine = 998
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

// checkMail refuses the mails that RFC 5321 and RFC 5322 do not allow, and those that the large
// providers refuse: without a sender, date or id.
func checkMail(raw []byte) error {
	for i, line := range bytes.SplitAfter(raw, []byte("\r\n")) {
		line = bytes.TrimSuffix(line, []byte("\r\n"))
		if bytes.ContainsAny(line, "\r\n") {
			return fmt.Errorf("line %d has a bare CR or LF", i+1)
		}
		if len(line) > maxMailLine {
			return fmt.Errorf("line %d has %d bytes", i+1, len(line))
		}
	}
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if i := bytes.IndexFunc(header, func(r rune) bool { return r > '~' }); i >= 0 {
		return fmt.Errorf("byte %d of the header is not ASCII", i)
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("parse mail: %w", err)
	}
	for _, name := range []string{"From", "Date", "Message-Id"} {
		if n := len(m.Header[name]); n != 1 {
			return fmt.Errorf("the header has %d fields %s", n, name)
		}
	}
	if _, err := m.Header.Date(); err != nil {
		return fmt.Errorf("parse date: %w", err)
	}
	if _, err := m.Header.AddressList("From"); err != nil {
		return fmt.Errorf("parse sender: %w", err)
	}
	return nil
}

// parseMail reads a mail's header and its first plain and HTML parts, in UTF-8.
func parseMail(raw []byte) (Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
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
