// Package reference serves /docs, the API's contract as a page to read and to try out.
//
// The page is Swagger UI's, which reads the contract from the same host. Its files are those of the
// npm package swagger-ui-dist in the version that npm/package-lock.json pins, with their licences.
// `go generate` writes them and their checksums, and `make generated` compares. Nothing is loaded
// from elsewhere.
package reference

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"

	"github.com/klauspost/compress/gzhttp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

//go:generate go run ../../../scripts/assets reference

var (
	//go:embed page.html page.css start.js
	own embed.FS
	//go:embed assets/swagger-ui-bundle.js assets/swagger-ui.css
	theirs embed.FS
)

// policy is the page's. Scripts come from files of this host only, and the page talks to this host
// only. Swagger UI has pictures in its style sheet, and sets styles in the elements that it makes.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// file is a file of the page, which a client may keep as long as its tag is the same.
type file struct {
	mediaType, tag string
	content        []byte
}

// Routes adds GET /docs, the page, and GET /docs/{file}, what it loads. Their answers are
// compressed for clients that take that, as the script has 1.7 MB.
func Routes(api *httpapi.API) {
	files := map[string]file{}
	for _, from := range []embed.FS{own, theirs} {
		add(files, from)
	}
	page := files["page.html"]
	delete(files, "page.html")
	api.Handle("GET /docs", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
		serve(w, r, page)
		return nil
	}, httpapi.AnyQuery, httpapi.Header(httpapi.IfNoneMatch))
	api.Handle("GET /docs/{file}", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
		found, ok := files[r.PathValue("file")]
		if !ok {
			return fault.New(fault.CodeNotFound, "The page has no such file.")
		}
		serve(w, r, found)
		return nil
	}, httpapi.AnyQuery, httpapi.Header(httpapi.IfNoneMatch))
}

// add adds the files of an embedded tree by their names. Reading what is embedded cannot fail.
func add(files map[string]file, from embed.FS) {
	mediaTypes := map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	}
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := from.ReadFile(name)
		sum := sha256.Sum256(content)
		files[path.Base(name)] = file{
			mediaTypes[path.Ext(name)], fmt.Sprintf("%q", base64.RawURLEncoding.EncodeToString(sum[:12])), content,
		}
		return err
	})
	if err != nil {
		panic(err)
	}
}

func serve(w http.ResponseWriter, r *http.Request, f file) {
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Etag", "W/"+f.tag)                  // weak: it is of the compressed form, too
	header.Set("Cache-Control", "public, no-cache") // kept, and asked for each time whether it is still right
	if httpapi.NoneMatch(r).Include(f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(f.content) // the client may be gone
	})).ServeHTTP(w, r)
}
