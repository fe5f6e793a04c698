package web

import (
	_ "embed"
	"net/http"
	"slices"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/schema"
)

//go:embed deletion.js
var deletionScript string

// DeletionRoutes adds GET /account-deletion, the page that app stores ask for: what is deleted and
// what remains, a form that asks for a link in a mail, and one that signs in with e-mail and
// password and deletes the account through the API. It needs no database and loads nothing from
// elsewhere.
func (p *Pages) DeletionRoutes(api *httpapi.API) {
	api.Handle(
		"GET /account-deletion", httpapi.Open, p.deletion, httpapi.Query("lang"), httpapi.AnyQuery,
	)
}

// deletion answers with the page. Its forms may be sent only by the script and to this host.
func (p *Pages) deletion(w http.ResponseWriter, r *http.Request) error {
	lang := Lang(r)
	residuals := slices.Clone(schema.Residuals)
	for i, left := range residuals {
		residuals[i].What = residual(lang, left.What)
	}
	return write(w, http.StatusOK, "deletion", lang, struct {
		frame
		Residuals []schema.Residual
	}{p.frame(lang, deletionScript), residuals}, false,
		"script-src "+SourceHash(deletionScript), "connect-src 'self'", "form-action 'none'",
	)
}
