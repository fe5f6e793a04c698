package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

var (
	//go:embed problem/page.html
	problemHTML string
	//go:embed problem/page.css
	problemStyle string
)

// ProblemRoutes adds GET /problems/{code}, the page that the member type of a problem names: what
// the code means, what an app does about it, and whether it may repeat the request.
func (p *Pages) ProblemRoutes(api *httpapi.API) {
	pages := problemPages()
	policy := Policy(problemStyle, "form-action 'none'")
	api.Handle("GET /problems/{code}", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
		page, ok := pages()[fault.Code(r.PathValue("code"))]
		if !ok {
			return fault.New(fault.CodeNotFound, "There is no such code.")
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		Write(w, http.StatusOK, page, policy)
		return nil
	}, httpapi.AnyQuery, httpapi.Shown(p.Problem))
}

// problemPages returns the pages of all codes. They are made at the first call, since a start has
// no time to lose. The embedded template cannot fail.
func problemPages() func() map[fault.Code][]byte {
	return sync.OnceValue(func() map[fault.Code][]byte {
		page := template.Must(template.New("problem").Funcs(template.FuncMap{"prose": prose}).Parse(problemHTML))
		all := map[fault.Code][]byte{}
		for _, e := range fault.Entries() {
			var body bytes.Buffer
			err := page.Execute(&body, struct {
				fault.Entry
				Style template.CSS
			}{e, template.CSS(problemStyle)}) //nolint:gosec // embedded
			if err != nil {
				panic(err)
			}
			all[e.Code] = body.Bytes()
		}
		return all
	})
}

// prose returns a text in Markdown as HTML. It knows code between backquotes and nothing else.
func prose(text string) template.HTML {
	parts := strings.Split(text, "`")
	for i := range parts {
		parts[i] = template.HTMLEscapeString(parts[i])
		if i%2 == 1 {
			parts[i] = "<code>" + parts[i] + "</code>"
		}
	}
	return template.HTML(strings.Join(parts, "")) //nolint:gosec // escaped
}
