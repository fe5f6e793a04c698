package schema_test

import (
	"testing"

	"github.com/facescan/facescan/internal/schema"
)

// Receipts and the deletion page promise that nothing is left after the longest of them.
func TestResiduals(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, r := range schema.Residuals {
		if r.What == "" || said[r.What] || r.Days < 1 || r.Days > 180 {
			t.Errorf("residual %+v", r)
		}
		said[r.What] = true
	}
}
