package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/web"
)

// operator is who the pages name.
var operator = web.Operator{Name: "Example <Ltd>", Contact: "help@example.com"}

// getPage is the English page as a browser gets it.
func getPage(t *testing.T) (page string, header http.Header) {
	t.Helper()
	return getPageIn(t, "")
}

// getPageIn is the page of a query.
func getPageIn(t *testing.T, query string) (page string, header http.Header) {
	t.Helper()
	api := httpapi.New(httpapi.Options{AppCheck: httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}})
	pages := &web.Pages{Operator: operator}
	pages.DeletionRoutes(api)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/account-deletion"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	return string(body), resp.Header
}

// between is the page's one text between the two tags.
func between(t *testing.T, page, begin, end string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, begin)
	text, after, ended := strings.Cut(rest, end)
	if !found || !ended || strings.Contains(after, begin) {
		t.Fatalf("not one %s...%s", begin, end)
	}
	return text
}

func TestPage_policy(t *testing.T) {
	t.Parallel()
	page, header := getPage(t)
	directives := map[string]string{}
	for d := range strings.SplitSeq(header.Get("Content-Security-Policy"), "; ") {
		name, value, _ := strings.Cut(d, " ")
		directives[name] = value
	}
	hashOf := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "connect-src": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
		"form-action": "'none'",
		"script-src":  hashOf(between(t, page, "<script>", "</script>")),
		"style-src":   hashOf(between(t, page, "<style>", "</style>")),
	} {
		if directives[name] != want {
			t.Errorf("%s is %q, want %q", name, directives[name], want)
		}
		delete(directives, name)
	}
	if len(directives) > 0 {
		t.Errorf("also: %v", directives)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// What the policy would block: attributes that run or style, and what comes from elsewhere.
	if found := regexp.MustCompile(`(?i)\s(on\w+|style|src)=|https?:|<link`).FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestPage_isAccessible(t *testing.T) {
	t.Parallel()
	page, _ := getPage(t)
	for _, needed := range []string{
		`<html lang="en">`, "<title>", "<main>", "<h1>", `name="viewport"`, `role="status"`, "<noscript>",
	} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page lacks %s", needed)
		}
	}
	for _, input := range regexp.MustCompile(`<input id="(\w+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `<label for="`+input[1]+`">`) {
			t.Errorf("the input %s has no label", input[1])
		}
	}
	// The script finds what it looks for.
	for _, id := range regexp.MustCompile(`getElementById\("(\w+)"\)`).FindAllStringSubmatch(page, -1) {
		if strings.Count(page, ` id="`+id[1]+`"`) != 1 {
			t.Errorf("the page has not one %s", id[1])
		}
	}
}

// The page promises what a receipt says, no less and no more.
func TestPage_saysWhatRemains(t *testing.T) {
	t.Parallel()
	page, _ := getPage(t)
	r := receipt.New("who", time.Time{}, nil, time.Time{})
	rows := regexp.MustCompile(`<tr><td>(.*)</td><td class="day">(\d+ days)</td></tr>`).FindAllStringSubmatch(page, -1)
	if len(rows) != len(r.Residuals) || len(rows) == 0 {
		t.Fatalf("%d rows, the receipt has %d residuals", len(rows), len(r.Residuals))
	}
	for i, row := range rows {
		if got := html.UnescapeString(row[1]); got != r.Residuals[i].What {
			t.Errorf("row %d is %q, the receipt says %q", i, got, r.Residuals[i].What)
		}
	}
	for _, fact := range []string{"about 25 minutes later", "can be read for 30 days"} {
		if !strings.Contains(page, fact) {
			t.Errorf("the page does not say %q", fact)
		}
	}
}

// What the pages are in one language, they are in the other: the same ids, names and attributes for
// the script, and a translation of all that remains.
func TestPage_languages(t *testing.T) {
	t.Parallel()
	english, _ := getPageIn(t, "?lang=en")
	german, header := getPageIn(t, "?lang=de")
	if header.Get("Content-Language") != "de" || !strings.Contains(german, `<html lang="de">`) {
		t.Errorf("the German page is in %q", header.Get("Content-Language"))
	}
	hooks := regexp.MustCompile(`\s(?:id|name|type|for|data-\w+)=(?:"[\w-]*")?`)
	if diff := cmp.Diff(hooks.FindAllString(english, -1), hooks.FindAllString(german, -1)); diff != "" {
		t.Errorf("the pages differ (-en +de):\n%s", diff)
	}
	for _, left := range schema.Residuals {
		if strings.Contains(german, html.EscapeString(left.What)) {
			t.Errorf("%q is not translated", left.What)
		}
	}
	for _, page := range []string{english, german} {
		for _, want := range []string{"Example &lt;Ltd&gt;", `href="mailto:help@example.com"`} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not name its operator by %s", want)
			}
		}
	}
}

func TestLang(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ query, accept, want string }{
		"nothing":                     {"", "", "en"},
		"a browser of Austria":        {"", "de-AT,en;q=0.5", "de"},
		"a browser that prefers more": {"", "fr,de;q=0.4,en;q=0.8", "en"},
		"the switch":                  {"?lang=en", "de", "en"},
		"another language":            {"?lang=fr", "de", "de"},
		"no language":                 {"?lang=%3Cscript%3E", "*;q=x", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+tt.query, http.NoBody)
			r.Header.Set("Accept-Language", tt.accept)
			if got := web.Lang(r); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWantsHTML(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":    false,
		"*/*": false, "application/json": false, "application/json, text/html": false,
		"text/html": true, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
		"text/html;q=0.5, application/json": false, "application/json;q=0.2, TEXT/HTML;q=0.3": true,
		"text/html;q=0": false, "text/html;q=many": false,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept", accept)
		if got := web.WantsHTML(r); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
}

func TestOperator_link(t *testing.T) {
	t.Parallel()
	for contact, want := range map[string]string{
		"": "", "help@example.com": "mailto:help@example.com", "https://example.com/help": "https://example.com/help",
		"http://example.com": "", "javascript:alert(1)@x": "", "a@b?cc=c@d": "", "call us": "",
	} {
		if got := string((web.Operator{Contact: contact}).Link()); got != want {
			t.Errorf("%q leads to %q, want %q", contact, got, want)
		}
	}
}

// The pages of links and receipts escape what they show, and are not for search engines.
func TestPages_ofLinks(t *testing.T) {
	t.Parallel()
	pages := new(web.Pages)
	hostile := `"><script>alert(1)</script>`
	for name, tt := range map[string]struct {
		show       func(w http.ResponseWriter, r *http.Request) error
		want       string
		formAction string
	}{
		"the question": {pages.ConfirmDeletion, `<form method="post">`, "form-action 'self'"},
		"a deletion": {func(w http.ResponseWriter, r *http.Request) error {
			return pages.DeletionBegun(w, r, "/v1/erasures/"+hostile)
		}, `<a href="/v1/erasures/%22%3e%3cscript%3e`, "form-action 'none'"},
		"a refusal": {pages.DeletionRefused, `<a href="/account-deletion?lang=de">`, "form-action 'none'"},
		"a receipt": {func(w http.ResponseWriter, r *http.Request) error {
			return pages.ErasureReceipt(w, r, web.Receipt{
				Requested: "2026-11-20T08:15:30.125Z", Erased: "b", Account: hostile,
				Stores:    []web.Store{{Store: "scans", Deleted: 12}},
				Residuals: []web.Residual{{What: schema.Residuals[1].What, Gone: "c"}},
			})
		}, "Sicherungen der Datenbank", "form-action 'none'"},
		"the time of a receipt": {func(w http.ResponseWriter, r *http.Request) error {
			return pages.ErasureReceipt(w, r, web.Receipt{Requested: "2026-03-20T23:15:30.125-02:00"})
		}, ">21. März 2026, 01:15 UTC</time>", "form-action 'none'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?lang=de", http.NoBody)
			if err := tt.show(rec, r); err != nil {
				t.Fatal(err)
			}
			page, header := rec.Body.String(), rec.Result().Header
			if !strings.Contains(page, tt.want) || strings.Contains(page, "<script>") {
				t.Errorf("want %s:\n%s", tt.want, page)
			}
			if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, tt.formAction) ||
				strings.Contains(policy, "script-src") || header.Get("X-Robots-Tag") != "noindex" {
				t.Errorf("%v", header)
			}
		})
	}
}

