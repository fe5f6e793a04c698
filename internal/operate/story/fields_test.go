package story

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/schema"
)

// Each collection is decided about, and what is measured, written or secret is in none of them.
func TestShown(t *testing.T) {
	t.Parallel()
	names := schema.Names()
	slices.Sort(names)
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("collections (-schema +story):\n%s", diff)
	}
	of := []string{"result.version", "result.rankable", "result.notRankableBecause"}
	for name, fields := range shown {
		for _, field := range fields {
			first, _, _ := strings.Cut(field, ".")
			switch {
			case first == "result" && !slices.Contains(of, field),
				slices.Contains([]string{
					"email", "score", "rating", "contributions", "places", "entries", "looks", "title", "body", "event", "token",
					"tokenHash", "seed", "capabilityHash", "request", "content", "declared", "displayName", "birthYear",
				}, first),
				first == "data" && field != "data.scanId" && field != "data.seriesId":
				t.Errorf("%s shows %s", name, field)
			}
		}
	}
}
