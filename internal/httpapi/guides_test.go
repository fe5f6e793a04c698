package httpapi_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/httpapi"
)

// The guides name operations and codes that the contract has.
func TestGuides_nameWhatThereIs(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	operations := map[string]bool{}
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			operations[method+" "+parameter.ReplaceAllString(path, "{}")] = true
		}
	}
	pages, err := filepath.Glob("guides/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d guides, %v", len(pages), err)
	}
	call := regexp.MustCompile("`(GET|POST|PUT|PATCH|DELETE) (/[^`? ]*)")
	code := regexp.MustCompile("`([a-z]+(?:_[a-z]+)+)`")
	link := regexp.MustCompile(`\]\(([^)#]+)\)`)
	foreign := map[string]bool{"background_downloader": true, "image_picker": true, "network_security_config": true}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range call.FindAllStringSubmatch(string(content), -1) {
				if op := found[1] + " " + parameter.ReplaceAllString(found[2], "{}"); !operations[op] {
					t.Errorf("the contract has no %s", op)
				}
			}
			for _, found := range code.FindAllStringSubmatch(string(content), -1) {
				if !foreign[found[1]] && !regexp.MustCompile(`\b`+found[1]+`\b`).Match(httpapi.Contract()) {
					t.Errorf("the contract knows no %s", found[1])
				}
			}
			for _, found := range link.FindAllStringSubmatch(string(content), -1) {
				if strings.Contains(found[1], "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join("guides", found[1])); err != nil {
					t.Errorf("link: %v", err)
				}
			}
		})
	}
}