// A problem is a page for browsers and JSON for programs, in the language that the page has.
func TestProblem_isShown(t *testing.T) {
	t.Parallel()
	pages := &web.Pages{Operator: operator}
	api := httpapi.New(httpapi.Options{})
	problems := map[string]error{
		"missing": fault.New(fault.CodeNotFound, "There is no such receipt, or it has expired."),
		"away":    fault.New(fault.CodeUnavailable, "The account could not be looked up: try again."),
		"broken":  errors.New("the address is secret"),
	}
	fail := func(_ http.ResponseWriter, r *http.Request) error { return problems[r.PathValue("name")] }
	lang, shown := httpapi.Query("lang"), httpapi.Shown(pages.Problem)
	api.Handle("GET /{name}", httpapi.Open, fail, lang, shown)
	api.Handle("POST /{name}", httpapi.Open, fail, shown)
	for name, tt := range map[string]struct {
		method, path, accept string
		status               int
		want, not            string
	}{
		"a receipt that is over":       {"GET", "/missing", "text/html", 404, "There is no such receipt", "hreflang=\"fr\""},
		"in German by the link":        {"GET", "/missing?lang=de", "text/html", 404, "<h1>Hier ist nichts</h1>", "There is"},
		"something that is away":       {"GET", "/away", "text/html", 503, "load this page again", "press the button"},
		"a form that failed":           {"POST", "/away", "text/html", 503, "press the button again", "<nav"},
		"an internal error":            {"GET", "/broken", "text/html", 500, "mailto:help@example.com", "secret"},
		"a query that is not taken":    {"GET", "/missing?%3Cscript%3E=", "text/html", 400, "This did not work", "<script>"},
		"a program":                    {"GET", "/missing", "application/json", 404, `"code":"not_found"`, "<html"},
		"a program that takes any way": {"GET", "/away", "*/*", 503, `"code":"unavailable"`, "<html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, http.NoBody)
			r.Header.Set("Accept", tt.accept)
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, r)
			page := rec.Body.String()
			if rec.Code != tt.status || !strings.Contains(page, tt.want) || strings.Contains(page, tt.not) {
				t.Errorf("%d without %q, or with %q: %s", rec.Code, tt.want, tt.not, page)
			}
			if id := rec.Header().Get("X-Request-Id"); !strings.Contains(page, id) {
				t.Errorf("%s is not told: %s", id, page)
			}
			if later := rec.Header().Get("Retry-After") != ""; later != (tt.status == 503) {
				t.Errorf("Retry-After: %v", later)
			}
			if !strings.Contains(strings.Join(rec.Header().Values("Vary"), ", "), "Accept,") {
				t.Errorf("it varies by %q", rec.Header().Values("Vary"))
			}
		})
	}
}
