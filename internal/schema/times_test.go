package schema_test

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/schema"
)

// Receipts and the deletion page promise that nothing is left after the longest of them. Acts have
// a pseudonym to which nothing leads.
func TestResiduals(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, r := range schema.Residuals {
		if r.What == "" || said[r.What] || r.Days < 1 || r.Days > 180 && r.Days != int(schema.AuditLife/(24*time.Hour)) {
			t.Errorf("residual %+v", r)
		}
		said[r.What] = true
	}
}
