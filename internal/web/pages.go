package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/sentence"
)

//go:embed pages
var pageFiles embed.FS

//go:embed style.css
var style string

// Operator is who answers for the service.
type Operator struct {
	// Name is the operator's, "" if it is not told.
	Name string
	// Contact is an e-mail address or an https URL, "" if there is none.
	Contact string
}

// Link returns where the contact leads, "" for a contact that is neither an address nor an https
// URL.
func (o Operator) Link() template.URL {
	switch {
	case strings.HasPrefix(o.Contact, "https://"):
		return template.URL(o.Contact) //nolint:gosec // the operator's own setting, of a safe scheme
	case strings.Contains(o.Contact, "@") && !strings.ContainsAny(o.Contact, ":/ ?&#%"):
		return template.URL("mailto:" + o.Contact) //nolint:gosec // the same
	}
	return ""
}

// Pages are the pages about the deletion of an account, in each of [Langs]. They load nothing from
// elsewhere.
type Pages struct {
	// Operator is named at the foot of each page.
	Operator Operator
}

// frame is what all pages have.
type frame struct {
	Lang     string
	Style    template.CSS
	Script   template.JS
	Operator Operator
	// Switch is whether the page has links to itself in the other languages. The answer to a form has
	// none: following one would ask for another page.
	Switch bool
	// Minutes is how long a deletion takes, ReceiptDays how many days its receipt can be read, and
	// LinkMinutes how long a link in a mail works.
	Minutes, ReceiptDays, LinkMinutes int
}

// monthsOfGerman are the months from January on.
var monthsOfGerman = [...]string{
	"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
}

// When returns a time of the API, RFC 3339, for people, in UTC. What is no time stays as it is.
func (f frame) When(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return f.Day(text) + t.UTC().Format(", 15:04 UTC")
}

// Day is like [frame.When], without the time of the day.
func (f frame) Day(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	t = t.UTC()
	if f.Lang == "de" {
		return fmt.Sprintf("%d. %s %d", t.Day(), monthsOfGerman[t.Month()-1], t.Year())
	}
	return t.Format("2 January 2006")
}

// templates are those of the pages, by language and name.
var templates = func() map[string]map[string]*template.Template {
	all := map[string]map[string]*template.Template{}
	for _, lang := range Langs {
		all[lang] = map[string]*template.Template{}
		for _, name := range []string{"deletion", "confirm", "begun", "refused", "receipt", "problem"} {
			all[lang][name] = template.Must(template.ParseFS(
				pageFiles, "pages/layout.html", "pages/common."+lang+".html", "pages/"+name+"."+lang+".html",
			))
		}
	}
	return all
}()

func (p *Pages) frame(lang, script string) frame {
	return frame{
		Lang: lang, Style: template.CSS(style), Script: template.JS(script), Operator: p.Operator, //nolint:gosec // embedded
		Switch:  true,
		Minutes: int(schema.LatePhotos.Minutes()), ReceiptDays: int(schema.ReceiptLife.Hours() / 24),
		LinkMinutes: int(schema.DeletionLinkLife.Minutes()),
	}
}

// write answers with the page of the name. Pages with a secret in their URL are not for search
// engines.
func write(
	w http.ResponseWriter, status int, name, lang string, data any, private bool, policy ...string,
) error {
	var page bytes.Buffer
	if err := templates[lang][name].ExecuteTemplate(&page, "layout.html", data); err != nil {
		return fmt.Errorf("render the page %s: %w", name, err)
	}
	w.Header().Set("Content-Language", lang)
	w.Header().Add("Vary", "Accept-Language")
	if private {
		w.Header().Set("X-Robots-Tag", "noindex")
	}
	Write(w, status, page.Bytes(), Policy(style, policy...))
	return nil
}

// ConfirmDeletion answers with the page that asks whether to delete the account. Its form goes to
// the page's own URL.
func (p *Pages) ConfirmDeletion(w http.ResponseWriter, r *http.Request) error {
	lang := Lang(r)
	return write(w, http.StatusOK, "confirm", lang, p.frame(lang, ""), true, "form-action 'self'")
}

// DeletionBegun answers with the page that has the path of the receipt.
func (p *Pages) DeletionBegun(w http.ResponseWriter, r *http.Request, receipt string) error {
	lang := Lang(r)
	f := p.frame(lang, "")
	f.Switch = false
	return write(w, http.StatusOK, "begun", lang, struct {
		frame
		Receipt string
	}{f, receipt}, true, "form-action 'none'")
}

// DeletionRefused answers with the page of a link that does not work.
func (p *Pages) DeletionRefused(w http.ResponseWriter, r *http.Request) error {
	lang := Lang(r)
	f := p.frame(lang, "")
	f.Switch = false
	return write(w, http.StatusOK, "refused", lang, f, true, "form-action 'none'")
}

// Receipt is what the page of a receipt shows. All but Requested is empty until the erasure is
// done.
type Receipt struct {
	Requested, Erased, Expires, Account, Signed string
	Stores                                      []Store
	Residuals                                   []Residual
}

// Store is a row of what was removed.
type Store struct {
	Store         string
	Deleted, Left int64
}

// Residual is a row of the copies that go by themselves.
type Residual struct{ What, Gone string }

// ErasureReceipt answers with the page of a receipt of erasure.
func (p *Pages) ErasureReceipt(w http.ResponseWriter, r *http.Request, shown Receipt) error {
	lang := Lang(r)
	for i, left := range shown.Residuals {
		shown.Residuals[i].What = residual(lang, left.What)
	}
	for i, s := range shown.Stores {
		shown.Stores[i].Store = storeName(lang, s.Store)
	}
	return write(w, http.StatusOK, "receipt", lang, struct {
		frame
		Receipt
		Done bool
	}{p.frame(lang, ""), shown, shown.Erased != ""}, true, "form-action 'none'")
}

// Problem answers a request for a page with a page about the problem. It is for httpapi.Shown.
// The answer to a form has no links to other languages, as in [frame].
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, problem *fault.Error) bool {
	if !WantsHTML(r) {
		return false
	}
	lang, kind := Lang(r), problem.Code.Kind()
	f := p.frame(lang, "")
	f.Switch = r.Method != http.MethodPost
	shown := struct {
		frame
		Detail, RequestID string
		Missing, Later    bool
	}{
		f, sentence.In(sentence.Lang(lang), problem.Said.Format, problem.Said.Args...), w.Header().Get("X-Request-Id"),
		kind == fault.NotFound, kind == fault.Unavailable || kind == fault.RateLimited || kind == fault.Internal,
	}
	return write(w, kind.Status(), "problem", lang, shown, true, "form-action 'none'") == nil
}
