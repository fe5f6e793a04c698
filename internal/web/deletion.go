// Package web serves pages for browsers.
package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"

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
	page, policy := renderPage(), pagePolicy()
	api.Handle("GET /account-deletion", httpapi.Open, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(page) // the client may be gone
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

// pagePolicy returns a content security policy that allows only what is embedded, by its hash.
// Forms may be sent only by the script and to this host, and no other page may frame the one that
// asks for a password.
func pagePolicy() string {
	return strings.Join([]string{
		"default-src 'none'", "script-src " + SourceHash(pageScript), "style-src " + SourceHash(pageStyle),
		"connect-src 'self'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
}

// SourceHash returns the source of a content security policy that allows an embedded script or
// style with this text.
func SourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:]))
}
