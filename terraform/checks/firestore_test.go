//go:build terraform

package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/schema"
)

// TestFields_areIndexedAsTheCodeSays: what the code asks a group by, what expires, and what nothing
// asks by.
func TestFields_areIndexedAsTheCodeSays(t *testing.T) {
	const both = "COLLECTION ASCENDING, COLLECTION_GROUP ASCENDING"
	want := map[string]string{}
	for _, c := range schema.Collections {
		for _, field := range c.GroupFields {
			want[c.Name+"."+field] = both
		}
		if c.Expires {
			want[c.Name+".expireAt"] = both + ", expires"
		}
		for _, field := range c.Unindexed {
			want[c.Name+"."+field] = ""
		}
	}
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		got := map[string]string{}
		for _, f := range resources(plan, "google_firestore_field") {
			var is []string
			for _, scope := range []string{"COLLECTION", "COLLECTION_GROUP"} {
				for i := range 2 {
					index := fmt.Sprintf("index_config.0.indexes.%d.", i)
					if f.text(index+"query_scope") == scope {
						is = append(is, scope+" "+f.text(index+"order"))
					}
				}
			}
			if expires, _ := f.at("ttl_config").([]any); len(expires) > 0 {
				is = append(is, "expires")
			}
			if configs, _ := f.at("index_config").([]any); len(configs) != 1 {
				t.Errorf("%s says nothing of its indexes, so that it has those that every field has", f.Address)
			}
			got[f.text("collection")+"."+f.text("field")] = strings.Join(is, ", ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
	})
}
