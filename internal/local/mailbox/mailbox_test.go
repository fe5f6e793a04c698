package mailbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/mailbox"
)

// hostile is what a sender could try.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)><!--`

func mailOf(subject string) emulator.Mail {
	return emulator.Mail{
		From: "hello@example.com", To: []string{hostile}, Subject: subject, Text: "text " + hostile,
		HTML: `<p style="color:red" class='a'>rich</p>` + hostile,
		Header: mail.Header{
			"Date": {"Sat, 21 Nov 2026 12:00:00 +0000"}, "X-Odd": {hostile},
			"List-Unsubscribe": {"<https://example.com/u>"},
		},
	}
}

func pushOf(title string) emulator.Push {
	return emulator.Push{
		Token: "token " + hostile, Title: title, Body: "body " + hostile,
		Data: map[string]string{hostile: "value " + hostile}, CollapseKey: "scans",
		Tag: "e1", TTL: "86400s", Priority: "high",
		APNSHeaders: map[string]string{"apns-collapse-id": "e1"}, WebpushHeaders: map[string]string{"Topic": "t"},
	}
}

// pages serves the pages of these mails and pushes.
func pages(mails []emulator.Mail, pushes []emulator.Push) http.Handler {
	mux := http.NewServeMux()
	mailbox.Sent{
		Mails: func() []emulator.Mail { return mails }, Pushes: func() []emulator.Push { return pushes },
	}.Routes(mux)
	return mux
}

// element is an element of a page, with the text in it.
type element struct {
	name       string
	attributes map[string]string
	text       string
}

// open gets a page and returns its elements. It checks that the page can load and run nothing.
func open(t *testing.T, pages http.Handler, path string) []element {
	t.Helper()
	rec := httptest.NewRecorder()
	pages.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	policy := rec.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "script") ||
		rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: header %v", path, rec.Header())
	}
	document, err := html.Parse(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all []element
	for n := range document.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := element{name: n.Data, attributes: map[string]string{}}
		for _, a := range n.Attr {
			e.attributes[a.Key] = a.Val
		}
		for c := range n.Descendants() {
			if c.Type == html.TextNode {
				e.text += c.Data
			}
		}
		all = append(all, e)
	}
	allowed := []string{
		"html", "head", "meta", "title", "style", "body", "nav", "a", "main", "h1", "h2", "p", "table", "thead",
		"tbody", "tr", "th", "td", "article", "iframe", "pre",
	}
	for _, e := range all {
		for key := range maps.Keys(e.attributes) {
			if !slices.Contains(allowed, e.name) || strings.HasPrefix(key, "on") || key == "src" {
				t.Errorf("%s has <%s %s>", path, e.name, key)
			}
		}
	}
	return all
}

// texts returns the texts of the elements of the name.
func texts(all []element, name string) []string {
	var found []string
	for _, e := range all {
		if e.name == name {
			found = append(found, e.text)
		}
	}
	return found
}

func TestMails_newestFirst(t *testing.T) {
	site := pages([]emulator.Mail{mailOf("first"), mailOf(hostile), mailOf("")}, nil)
	all := open(t, site, "/view/mails")
	links := texts(all, "a")[2:] // after those of the navigation
	if want := []string{"(no subject)", hostile, "first"}; !slices.Equal(links, want) {
		t.Errorf("subjects = %q, want %q", links, want)
	}
	for i, e := range slices.DeleteFunc(all, func(e element) bool { return e.name != "a" })[2:] {
		if want := fmt.Sprintf("/view/mails/%d", 3-i); e.attributes["href"] != want {
			t.Errorf("link %d is %q, want %s", i, e.attributes["href"], want)
		}
	}
}

func TestMail_isFramedAsItIs(t *testing.T) {
	all := open(t, pages([]emulator.Mail{mailOf(hostile)}, nil), "/view/mails/1")
	frames := slices.DeleteFunc(slices.Clone(all), func(e element) bool { return e.name != "iframe" })
	if len(frames) != 1 || frames[0].attributes["srcdoc"] != mailOf("").HTML {
		t.Fatalf("frames = %+v, want the mail", frames)
	}
	if sandbox, ok := frames[0].attributes["sandbox"]; !ok || sandbox != "" {
		t.Errorf("sandbox = %q, want one that allows nothing", sandbox)
	}
	if got := texts(all, "pre"); len(got) != 1 || got[0] != "text "+hostile {
		t.Errorf("text = %q", got)
	}
	rows := texts(all, "td")
	for _, want := range []string{"<https://example.com/u>", hostile, "Sat, 21 Nov 2026 12:00:00 +0000"} {
		if !slices.Contains(rows, want) {
			t.Errorf("the header %q lacks %q", rows, want)
		}
	}
}

func TestPushes_newestFirst(t *testing.T) {
	all := open(t, pages(nil, []emulator.Push{pushOf("first"), pushOf(hostile)}), "/view/pushes")
	if got := texts(all, "h2"); !slices.Equal(got, []string{hostile, "first"}) {
		t.Errorf("titles = %q", got)
	}
	names, values := texts(all, "th"), texts(all, "td")
	for name, want := range map[string]string{
		"token": "token " + hostile, "tag": "e1", "collapse key": "scans", "time to live": "86400s", "priority": "high",
		"data " + hostile: "value " + hostile, "apns apns-collapse-id": "e1", "webpush Topic": "t",
	} {
		if i := slices.Index(names, name); i < 0 || values[i] != want {
			t.Errorf("no row %q with %q in %q, %q", name, want, names, values)
		}
	}
	if got := texts(all, "p"); !slices.Contains(got, "body "+hostile) {
		t.Errorf("texts = %q", got)
	}
}

func TestPages_ofNothing(t *testing.T) {
	site := pages(nil, nil)
	for _, path := range []string{"/view/mails", "/view/pushes"} {
		if got := texts(open(t, site, path), "p"); len(got) != 1 || !strings.HasPrefix(got[0], "None yet") {
			t.Errorf("%s says %q", path, got)
		}
	}
	if got := texts(open(t, pages([]emulator.Mail{{}}, nil), "/view/mails/1"), "p"); len(got) != 3 {
		t.Errorf("a mail of nothing says %q", got)
	}
	for _, number := range []string{"0", "1", "-1", "x", "99999999999999999999"} {
		rec := httptest.NewRecorder()
		site.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/view/mails/"+number, http.NoBody))
		if rec.Code != http.StatusNotFound {
			t.Errorf("mail %s: %d", number, rec.Code)
		}
	}
}
