package notify

import (
	"bytes"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face"
)

// forbidden are words that judge how somebody looks. FaceScan measures; it never says them.
var forbidden = regexp.MustCompile(`(?i)\b(beaut\w*|attractive\w*|unattractive\w*|perfect\w*|flaw\w*|ugly|ugliness|hot|pretty|gorgeous|` +
	`handsome|ideal\w*|defect\w*|imperfect\w*|normal|abnormal\w*|better[- ]looking|good[- ]looking|improve\w*|worse|deform\w*)\b`)

func TestTemplates_judgeNobody(t *testing.T) {
	n := 0
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		n++
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		if word := forbidden.Find(text); word != nil {
			t.Errorf("%s says %q", path, word)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d templates, %v", n, err)
	}
}

func TestReason(t *testing.T) {
	other := reason("a code of next year")
	if other == "" || strings.Contains(other, "code") {
		t.Errorf("fallback = %q", other)
	}
	codes := []face.Code{
		face.UnsupportedFormat, face.TooLarge, face.Corrupt, face.NoFace, face.SeveralFaces, face.FaceTooSmall, face.TurnedAway,
		face.TooDark, face.TooBright, face.Blurred,
	}
	for _, code := range codes {
		if got := reason(string(code)); got == other {
			t.Errorf("%s has no reason of its own", code)
		}
	}
}

func TestMailHTML_escapes(t *testing.T) {
	var got bytes.Buffer
	err := mailHTML.Execute(&got, content{Title: "<b>", Body: "<script>"})
	if err != nil || strings.Contains(got.String(), "<script>") {
		t.Errorf("%v: %s", err, got.String())
	}
}

func TestWebTopic(t *testing.T) {
	if got := webTopic(strings.Repeat("x", 64)); len(got) != 32 {
		t.Errorf("a topic of %d characters", len(got))
	}
	if got := webTopic("short"); got != "short" {
		t.Errorf("topic = %q", got)
	}
}

func TestNewMailer_refuses(t *testing.T) {
	for name, c := range map[string]MailConfig{
		"no port":    {Addr: "mail.example.com", From: "a@example.com"},
		"odd port":   {Addr: "mail.example.com:smtp!", From: "a@example.com"},
		"port 0":     {Addr: "mail.example.com:0", From: "a@example.com"},
		"no host":    {Addr: ":25", From: "a@example.com"},
		"no sender":  {Addr: "mail.example.com:25"},
		"no address": {Addr: "mail.example.com:25", From: "FaceScan"},
		"empty":      {},
	} {
		if _, err := NewMailer(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMailer_demandsTLS(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	mailer, err := NewMailer(MailConfig{Addr: b.smtp.Host(), From: "hello@facescan.example"})
	if err != nil {
		t.Fatal(err)
	}
	b.notifier.mailer = mailer
	if err := b.notifier.Handle(t.Context(), messageOf(t, scanDone("s"), "s")); err == nil {
		t.Error("a mail went out without TLS")
	}
	b.want(1, 0, 0)
}
