//go:build terraform

package checks

import (
	"math"
	"testing"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/cost"
)

// The months that `make cost` prices begin with what prod costs at rest.
func TestAtRestInProd(t *testing.T) {
	t.Parallel()
	secrets := map[string]bool{}
	for _, f := range catalog.Functions() {
		for _, name := range f.Secrets {
			secrets[name] = true
		}
	}
	var sum float64
	for _, row := range cost.AtRest(plans["prod"](t), len(secrets)) {
		sum += row.Month
	}
	if got := math.Round(sum); got != cost.AtRestInProd {
		t.Errorf("the plan of prod costs %.2f USD at rest, not %v", sum, cost.AtRestInProd)
	}
}
