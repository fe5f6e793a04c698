package waterfall

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/web"
)

// Paths of the pages, and of the same for programs, as JSON. Below both is each trace, by its id.
const (
	PagePath = "/view/traces"
	JSONPath = "/traces"
)

// shownTraces is how many traces a page lists at most.
const shownTraces = 200

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageStyle string

	page = template.Must(template.New("").Parse(pageHTML))

	traceID = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// Pages show the traces of a ring.
type Pages struct {
	Ring *Ring
	// Find returns the traces of the scan or the user with the id, or with the pseudonym of a user in
	// the logs.
	Find func(ctx context.Context, id string) ([]string, error)
}

// Routes adds the pages and [Ring.Export].
func (p Pages) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+ExportPath, p.Ring.Export)
	mux.HandleFunc("GET "+PagePath, p.list)
	mux.HandleFunc("GET "+PagePath+"/{id}", p.show)
	mux.HandleFunc("GET "+JSONPath, p.listJSON)
	mux.HandleFunc("GET "+JSONPath+"/{id}", p.showJSON)
}

// search returns the traces for the query "q": all, or those that it names.
func (p Pages) search(r *http.Request) (query string, found []Summary, err error) {
	query, all := strings.TrimSpace(r.URL.Query().Get("q")), p.Ring.Traces()
	if query == "" {
		return "", all, nil
	}
	ids := []string{strings.ToLower(query)}
	if !traceID.MatchString(ids[0]) {
		if ids, err = p.Find(r.Context(), query); err != nil {
			return query, nil, fmt.Errorf("look for the traces: %w", err)
		}
	}
	found = slices.DeleteFunc(all, func(s Summary) bool { return !slices.Contains(ids, s.ID) })
	return query, found, nil
}

func (p Pages) list(w http.ResponseWriter, r *http.Request) {
	query, found, err := p.search(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, "list", struct {
		frame
		Query  string
		Traces []Summary
		More   int
	}{newFrame("Traces"), query, found[:min(len(found), shownTraces)], max(0, len(found)-shownTraces)})
}

func (p Pages) listJSON(w http.ResponseWriter, r *http.Request) {
	_, found, err := p.search(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, append([]Summary{}, found...))
}

// bar is a row with the place of its bar, in thousandths of the trace.
type bar struct {
	Row
	Indent   int
	At, Wide string
	Took     string
}

func newBar(r Row, of Summary) bar {
	whole := float64(max(of.Took, 1))
	at := min(1000, 1000*float64(r.Start.Sub(of.Start))/whole)
	return bar{
		Row: r, Indent: min(r.Depth, 9), At: fmt.Sprintf("%.1f", at),
		Wide: fmt.Sprintf("%.1f", max(2, min(1000*float64(r.Duration())/whole, 1000-at))), Took: milliseconds(r.Duration()),
	}
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// Milliseconds returns how long the trace took, to be read.
func (s Summary) Milliseconds() string { return milliseconds(s.Took) }

func (p Pages) show(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	spans := p.Ring.Trace(id)
	if len(spans) == 0 {
		http.Error(w, "there is no such trace, or no more", http.StatusNotFound)
		return
	}
	of := summarize(id, spans)
	var bars []bar
	for _, row := range layOut(spans) {
		bars = append(bars, newBar(row, of))
	}
	write(w, "trace", struct {
		frame
		Trace   Summary
		Bars    []bar
		Linking []string
	}{newFrame("Trace of " + of.Name), of, bars, p.Ring.Linking(id)})
}

func (p Pages) showJSON(w http.ResponseWriter, r *http.Request) {
	spans := p.Ring.Trace(r.PathValue("id"))
	if len(spans) == 0 {
		http.Error(w, "there is no such trace, or no more", http.StatusNotFound)
		return
	}
	writeJSON(w, spans)
}

// frame is what all pages have.
type frame struct {
	Style    template.CSS
	Title    string
	PagePath string
}

func newFrame(title string) frame { return frame{template.CSS(pageStyle), title, PagePath} } //nolint:gosec // embedded

func write(w http.ResponseWriter, name string, data any) {
	var to bytes.Buffer
	if err := page.ExecuteTemplate(&to, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src "+web.SourceHash(pageStyle)+
		"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write(to.Bytes()) // a reader who is gone misses nothing
}

func writeJSON(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(what) // a reader who is gone misses nothing
}
