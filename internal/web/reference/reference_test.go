package reference_test

import (
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/web/reference"
)

func newServer(t *testing.T) string {
	t.Helper()
	api := httpapi.New(httpapi.Options{AppCheck: httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}})
	reference.Routes(api)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return server.URL
}

// ask requests the path with the headers, and returns the answer with its body as it came.
func ask(t *testing.T, url string, headers map[string]string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	url := newServer(t)
	for path, want := range map[string]struct {
		status    int
		mediaType string
	}{
		"/docs":                      {200, "text/html; charset=utf-8"},
		"/docs?theme=dark":           {200, "text/html; charset=utf-8"},
		"/docs/start.js":             {200, "text/javascript; charset=utf-8"},
		"/docs/page.css":             {200, "text/css; charset=utf-8"},
		"/docs/swagger-ui.css":       {200, "text/css; charset=utf-8"},
		"/docs/swagger-ui-bundle.js": {200, "text/javascript; charset=utf-8"},
		"/docs/page.html":            {404, "application/problem+json"},
		"/docs/SHA256SUMS":           {404, "application/problem+json"},
		"/docs/..%2fpage.css":        {404, "application/problem+json"},
		"/docs/":                     {404, "application/problem+json"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			resp, body := ask(t, url+path, nil)
			if got := resp.Header.Get("Content-Type"); resp.StatusCode != want.status || got != want.mediaType {
				t.Fatalf("%d, %s", resp.StatusCode, got)
			}
			if want.status != http.StatusOK {
				return
			}
			tag := resp.Header.Get("Etag")
			if again, rest := ask(t, url+path, map[string]string{"If-None-Match": tag}); again.StatusCode !=
				http.StatusNotModified || len(rest) > 0 {
				t.Errorf("with its tag it answers %d and %d bytes", again.StatusCode, len(rest))
			}
			if again, _ := ask(t, url+path, map[string]string{"If-None-Match": `"other"`}); again.StatusCode !=
				http.StatusOK {
				t.Errorf("with another tag it answers %d", again.StatusCode)
			}
			packed, inside := ask(t, url+path, map[string]string{"Accept-Encoding": "gzip"})
			if packed.Header.Get("Content-Encoding") == "" {
				return // too short to be worth it
			}
			if !strings.HasPrefix(tag, "W/") || packed.Header.Get("Etag") != tag {
				t.Errorf("two forms have the tags %s and %s", tag, packed.Header.Get("Etag"))
			}
			if unpacked := unpack(t, inside); unpacked != string(body) {
				t.Errorf("compressed it has %d bytes, %d otherwise", len(unpacked), len(body))
			}
		})
	}
}

func unpack(t *testing.T, packed []byte) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(string(packed)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// The page is dead if its policy forbids what it loads, and leaks what is tried out if it loads
// from elsewhere.
func TestPage_loadsFromItsHostAlone(t *testing.T) {
	t.Parallel()
	url := newServer(t)
	resp, body := ask(t, url+"/docs", nil)
	if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self';") ||
		!strings.HasPrefix(got, "default-src 'none';") {
		t.Errorf("policy %q", got)
	}
	loaded := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(body), -1)
	if len(loaded) == 0 {
		t.Fatal("the page loads nothing")
	}
	for _, l := range loaded {
		switch path := l[1]; {
		case path == "data:,", path == "/v1/openapi.yaml":
		case !strings.HasPrefix(path, "/docs/"):
			t.Errorf("the page loads %s", path)
		default:
			if resp, _ := ask(t, url+path, nil); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", path, resp.StatusCode)
			}
		}
	}
	if strings.Contains(string(body), "<script>") || strings.Contains(string(body), "<style>") {
		t.Error("the page has scripts or styles in it, which its policy forbids")
	}
}

// The files are what the packages have, as npm's lock pins them.
func TestAssets_haveTheirChecksums(t *testing.T) {
	t.Parallel()
	sums, err := os.ReadFile("assets/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile(filepath.Join("assets", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != sum {
			t.Errorf("%s has the checksum %s", name, got)
		}
		seen++
	}
	if seen != len(entries)-1 {
		t.Errorf("%d checksums for %d files", seen, len(entries)-1)
	}
}
