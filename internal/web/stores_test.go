package web

import (
	"testing"

	"github.com/facescan/facescan/internal/schema"
)

// What a receipt can list has a name in each language.
func TestStoreNames(t *testing.T) {
	t.Parallel()
	listed := []string{"sign-in", "photos", "results", "export files"}
	// Not of a user: boards and what is counted on them, and the receipts themselves.
	shared := map[string]bool{"boards": true, "histogram": true, "snapshot": true, "erased": true}
	for _, c := range schema.Collections {
		if !shared[c.Name] {
			listed = append(listed, c.Name)
		}
	}
	for _, store := range listed {
		if names := storeNames[store]; names.english == "" || names.german == "" {
			t.Errorf("%s is called %q in English and %q in German", store, names.english, names.german)
		}
	}
	if got := storeName("de", "what is new"); got != "what is new" {
		t.Errorf("an unknown one is called %q", got)
	}
}
