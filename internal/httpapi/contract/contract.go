// Package contract serves the API's contract, as YAML with its comments and as JSON.
//
// openapi.json is written from internal/httpapi/openapi.yaml by scripts/contract.
package contract

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"

	"github.com/facescan/facescan/internal/httpapi"
)

//go:embed openapi.json
var asJSON []byte

// Routes adds GET /v1/openapi.yaml and GET /v1/openapi.json. Both answer compressed where the
// client takes gzip, and 304 where it has the document.
func Routes(api *httpapi.API) {
	add := func(path string, d *document) {
		api.Handle("GET "+path, httpapi.Open, d.serve, httpapi.Header(httpapi.IfNoneMatch))
	}
	add("/v1/openapi.json", newDocument("application/json", asJSON))
	add("/v1/openapi.yaml", newDocument("application/yaml", httpapi.Contract()))
}

// JSON returns the contract in JSON.
func JSON() []byte { return asJSON }

// document is the contract in one format.
type document struct {
	media string
	plain func() form
	// packed is compressed by gzip.
	packed func() form
}

// form is a representation of a document with its strong entity tag.
type form struct {
	content []byte
	tag     string
}

// newDocument returns the document. Its forms are made when they are first asked for, since a start
// has no time to lose.
func newDocument(media string, text []byte) *document {
	return &document{
		media: media,
		plain: sync.OnceValue(func() form { return form{text, tagOf(text)} }),
		packed: sync.OnceValue(func() form {
			var b bytes.Buffer
			w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
			_, _ = w.Write(text)                                  // a buffer takes everything
			_ = w.Close()
			return form{b.Bytes(), tagOf(b.Bytes())}
		}),
	}
}

func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

func (d *document) serve(w http.ResponseWriter, r *http.Request) error {
	answer := d.plain()
	w.Header().Add("Vary", "Accept-Encoding")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		answer = d.packed()
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("ETag", answer.tag)
	if httpapi.NoneMatch(r).Include(answer.tag) {
		w.Header().Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", d.media)
	_, _ = w.Write(answer.content) // the client may be gone
	return nil
}

// takesGzip reports whether the values of Accept-Encoding admit gzip by its name (RFC 9110,
// 12.5.3).
func takesGzip(values []string) bool {
	for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight = strings.ReplaceAll(strings.TrimSpace(weight), " ", "")
			return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
