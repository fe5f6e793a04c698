//go:build terraform

package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/fakegcp"
	"github.com/facescan/facescan/internal/deploy/leak"
)

// TestApply goes the operator's whole way against the fake: apply, look at what was sent, plan
// again and find nothing, change one function's code and see only that function change, destroy and
// leave nothing.
func TestApply(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	s := newStage(t)
	set := variables("dev")
	set["kms_key"] = testKey
	vars, file := options(set)

	apply := []tfexec.ApplyOption{file, tfexec.Parallelism(30)}
	destroy := []tfexec.DestroyOption{file, tfexec.Parallelism(30)}
	for _, v := range vars {
		apply, destroy = append(apply, v), append(destroy, v)
	}
	s.bootstrap(ctx, t)
	s.clock.advance(time.Minute) // a grant holds for builds after a while
	s.as(t, deployer)
	// scripts/deploy does the same: alerts on metrics of logs come when these are ten minutes old.
	if err := s.Apply(ctx, append(slices.Clone(apply), tfexec.Var("log_alerts_enabled=false"))...); err != nil {
		t.Fatalf("terraform apply, the first phase: %v", err)
	}
	s.clock.advance(10 * time.Minute)
	if err := s.Apply(ctx, apply...); err != nil {
		t.Fatalf("terraform apply, the second phase: %v", err)
	}

	t.Run("what was sent is what the catalog says", func(t *testing.T) { checkSent(t, s.fake) })
	t.Run("no state has a secret", func(t *testing.T) {
		for name, r := range map[string]*root{"the deployment's": s.root, "the owner's": s.owner} {
			state, err := r.StatePull(ctx)
			if err != nil {
				t.Fatal(err)
			}
			found, err := leak.InState([]byte(state))
			if err != nil || len(found) > 0 || !strings.Contains(state, `"google_`) {
				t.Errorf("%s: %q, %v", name, found, err)
			}
		}
	})
	t.Run("the next plan is empty", func(t *testing.T) {
		if changed := changes(s.plan(ctx, t, set, true)); len(changed) > 0 {
			t.Errorf("planned again: %q", changed)
		}
	})
	t.Run("another function's code changes that function only", func(t *testing.T) {
		s.writeSources(t, map[string]bool{"rank": true})
		changed := changes(s.plan(ctx, t, set, false))
		want := []string{
			`module.facescan.google_storage_bucket_object.source["rank"] replaced`,
			`module.facescan.module.function["rank"].google_cloudfunctions2_function.this updated`,
		}
		if !slices.Equal(changed, want) {
			t.Errorf("changes:\n%s\nwant:\n%s", strings.Join(changed, "\n"), strings.Join(want, "\n"))
		}
	})
	t.Run("more memory replaces nothing", func(t *testing.T) {
		s.writeSources(t, nil)
		now := fmt.Sprintf(`"memoryMiB": %d`, catalog.Functions()[0].MemoryMiB)
		s.edit(t, "modules/facescan/catalog.json", now, `"memoryMiB": 4096`)
		changed := changes(s.plan(ctx, t, set, false))
		s.edit(t, "modules/facescan/catalog.json", `"memoryMiB": 4096`, now)
		if len(changed) == 0 || slices.ContainsFunc(
			changed, func(c string) bool { return !strings.HasSuffix(c, " updated") },
		) {
			t.Errorf("changes: %q", changed)
		}
	})
	t.Run("another region replaces every function", func(t *testing.T) {
		set := variables("dev") // without the key, which is in another region
		set["region"] = "europe-west4"
		replaced := 0
		for _, c := range changes(s.plan(ctx, t, set, false)) {
			if strings.HasSuffix(c, " replaced") && strings.Contains(c, "google_cloudfunctions2_function") {
				replaced++
			}
		}
		if replaced != len(catalog.Functions()) {
			t.Errorf("%d functions are replaced, want all %d", replaced, len(catalog.Functions()))
		}
	})
	t.Run("the owner's secrets and states refuse to be destroyed", func(t *testing.T) {
		plan := []tfexec.PlanOption{tfexec.Destroy(true)}
		vars, _ := options(ownersVariables(map[string]string{"protect_data": "false", "kms_key": testKey}))
		for _, v := range vars {
			plan = append(plan, v)
		}
		_, err := s.owner.Plan(ctx, plan...)
		for _, kept := range []string{"google_secret_manager_secret.this", "google_storage_bucket.state"} {
			if err == nil || !strings.Contains(err.Error(), kept) || !strings.Contains(err.Error(), "prevent_destroy") {
				t.Errorf("%s would be destroyed: %v", kept, err)
			}
		}
	})
	t.Run("a bootstrap run twice changes nothing", func(t *testing.T) {
		set := ownersVariables(map[string]string{"protect_data": "false", "kms_key": testKey})
		if changed := changes(s.owner.plan(ctx, t, set, true)); len(changed) > 0 {
			t.Errorf("planned again: %q", changed)
		}
	})
	t.Run("destroy leaves nothing", func(t *testing.T) {
		if err := s.Destroy(ctx, destroy...); err != nil {
			t.Fatalf("terraform destroy: %v", err)
		}
		for key := range s.fake.Resources() {
			if !stays(key) {
				t.Errorf("%s is left", key)
			}
		}
	})
}

