// Package mailbox shows a person what the local stack has sent: pages of the mails and pushes that
// the sinks recorded.
package mailbox

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/web"
)

// Paths of the pages.
const (
	MailPath = "/view/mails" // and below it each mail, by its number
	PushPath = "/view/pushes"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageStyle string

	page = template.Must(template.New("").Parse(pageHTML))
)

// Sent is what the pages show.
type Sent struct {
	Mails  func() []emulator.Mail
	Pushes func() []emulator.Push
}

// Routes adds the pages. They load nothing, run no script and escape all that was sent.
func (s Sent) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+MailPath, s.listMails)
	mux.HandleFunc("GET "+MailPath+"/{number}", s.showMail)
	mux.HandleFunc("GET "+PushPath, s.listPushes)
}

// MailPage returns the path of the page of a mail, whose number counts from 1, the oldest.
func MailPage(number int) string { return MailPath + "/" + strconv.Itoa(number) }

// frame is what all pages have.
type frame struct {
	Style              template.CSS
	Title              string
	MailPath, PushPath string
}

func newFrame(title string) frame {
	return frame{template.CSS(pageStyle), title, MailPath, PushPath} //nolint:gosec // embedded
}

// field is a row of a table.
type field struct{ Name, Value string }

// mailView is a mail on a page.
type mailView struct {
	frame
	Number  int // from 1, the oldest
	Mail    emulator.Mail
	To      string
	Date    string
	Headers []field
}

func newMailView(i int, m emulator.Mail) mailView {
	v := mailView{
		frame: newFrame("Mail: " + m.Subject), Number: i + 1, Mail: m,
		To: strings.Join(m.To, ", "), Date: m.Header.Get("Date"),
	}
	for name, values := range m.Header {
		for _, value := range values {
			v.Headers = append(v.Headers, field{name, value})
		}
	}
	slices.SortFunc(v.Headers, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// pushView is a push on a page.
type pushView struct {
	Push   emulator.Push
	Fields []field
}

func newPushView(p emulator.Push) pushView {
	v := pushView{Push: p}
	for _, f := range []field{
		{"token", p.Token}, {"tag", p.Tag}, {"collapse key", p.CollapseKey}, {"time to live", p.TTL},
		{"priority", p.Priority},
	} {
		if f.Value != "" {
			v.Fields = append(v.Fields, f)
		}
	}
	for _, group := range []struct {
		name string
		all  map[string]string
	}{{"data", p.Data}, {"apns", p.APNSHeaders}, {"webpush", p.WebpushHeaders}} {
		for _, key := range slices.Sorted(maps.Keys(group.all)) {
			v.Fields = append(v.Fields, field{group.name + " " + key, group.all[key]})
		}
	}
	return v
}

// views returns the view of each, the newest first.
func views[T, V any](all []T, view func(int, T) V) []V {
	shown := make([]V, len(all))
	for i, one := range all {
		shown[len(all)-1-i] = view(i, one)
	}
	return shown
}

func (s Sent) listMails(w http.ResponseWriter, _ *http.Request) {
	write(w, "mails", false, struct {
		frame
		Mails []mailView
	}{newFrame("Mails sent"), views(s.Mails(), newMailView)})
}

func (s Sent) listPushes(w http.ResponseWriter, _ *http.Request) {
	write(w, "pushes", false, struct {
		frame
		Pushes []pushView
	}{newFrame("Pushes sent"), views(s.Pushes(), func(_ int, p emulator.Push) pushView { return newPushView(p) })})
}

func (s Sent) showMail(w http.ResponseWriter, r *http.Request) {
	all := s.Mails()
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || number < 1 || number > len(all) {
		http.Error(w, "there is no such mail", http.StatusNotFound)
		return
	}
	write(w, "mail", true, newMailView(number-1, all[number-1]))
}

// write answers with a page. The page of a mail has it in a frame, which takes over the policy, so
// that this has to allow the styles of mails. Everything else of them is refused there.
func write(w http.ResponseWriter, name string, mail bool, data any) {
	var to bytes.Buffer
	if err := page.ExecuteTemplate(&to, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	styles := web.SourceHash(pageStyle)
	if mail {
		styles = "'unsafe-inline'; img-src data:"
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy",
		"default-src 'none'; style-src "+styles+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write(to.Bytes()) // a reader who is gone misses nothing
}
