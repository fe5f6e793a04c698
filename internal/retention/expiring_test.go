package retention_test

import (
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/retention"
)

func TestExpiring(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(retention.Expiring) {
		t.Error("not sorted")
	}
	for _, name := range retention.Expiring {
		if !slices.Contains(retention.Collections, name) {
			t.Errorf("%q is not in Collections", name)
		}
	}
	for _, name := range []string{"users", "scans", "entries", "histogram", "outbox"} {
		if slices.Contains(retention.Expiring, name) {
			t.Errorf("documents of %q are for ever, until their owner or their work removes them", name)
		}
	}
}
