package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/facescan/facescan/internal/event"
)

func TestLetter_escapes(t *testing.T) {
	t.Parallel()
	got, err := NewLetter(Text{Lang: English, Title: "<b>", Body: "<script>"}, `https://x/"><script>`)
	if err != nil || strings.Contains(got.HTML, "<script>") || strings.Contains(got.HTML, "<b>") ||
		!strings.Contains(got.Text, "<script>") {
		t.Errorf("%v: %+v", err, got)
	}
}

func TestLetter_unsubscribe(t *testing.T) {
	t.Parallel()
	const link = "https://api.example/v1/unsubscribe/abc?lang=de"
	for _, url := range []string{link, ""} {
		got, err := NewLetter(Text{Lang: German, Title: "T", Body: "B"}, url)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{got.Text, got.HTML} {
			if strings.Contains(text, link) != (url != "") || strings.Contains(text, "Keine solchen Mails") != (url != "") {
				t.Errorf("with the link %q: %s", url, text)
			}
		}
	}
}

// With the account goes what the other mails say of it.
func TestLastLetter(t *testing.T) {
	t.Parallel()
	const url = "https://api.example/v1/erasures/abc"
	for locale, subject := range map[string]string{
		"": "Your FaceScan account is being erased", "de-AT": "Dein FaceScan-Konto wird gelöscht",
	} {
		got, err := LastLetter(locale, url)
		if err != nil || got.Subject != subject {
			t.Fatalf("%q, %v", got.Subject, err)
		}
		for _, text := range []string{got.Text, got.HTML} {
			if !strings.Contains(text, url) {
				t.Errorf("last mail without the receipt: %q", text)
			}
			for _, no := range []string{"Settings", "Einstellungen, Ben", "Open the FaceScan app", "Öffne"} {
				if strings.Contains(text, no) {
					t.Errorf("last mail has %q: %q", no, text)
				}
			}
		}
	}
}

// The mail with a link of deletion says how long it works, and nothing that needs an account.
func TestDeletionLetter(t *testing.T) {
	t.Parallel()
	const url = "https://api.example/v1/account-deletion/abc?lang=de"
	for locale, want := range map[string][]string{
		"": {"Delete your FaceScan account", "within 30 minutes"}, "de-AT": {"Dein FaceScan-Konto löschen", "30 Minuten"},
	} {
		got, err := DeletionLetter(locale, url, 30*time.Minute)
		if err != nil || got.Subject != want[0] {
			t.Fatalf("%q, %v", got.Subject, err)
		}
		for _, text := range []string{got.Text, got.HTML} {
			if !strings.Contains(text, url) || !strings.Contains(text, want[1]) || strings.Contains(text, "Settings") {
				t.Errorf("the mail: %q", text)
			}
		}
	}
}

func digestOf(t *testing.T, n int) Digest {
	t.Helper()
	var d Digest
	for i := range n {
		d = append(d, messageOf(t, event.ScanCompletedV1{
			UID: "u", ScanID: fmt.Sprintf("s%d", i), ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1,
			Score: float64(30 + i), Interval: event.Around(20, 90), CompletedAt: start,
		}))
	}
	return d
}

func TestDigest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n, parts, more int }{
		{2, 2, 0}, {mailed, mailed, 0}, {mailed + 1, mailed, 1}, {50, mailed, 30},
	} {
		got, err := digestOf(t, tt.n).Letter(user(English, false), "https://api.example/stop")
		if err != nil {
			t.Fatal(err)
		}
		more := fmt.Sprintf("And %d more in the FaceScan app.", tt.more)
		parts := strings.Count(got.Text, "* Your scan is ready")
		if parts != tt.parts || strings.Contains(got.Text, more) != (tt.more > 0) {
			t.Errorf("of %d it tells %d: %s", tt.n, parts, got.Text)
		}
		if want := fmt.Sprintf("%d results", tt.n); got.Subject != want {
			t.Errorf("subject %q, want %q", got.Subject, want)
		}
	}
}

func TestDigest_ofSeveralKinds(t *testing.T) {
	t.Parallel()
	d := append(digestOf(t, 2), messageOf(t, event.AccountRegisteredV1{UID: "u"}))
	text, err := d.Text(user(German, false))
	if err != nil || text.Title != "3 Nachrichten" {
		t.Errorf("%+v, %v", text, err)
	}
	if kinds := fmt.Sprint(d.Kinds()); kinds != "[welcome scan_completed]" {
		t.Errorf("kinds %s", kinds)
	}
	rule := d.Rule()
	if rule.Kind != Welcome || rule.Group != groupAccount || !rule.High || rule.Life != 3*day {
		t.Errorf("rule %+v", rule)
	}
}

// bodyText returns the text that the HTML shows, with white space as one space.
func bodyText(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for n := range doc.Descendants() {
		hidden := n.Parent != nil && (n.Parent.Data == "title" || strings.Contains(fmt.Sprint(n.Parent.Attr), "display:none"))
		if n.Type == html.TextNode && !hidden {
			said = append(said, n.Data)
		}
	}
	return strings.Join(strings.Fields(strings.Join(said, " ")), " ")
}

// Both forms of a mail say the same, in the same order.
func TestLetter_textAndHTMLSayTheSame(t *testing.T) {
	t.Parallel()
	const link = "https://api.example/v1/unsubscribe/abc?lang=de"
	for _, l := range Langs {
		digest, err := digestOf(t, mailed+2).Letter(user(l, false), link)
		if err != nil {
			t.Fatal(err)
		}
		one, err := NewLetter(textOf(t, digestOf(t, 1)[0], user(l, false)), link)
		if err != nil {
			t.Fatal(err)
		}
		last, err := LastLetter(string(l), "https://api.example/receipt")
		if err != nil {
			t.Fatal(err)
		}
		for _, letter := range []Letter{digest, one, last} {
			text := strings.NewReplacer("\n* ", "\n", "\n--\n", "\n", ": "+link, "").Replace(letter.Text)
			want := strings.Join(strings.Fields(text), " ")
			if got := bodyText(t, letter.HTML); got != want {
				t.Errorf("the HTML says\n%s\nthe text\n%s", got, want)
			}
		}
	}
}