// stays reports whether a destroy leaves the resource: what the owner made, and what the cloud
// keeps by nature. APIs stay on, and every project has its log bucket and its sign-in config.
func stays(key string) bool {
	for _, kept := range []string{
		"serviceusage/", "identitytoolkit/", "firebaseappcheck/", "iam/", "secretmanager/", "artifactregistry/",
		"cloudkms/",
		"storage/b/" + project + "-facescan-state",
	} {
		if strings.HasPrefix(key, kept) {
			return true
		}
	}
	// A field's settings go back to the default.
	return strings.HasSuffix(key, "/buckets/_Default") || strings.Contains(key, "/fields/") ||
		strings.HasPrefix(key, "logging/") && strings.HasSuffix(key, "/facescan-requests")
}

// changes are the plan's changes as "address created|updated|replaced|destroyed", sorted.
func changes(plan *tfjson.Plan) []string {
	var all []string
	for _, c := range plan.ResourceChanges {
		actions := c.Change.Actions
		switch {
		case c.Mode == tfjson.DataResourceMode, actions.NoOp(), actions.Read():
		case actions.Replace():
			all = append(all, c.Address+" replaced")
		case actions.Create():
			all = append(all, c.Address+" created")
		case actions.Update():
			all = append(all, c.Address+" updated")
		case actions.Delete():
			all = append(all, c.Address+" destroyed")
		}
	}
	slices.Sort(all)
	return all
}

// checkSent looks at the bodies that reached the fake: what the provider made of the plan.
func checkSent(t *testing.T, fake *fakegcp.Server) {
	t.Helper()
	sent := fake.Resources()
	for _, f := range catalog.Functions() {
		key := fmt.Sprintf("cloudfunctions/projects/%s/locations/europe-west1/functions/facescan-%s", project, f.Name)
		config, _ := sent[key]["serviceConfig"].(map[string]any)
		if config == nil {
			t.Errorf("%s was not made", key)
			continue
		}
		account := "facescan-" + f.Name + "@" + project + ".iam.gserviceaccount.com"
		for name, want := range map[string]any{
			"serviceAccountEmail":           account,
			"maxInstanceRequestConcurrency": float64(f.Concurrency),
			"timeoutSeconds":                f.Timeout.Seconds(),
			"availableMemory":               fmt.Sprintf("%dMi", f.MemoryMiB),
		} {
			if config[name] != want {
				t.Errorf("%s: %s is %v, want %v", f.Name, name, config[name], want)
			}
		}
	}
	for _, s := range catalog.Subscriptions() {
		subscription := sent[fmt.Sprintf("pubsub/projects/%s/subscriptions/facescan-%s", project, s.Name)]
		push, _ := subscription["pushConfig"].(map[string]any)
		want := fmt.Sprintf("https://facescan-%s-123456789012.europe-west1.run.app", s.Function.Name)
		if push["pushEndpoint"] != want {
			t.Errorf("%s pushes to %v, want %s", s.Name, push["pushEndpoint"], want)
		}
		dead, _ := subscription["deadLetterPolicy"].(map[string]any)
		topic, _ := dead["deadLetterTopic"].(string)
		if !strings.HasSuffix(topic, "/topics/facescan-"+catalog.DeadLetterTopic) {
			t.Errorf("%s has dead letters in %q", s.Name, topic)
		}
	}
	checkGrants(t, fake)
}

// checkGrants compares every grant on topics and secrets with the catalog, both ways.
func checkGrants(t *testing.T, fake *fakegcp.Server) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	member := func(function string) string {
		return "serviceAccount:facescan-" + function + "@" + project + ".iam.gserviceaccount.com"
	}
	for _, f := range catalog.Functions() {
		for _, topic := range f.Publishes {
			want["pubsub/projects/"+project+"/topics/facescan-"+topic+" "+member(f.Name)] = true
		}
		for _, secret := range f.Secrets {
			want["secretmanager/projects/"+project+"/secrets/facescan-"+secret+" "+member(f.Name)] = true
		}
	}
	for resource, policy := range fake.Policies() {
		if !strings.Contains(resource, "/topics/") && !strings.Contains(resource, "/secrets/") {
			continue
		}
		bindings, _ := policy["bindings"].([]any)
		for _, b := range bindings {
			members, _ := b.(map[string]any)["members"].([]any)
			for _, m := range members {
				if text, _ := m.(string); strings.HasPrefix(text, "serviceAccount:facescan-") {
					got[resource+" "+text] = true
				}
			}
		}
	}
	for grant := range want {
		if !got[grant] {
			t.Errorf("not granted: %s", grant)
		}
	}
	for grant := range got {
		if !want[grant] {
			t.Errorf("granted, but not in the catalog: %s", grant)
		}
	}
}
