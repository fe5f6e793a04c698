package console_test

import (
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/console"
)

var there = console.Addresses{
	API: "http://127.0.0.1:8080", Auth: "http://127.0.0.1:9099", Storage: "http://127.0.0.1:9199",
	Project: "demo-facescan",
}

func newServer(t *testing.T) string {
	t.Helper()
	site, err := console.New(there)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	site.Routes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func ask(t *testing.T, url, tag string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", tag)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	url := newServer(t)
	for path, want := range map[string]struct {
		status    int
		mediaType string
	}{
		"/":                                 {200, "text/html; charset=utf-8"}, // by a redirect
		"/console/":                         {200, "text/html; charset=utf-8"},
		"/console/app/main.js":              {200, "text/javascript; charset=utf-8"},
		"/console/style/base.css":           {200, "text/css; charset=utf-8"},
		"/console/vendor/firebase-auth.js":  {200, "text/javascript; charset=utf-8"},
		"/console/vendor/SHA256SUMS":        {404, "text/plain; charset=utf-8"},
		"/console/app/":                     {404, "text/plain; charset=utf-8"},
		"/console/..%2fconsole.go":          {404, "text/plain; charset=utf-8"},
		"/console/app/views/nothing.js":     {404, "text/plain; charset=utf-8"},
		"/console/vendor/firebase-none.js":  {404, "text/plain; charset=utf-8"},
		"/console/app/operator/overview.js": {200, "text/javascript; charset=utf-8"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			resp, _ := ask(t, url+path, "")
			if got := resp.Header.Get("Content-Type"); resp.StatusCode != want.status || got != want.mediaType {
				t.Fatalf("%d, %s", resp.StatusCode, got)
			}
			if want.status != http.StatusOK {
				return
			}
			again, body := ask(t, url+path, resp.Header.Get("Etag"))
			if again.StatusCode != http.StatusNotModified || body != "" {
				t.Errorf("with its tag it answers %d and %d bytes", again.StatusCode, len(body))
			}
		})
	}
}

// The policy is what keeps a face on this machine: nothing else can be asked or loaded.
func TestPage_talksToTheStackAlone(t *testing.T) {
	t.Parallel()
	resp, body := ask(t, newServer(t)+console.Path, "")
	policy := resp.Header.Get("Content-Security-Policy")
	stack := []string{there.API, there.Auth, there.Storage}
	for directive := range strings.SplitSeq(policy, "; ") {
		for _, source := range strings.Fields(directive)[1:] {
			known := []string{"'none'", "'self'", "blob:", "data:", "'script'"}
			if !slices.Contains(append(known, stack...), source) {
				t.Errorf("the policy admits %s: %s", source, directive)
			}
		}
	}
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'"} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("the policy is %q, without %q", policy, want)
		}
	}
	for _, want := range []string{`data-api="` + there.API + `"`, `data-auth="` + there.Auth + `"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if regexp.MustCompile(`<script>|<style|style="| on[a-z]+="`).MatchString(body) {
		t.Error("the page has scripts or styles in it, which its policy forbids")
	}
}

// sources returns the site's own files of the kinds, by their paths.
func sources(t *testing.T, kinds ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS("site")
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, "vendor/") || !slices.Contains(kinds, filepath.Ext(name)) {
			return err
		}
		content, err := fs.ReadFile(root, name)
		found[name] = string(content)
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d files of %v: %v", len(found), kinds, err)
	}
	return found
}

// What is imported or loaded is there, and nothing is loaded from another host. No module makes
// markup out of texts.
func TestSources(t *testing.T) {
	t.Parallel()
	loads := regexp.MustCompile(`(?:from |import\(|import |src: url\()"(\.[^"]+)"`)
	hosts := regexp.MustCompile(`https?://[a-z0-9.]+`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(`)
	for name, text := range sources(t, ".js", ".css", ".html") {
		for _, found := range loads.FindAllStringSubmatch(text, -1) {
			path := filepath.Join("site", filepath.Dir(name), found[1])
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s loads %s, which is not there", name, found[1])
			}
		}
		for _, host := range hosts.FindAllString(text, -1) {
			if host != "http://www.w3.org" {
				t.Errorf("%s names %s", name, host)
			}
		}
		if found := markup.FindString(text); found != "" {
			t.Errorf("%s has %s", name, found)
		}
		if lines := strings.Count(text, "\n"); lines > 260 {
			t.Errorf("%s has %d lines: a module is small", name, lines)
		}
	}
}

// stringsOf returns the strings of a language by their keys.
func stringsOf(t *testing.T, language string) map[string]string {
	t.Helper()
	var content []byte
	for _, name := range []string{language + ".js", "operator-" + language + ".js"} {
		part, err := os.ReadFile(filepath.Join("site", "app", "text", name))
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, part...)
	}
	all := map[string]string{}
	for _, found := range regexp.MustCompile(`"([^"\n]+)": "([^"\n]*)"`).FindAllStringSubmatch(string(content), -1) {
		if _, twice := all[found[1]]; twice {
			t.Errorf("%s has %s twice", language, found[1])
		}
		all[found[1]] = found[2]
	}
	return all
}

// Each language has the same strings with the same values in them, and modules ask for no other.
func TestStrings(t *testing.T) {
	t.Parallel()
	english, german := stringsOf(t, "en"), stringsOf(t, "de")
	keys := func(of map[string]string) []string { return slices.Sorted(maps.Keys(of)) }
	if diff := cmp.Diff(keys(english), keys(german)); diff != "" {
		t.Errorf("keys (-English +German):\n%s", diff)
	}
	values := regexp.MustCompile(`\{\w+\}`)
	inOrder := func(text string) []string { return slices.Sorted(slices.Values(values.FindAllString(text, -1))) }
	for key, text := range english {
		if diff := cmp.Diff(inOrder(text), inOrder(german[key])); diff != "" {
			t.Errorf("values of %s (-English +German):\n%s", key, diff)
		}
	}
	asked := regexp.MustCompile(`\bt\("([^"]+)"`)
	for name, text := range sources(t, ".js") {
		for _, found := range asked.FindAllStringSubmatch(text, -1) {
			if _, ok := english[found[1]]; !ok {
				t.Errorf("%s asks for %q, which is no string", name, found[1])
			}
		}
	}
}

// Each failure of a scan that the contract has, has a title.
func TestFailures_haveATitle(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile("../../httpapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, failure, _ := strings.Cut(string(contract), "\n    Failure:\n")
	failure, _, _ = strings.Cut(failure, "{type: string}")
	codes := regexp.MustCompile(`(?m)^ +- ([a-z_]+)$`).FindAllStringSubmatch(failure, -1)
	if len(codes) < 10 {
		t.Fatalf("the contract has %d failures", len(codes))
	}
	english := stringsOf(t, "en")
	for _, code := range codes {
		if english["failed."+code[1]] == "" {
			t.Errorf("the failure %s has no title", code[1])
		}
	}
}
