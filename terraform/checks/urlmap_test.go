//go:build terraform

package checks

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/httpapi"
)

// TestURLMap_routesLikeTheCatalog sends every operation of the contract, and some paths that are
// none, through the planned URL map by Google's rule: an exact path first, then the longest that
// ends in /*.
func TestURLMap_routesLikeTheCatalog(t *testing.T) {
	contract, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"/", "/robots.txt", "/v1", "/v1/unknown", "/v2/me", "/v1/me/", "/v1/mellow"}
	for path := range contract.Paths.Map() {
		paths = append(paths, fill(path))
	}
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		route := urlMap(t, plan)
		for _, path := range paths {
			if got, want := route(path), catalog.Owner(path).Name; got != want {
				t.Errorf("%s goes to %q, the catalog says %q", path, got, want)
			}
		}
	})
}

// fill gives the path's parameters values.
func fill(path string) string {
	elements := strings.Split(path, "/")
	for i, e := range elements {
		if strings.HasPrefix(e, "{") {
			elements[i] = "x"
		}
	}
	return strings.Join(elements, "/")
}

func urlMap(t *testing.T, plan *tfjson.Plan) func(path string) string {
	t.Helper()
	// The services' ids are known after the apply only; the rules are in the order of the functions'
	// names.
	var names []string
	for _, f := range catalog.Functions() {
		if f.Trigger == catalog.HTTP {
			names = append(names, f.Name)
		}
	}
	exact, prefix := map[string]string{}, map[string]string{}
	for _, m := range resources(plan, "google_compute_url_map") {
		rules, _ := m.at("path_matcher.0.path_rule").([]any)
		for i, r := range rules {
			rule := planned{StateResource: &tfjson.StateResource{AttributeValues: r.(map[string]any)}}
			all, _ := rule.at("paths").([]any)
			for _, p := range all {
				text := p.(string)
				if before, wild := strings.CutSuffix(text, "/*"); wild {
					prefix[before+"/"] = names[i]
				} else {
					exact[text] = names[i]
				}
			}
		}
	}
	if len(exact) == 0 {
		t.Fatal("the URL map has no rules")
	}
	return func(path string) string {
		if name, found := exact[path]; found {
			return name
		}
		best, owner := "", "health"
		for p, name := range prefix {
			if strings.HasPrefix(path, p) && len(p) > len(best) {
				best, owner = p, name
			}
		}
		return owner
	}
}
