// Package console serves the web console of `make run`: a person takes a photo in it and watches it
// travel, as in an app.
//
// It is a page of the private port, which is another origin than the API's, and an ordinary client
// of the API: it signs in by the Firebase JS SDK and needs the API's CORS rules as a web app does.
// The site is plain HTML, CSS and ES modules in the folder site, which the browser runs as they
// are. Below vendor are the files that npm/package-lock.json pins; `go generate` writes them.
// README.md says how the site is built.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

//go:generate go run ../../../scripts/assets console

// Path is where the page is; all its files are below it.
const Path = "/console/"

//go:embed site
var embedded embed.FS

// Addresses are what the page talks to, as URLs without a path, such as http://127.0.0.1:8080.
type Addresses struct {
	API, Auth, Storage string
	// Project is the Firebase project.
	Project string
}

// policy returns the page's content security policy. Scripts, styles and fonts are files of this
// host, and nothing is sent to any but the local stack. The camera's pictures are blobs.
func (a Addresses) policy() string {
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'",
		"img-src 'self' blob: data: " + a.API + " " + a.Storage, "media-src 'self' blob:",
		"connect-src 'self' " + a.API + " " + a.Auth + " " + a.Storage,
		"form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
	}, "; ")
}

// file is a file of the site, which a browser may keep as long as its tag is the same.
type file struct {
	mediaType, tag string
	content        []byte
}

// Site is the console of one stack.
type Site struct {
	policy string
	files  map[string]file
}

// New returns the console that talks to the addresses.
func New(a Addresses) (*Site, error) {
	s := &Site{policy: a.policy(), files: map[string]file{}}
	root, err := fs.Sub(embedded, "site")
	if err != nil {
		return nil, err
	}
	return s, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			if content, err = a.fill(string(content)); err != nil {
				return err
			}
		}
		return s.add(name, content)
	})
}

// fill writes the addresses into the page, from which its scripts take them.
func (a Addresses) fill(page string) ([]byte, error) {
	parsed, err := template.New("").Parse(page)
	if err != nil {
		return nil, fmt.Errorf("parse the console's page: %w", err)
	}
	var b bytes.Buffer
	err = parsed.Execute(&b, a)
	return b.Bytes(), err
}

// mediaTypes are those of the site's files. What is not here is not served.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".woff2": "font/woff2", ".svg": "image/svg+xml",
}

func (s *Site) add(name string, content []byte) error {
	mediaType, ok := mediaTypes[path.Ext(name)]
	if !ok {
		return nil
	}
	sum := sha256.Sum256(content)
	s.files[name] = file{mediaType, `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, content}
	return nil
}

// Routes adds the page and its files to the private port, and a way there from its root.
func (s *Site) Routes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", http.RedirectHandler(Path, http.StatusFound))
	mux.HandleFunc("GET "+Path+"{name...}", s.serve)
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" {
		name = "index.html"
	}
	found, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", found.mediaType)
	header.Set("Content-Security-Policy", s.policy)
	header.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-cache") // kept, and asked for each time whether it is still right
	header.Set("Etag", found.tag)           // weak: it is of the compressed form, too
	gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(found.content))
	})).ServeHTTP(w, r)
}
