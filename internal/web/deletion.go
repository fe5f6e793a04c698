package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/schema"
)

var (
	//go:embed deletion/page.html
	pageHTML string
	//go:embed deletion/page.css
	pageStyle string
	//go:embed deletion/page.js
	pageScript string
)

// DeletionRoutes adds GET /account-deletion, the page that app stores ask for: what is deleted and
// what remains, and a form that signs in with e-mail and password and deletes the account through
// the API. It needs no database and loads nothing from elsewhere.
func DeletionRoutes(api *httpapi.API) {
	// Forms may be sent only by the script and to this host.
	page := renderPage()
	policy := Policy(
		pageStyle, "script-src "+SourceHash(pageScript), "connect-src 'self'", "form-action 'none'",
	)
	api.Handle("GET /account-deletion", httpapi.Open, func(w http.ResponseWriter, _ *http.Request) error {
		Write(w, page, policy)
		return nil
	}, httpapi.AnyQuery)
}

// renderPage returns the page, with the texts of the receipts. The embedded template cannot fail.
func renderPage() []byte {
	data := struct {
		Style       template.CSS
		Script      template.JS
		Minutes     int
		ReceiptDays int
		Residuals   []schema.Residual
	}{
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // embedded
		Minutes: int(schema.LatePhotos.Minutes()), ReceiptDays: int(schema.ReceiptLife.Hours() / 24),
		Residuals: schema.Residuals,
	}
	var page bytes.Buffer
	if err := template.Must(template.New("page").Parse(pageHTML)).Execute(&page, data); err != nil {
		panic(err)
	}
	return page.Bytes()
}
