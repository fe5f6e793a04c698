//go:build terraform

package checks

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/catalog"
)

// examples says of each example which resources it has, by a part of their types and names, and how
// many functions.
var examples = map[string]struct {
	environments int
	has, lacks   []string
}{
	"minimal": {1, []string{
		"compute_url_map", "firestore_database", "identity_platform_config",
	}, []string{"monitoring_", "billing_"}},
	"full": {2, []string{
		"compute_url_map", "dns_record_set", "firestore_database", "identity_platform_config", "monitoring_alert_policy",
		"billing_budget", "iam_workload_identity_pool_provider",
	}, nil},
	"existing": {1, []string{"firestore_index", "monitoring_alert_policy"}, []string{
		"compute_", "firestore_database", "identity_platform_config", "logging_project_bucket_config.default",
		"notification_channel",
	}},
}

func TestExamples(t *testing.T) {
	folders, err := os.ReadDir("../examples")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range folders {
		names = append(names, f.Name())
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(examples)), names); diff != "" {
		t.Fatalf("examples (-known +there):\n%s", diff)
	}
	for name, want := range examples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := planExample(t, name)
			got := len(resources(plan, "google_cloudfunctions2_function"))
			if got != want.environments*len(catalog.Functions()) {
				t.Errorf("%d functions, the catalog has %d", got, len(catalog.Functions()))
			}
			types := map[string]bool{}
			for _, r := range resources(plan) {
				types[r.Type+"."+r.Name] = true
			}
			all := strings.Join(slices.Sorted(maps.Keys(types)), " ")
			for _, part := range want.has {
				if !strings.Contains(all, part) {
					t.Errorf("no %s in %s", part, all)
				}
			}
			for _, part := range want.lacks {
				if strings.Contains(all, part) {
					t.Errorf("there is a %s in %s", part, all)
				}
			}
			checkNames(t, plan)
		})
	}
}

func planExample(t *testing.T, name string) *tfjson.Plan {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	s := newStage(t)
	s.prepare(t)
	folder := filepath.Join("examples", name)
	if err := os.Rename(
		filepath.Join(s.dir, "sources.auto.tfvars.json"), filepath.Join(s.dir, folder, "sources.auto.tfvars.json"),
	); err != nil {
		t.Fatal(err)
	}
	return s.initialise(t, folder, environ(s.fake.Environ())).plan(ctx, t, map[string]string{"project_id": project}, true)
}

// identifying are the attributes by which Google tells two resources of a type apart, the first
// that a resource has.
var identifying = []string{
	"secret_id", "account_id", "role_id", "workload_identity_pool_id", "repository_id", "slo_id", "service_id",
	"display_name", "name",
}

// additive are types of which two that are the same do no harm.
var additive = []string{
	"google_project_service", "google_monitoring_notification_channel", "google_firebaserules_ruleset",
}

// checkNames wants no two resources of a type to have one name: two environments in a project would
// take them from each other.
func checkNames(t *testing.T, plan *tfjson.Plan) {
	t.Helper()
	seen := map[string]string{}
	for _, r := range resources(plan) {
		grant := strings.Contains(r.Type, "_iam_") && r.Type != "google_project_iam_custom_role"
		if grant || slices.Contains(additive, r.Type) || r.Type == "google_firestore_index" {
			continue
		}
		for _, attribute := range identifying {
			name := r.text(attribute)
			if name == "" {
				continue
			}
			in := r.text("bucket") + r.text("database") + r.text("collection") + r.text("service")
			id := fmt.Sprint(r.Type, " ", in, " ", name)
			if other := seen[id]; other != "" {
				t.Errorf("%s and %s are both the %s", other, r.Address, id)
			}
			seen[id] = r.Address
			break
		}
	}
}
