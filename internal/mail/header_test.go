package mail

import (
	"bytes"
	"errors"
	"mime"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/provider"
)

// written returns the lines of a mail, the length of the longest in bytes, and its header as a
// reader sees it.
func written(t interface{ Fatal(...any) }, m Message) (header netmail.Header, lines []string, longest int) {
	s, err := New(Config{Addr: "127.0.0.1:25", From: "FaceScan <hello@facescan.example>"})
	if err != nil {
		t.Fatal(err)
	}
	letter, err := s.letter(m)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := letter.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	lines = strings.Split(raw.String(), "\r\n")
	for _, line := range lines {
		longest = max(longest, len(line))
	}
	parsed, err := netmail.ReadMessage(&raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header, lines, longest
}

// names are the fields that every mail has.
var names = []string{
	"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
	"User-Agent", "X-Mailer",
}

// subject returns the subject as a reader sees it. It checks that the header has its fields once
// and no others.
func subject(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, text string,
) string {
	m := letter()
	m.Subject = text
	header, _, longest := written(t, m)
	for name, values := range header {
		if len(values) != 1 || !slices.Contains(names, name) {
			t.Errorf("the header has %s %d times: %q", name, len(values), values)
		}
	}
	if longest > 100 {
		t.Errorf("a line of %d bytes", longest)
	}
	got, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil {
		t.Errorf("subject %q: %v", header.Get("Subject"), err)
	}
	return got
}

func TestSend_subject(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for text, want := range map[string]string{
		"Your scan is ready":        "Your scan is ready",
		"":                          "",
		"a\r\nBcc: eve@example.com": "a Bcc: eve@example.com",
		"a\n\nbody":                 "a body",
		"a\rb\x00c\x7fd\u0085e\tf":  "a b c d e f",
		"  a   b  ":                 "a b",
		"سجل جديد لآنا":             "سجل جديد لآنا",
		"\u202eevil":                "\u202eevil",
		"👩‍👩‍👧 " + strings.Repeat("🎉", 100): "👩‍👩‍👧 " + strings.Repeat("🎉", 100),
		"<script>alert(1)</script>":         "<script>alert(1)</script>",
		long:                                long,
		strings.TrimSpace(strings.Repeat("word ", 300)): strings.TrimSpace(strings.Repeat("word ", 300)),
		"=?UTF-8?B?PHNjcmlwdD4=?=":                      "=?UTF-8?B?PHNjcmlwdD4=?=",
		"a\xffb":                                        "a\uFFFDb",
	} {
		if got := subject(t, text); got != want {
			t.Errorf("subject %q is read as %q, want %q", text, got, want)
		}
	}
}

// Any subject stays one field that says the same.
func TestSend_anySubject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "subject")
		words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
		if got, want := subject(t, text), strings.Join(words, " "); got != want {
			t.Errorf("subject %q is read as %q, want %q", text, got, want)
		}
	})
}

func TestSend_unsubscribe(t *testing.T) {
	m := letter()
	if header, _, _ := written(t, m); header.Get("List-Unsubscribe") != "" || header.Get("List-Unsubscribe-Post") != "" {
		t.Errorf("a mail without a link has %v", header)
	}
	for _, link := range []string{
		"https://api.example.com/v1/unsubscribe/t",
		"https://api.example.com/v1/unsubscribe/" + strings.Repeat("x", 300),
		"https://api.example.com/v1/unsubscribe/t?a=b,c&d=%20",
	} {
		m.Unsubscribe = link
		header, lines, longest := written(t, m)
		if got := header["List-Unsubscribe"]; len(got) != 1 || got[0] != "<"+link+">" || longest > 998 ||
			!slices.Contains(lines, "List-Unsubscribe: <"+link+">") {
			t.Errorf("List-Unsubscribe = %q with lines of up to %d bytes", got, longest)
		}
		if got := header["List-Unsubscribe-Post"]; len(got) != 1 || got[0] != "List-Unsubscribe=One-Click" {
			t.Errorf("List-Unsubscribe-Post = %q", got)
		}
	}
}

func TestSend_noLinkToUnsubscribe(t *testing.T) {
	s, err := New(Config{Addr: "127.0.0.1:25", From: "a@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{
		"http://example.com/x", "mailto:x@example.com", "/v1/unsubscribe/x", "https:///x", "https://example.com/a b",
		"https://example.com/\r\nBcc: eve@example.com", "https://example.com/<x>", "https://example.com/ü",
		"https://example.com/" + strings.Repeat("x", 1000),
	} {
		m := letter()
		m.Unsubscribe = link
		var f *provider.Fault
		if _, err := s.letter(m); !errors.As(err, &f) || !f.Ours || strings.Contains(err.Error(), link) {
			t.Errorf("%q: %v, want a fault of the configuration", link, err)
		}
	}
}
