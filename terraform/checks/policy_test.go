//go:build terraform

package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/leak"
	"github.com/facescan/facescan/internal/work"
)

func TestBuckets_areClosed(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		buckets := resources(plan, "google_storage_bucket")
		if len(buckets) != 4 {
			t.Errorf("%d buckets, want uploads, results, tombstones and source", len(buckets))
		}
		for _, b := range buckets {
			if b.at("uniform_bucket_level_access") != true {
				t.Errorf("%s lets objects have access lists of their own", b.Address)
			}
			// The provider takes any text here; only "enforced" does anything.
			if b.text("public_access_prevention") != "enforced" {
				t.Errorf("%s can be made public", b.Address)
			}
			photos := b.Name == "uploads" || b.Name == "results"
			if (photos || b.Name == "tombstones") && b.number("soft_delete_policy.0.retention_duration_seconds") != 0 {
				t.Errorf("%s keeps what was deleted", b.Address)
			}
			if photos && b.at("versioning.0.enabled") == true {
				t.Errorf("%s keeps versions of what was deleted", b.Address)
			}
		}
	})
}

// Who may read a plan, as CI and reviewers do, sees all that is in it.
func TestPlans_haveNoSecrets(t *testing.T) {
	check := func(t *testing.T, plan *tfjson.Plan) {
		t.Helper()
		text, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		found, err := leak.InPlan(text)
		if err != nil || len(found) > 0 || !bytes.Contains(text, []byte(`"type":"google_`)) {
			t.Errorf("%q, %v", found, err)
		}
	}
	each(t, check)
	eachOf(t, owners, check)
}

func TestGo_keepsBelowTheInstancesMemory(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		memory := map[string]int{}
		for _, f := range catalog.Functions() {
			memory[f.Name] = f.MemoryMiB
		}
		functions := resources(plan, "google_cloudfunctions2_function")
		if len(functions) != len(memory) {
			t.Errorf("%d functions, the catalog has %d", len(functions), len(memory))
		}
		for _, f := range functions {
			want := fmt.Sprintf("%dMiB", memory[f.key()]*9/10)
			if got := f.text("service_config.0.environment_variables.GOMEMLIMIT"); got != want {
				t.Errorf("%s has GOMEMLIMIT %q, want %q", f.Address, got, want)
			}
			if got := f.text("service_config.0.available_memory"); got != fmt.Sprintf("%dMi", memory[f.key()]) {
				t.Errorf("%s has the memory %q", f.Address, got)
			}
		}
	})
}

func TestPhotos_areDeletedByTheBucketAtLast(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		for _, b := range resources(plan, "google_storage_bucket") {
			if b.Name != "uploads" {
				continue
			}
			if age := b.number(
				"lifecycle_rule.0.condition.0.age",
			); age < 8 || age > 30 || b.text("lifecycle_rule.0.action.0.type") != "Delete" {
				t.Errorf("photos are deleted after %v days", age)
			}
		}
	})
}

func TestNothingIsLinkedToFirebase(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		if linked := resources(plan, "google_firebase_storage_bucket"); len(linked) > 0 {
			t.Errorf("%s opens the bucket to Firebase's clients", linked[0].Address)
		}
		for _, release := range resources(plan, "google_firebaserules_release") {
			if name := release.text("name"); name != "cloud.firestore" && !strings.HasPrefix(name, "cloud.firestore/") {
				t.Errorf("%s releases rules for %q", release.Address, name)
			}
		}
	})
}

// iamTypes are the types that add one member; those that set a whole binding or policy would take
// others' grants away.
var iamMember = regexp.MustCompile(`^google_.*_iam_member$`)

func TestGrantsOnlyAddMembers(t *testing.T) {
	check := func(t *testing.T, plan *tfjson.Plan) {
		for _, r := range resources(plan) {
			if r.Type == "google_secret_manager_secret_iam_binding" {
				continue // only the functions are to read their secrets
			}
			if strings.Contains(r.Type, "_iam_binding") || strings.Contains(r.Type, "_iam_policy") {
				t.Errorf("%s replaces grants of others", r.Address)
			}
		}
	}
	each(t, check)
	t.Run("of owners", func(t *testing.T) { eachOf(t, owners, check) })
}

func TestUsers_leaveByTheAPIAndNotByTheSDK(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		configs := resources(plan, "google_identity_platform_config")
		if set := plan.Variables["identity_enabled"]; set != nil && set.Value == "false" && len(configs) == 0 {
			return // the first environment's
		}
		if len(configs) != 1 {
			t.Fatalf("%d configurations of sign-in", len(configs))
		}
		for member, want := range map[string]bool{"disabled_user_deletion": true, "disabled_user_signup": false} {
			if got := configs[0].at("client.0.permissions.0." + member); got != want {
				t.Errorf("%s is %v, want %v", member, got, want)
			}
		}
	})
}

func TestSignIn_isOfAsFewWaysAsItsUsersHave(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		protected := plan.Variables["protect_data"] == nil || plan.Variables["protect_data"].Value == true
		for _, c := range resources(plan, "google_identity_platform_config") {
			if c.text("mfa.0.provider_configs.0.state") != "ENABLED" {
				t.Error("users cannot have a second factor")
			}
			if n := c.number("mfa.0.provider_configs.0.totp_provider_config.0.adjacent_intervals"); n != 1 {
				t.Errorf("codes of %v intervals before and after are valid", n)
			}
			if c.at("mfa.0.enabled_providers") != nil || c.at("sign_in.0.phone_number.0.enabled") != false {
				t.Error("messages go out by SMS")
			}
			if domains := texts(c.at("authorized_domains")); protected && slices.Contains(domains, "localhost") {
				t.Errorf("pages on a user's own machine sign in: %q", domains)
			}
		}
	})
}

// Functions that check tokens, send mail, sign users in or look for them may look users up. The
// eraser alone may delete them. The events that have it do so are of profile and the sweep, which
// goes by documents that other functions may write.
func TestAccessToFirebaseUsers(t *testing.T) {
	want := map[string]string{"erase": catalog.AuthEraser}
	for _, name := range []string{
		"admin", "coach", "inbox", "leaderboard", "notify", "profile", "register", "scans", "sweep", "upload",
	} {
		want[name] = catalog.AuthReader
	}
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		granted := map[string]bool{}
		for _, r := range resources(plan, "google_project_iam_member") {
			if r.Name == "auth" {
				granted[r.key()] = true
			}
		}
		for _, f := range catalog.Functions() {
			if f.Auth != want[f.Name] || granted[f.Name] != (want[f.Name] != "") {
				t.Errorf("%s: %q by the catalog, granted: %v, want %q", f.Name, f.Auth, granted[f.Name], want[f.Name])
			}
		}
	})
}

func TestEveryFunction_hasAnAccountOfItsOwn(t *testing.T) {
	accounts := map[string]bool{}
	for _, a := range resources(owners["prod"](t), "google_service_account") {
		accounts[a.text("account_id")] = true
	}
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		functions := resources(plan, "google_cloudfunctions2_function")
		if len(functions) != len(catalog.Functions()) {
			t.Errorf("%d functions, the catalog has %d", len(functions), len(catalog.Functions()))
		}
		for _, f := range functions {
			if !accounts["facescan-"+f.key()] {
				t.Errorf("%s has no account", f.Address)
			}
			want := f.text("name") + "@" + project + ".iam.gserviceaccount.com"
			if email := f.text("service_config.0.service_account_email"); email != want {
				t.Errorf("%s runs as %s, want %s", f.Address, email, want)
			}
		}
	})
}

func TestOnlyHTTPFunctions_arePublicAndOnlyBehindTheLoadBalancer(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		trigger := map[string]catalog.Trigger{}
		for _, f := range catalog.Functions() {
			trigger[f.Name] = f.Trigger
		}
		for _, f := range resources(plan, "google_cloudfunctions2_function") {
			want := "ALLOW_INTERNAL_ONLY"
			if trigger[f.key()] == catalog.HTTP {
				want = "ALLOW_INTERNAL_AND_GCLB"
			}
			if got := f.text("service_config.0.ingress_settings"); got != want {
				t.Errorf("%s has ingress %s, want %s", f.Address, got, want)
			}
		}
		for _, r := range resources(plan) {
			if !iamMember.MatchString(r.Type) {
				continue
			}
			member := r.text("member")
			if member != "allUsers" && member != "allAuthenticatedUsers" {
				continue
			}
			if r.Type != "google_cloud_run_service_iam_member" || r.text("role") != "roles/run.invoker" ||
				trigger[r.key()] != catalog.HTTP {
				t.Errorf("%s is open to %s", r.Address, member)
			}
		}
	})
}

func TestEverySubscription_keepsItsEvents(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		for _, s := range resources(plan, "google_pubsub_subscription") {
			if s.at("expiration_policy.0.ttl") != "" {
				t.Errorf("%s expires", s.Address)
			}
			deadline := s.number("ack_deadline_seconds")
			// The API's ranges, which the provider does not check.
			if deadline < 10 || deadline > 600 {
				t.Errorf("%s has %v s to acknowledge", s.Address, deadline)
			}
			if s.Name == "dead_letter" {
				continue
			}
			attempts := s.number("dead_letter_policy.0.max_delivery_attempts")
			if attempts < 5 || attempts > 100 {
				t.Errorf("%s tries %v times before the dead letters", s.Address, attempts)
			}
			if s.at("retry_policy.0.minimum_backoff") == nil {
				t.Errorf("%s does not back off", s.Address)
			}
			audience, endpoint := s.text("push_config.0.oidc_token.0.audience"), s.text("push_config.0.push_endpoint")
			if audience == "" || audience != endpoint {
				t.Errorf("%s pushes to %q for the audience %q", s.Address, endpoint, audience)
			}
		}
	})
}

func TestAudience_isWhatTheFunctionAsksFor(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		audience := map[string]string{}
		for _, f := range resources(plan, "google_cloudfunctions2_function") {
			audience[f.key()] = f.text("service_config.0.environment_variables.FACESCAN_PUSH_AUDIENCE")
		}
		for _, s := range resources(plan, "google_pubsub_subscription") {
			function, _, pushed := strings.Cut(s.key(), ".")
			if got := s.text("push_config.0.oidc_token.0.audience"); pushed && got != audience[function] {
				t.Errorf("%s has audience %q, its function asks for %q", s.Address, got, audience[function])
			}
		}
	})
}

// TestLease_endsBeforeTheLastAttempt: a process that died with the lease must not make the event
// die too.
func TestLease_endsBeforeTheLastAttempt(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		for _, s := range resources(plan, "google_pubsub_subscription") {
			if s.Name == "dead_letter" {
				continue
			}
			least, most := seconds(
				t, s.text("retry_policy.0.minimum_backoff"),
			), seconds(t, s.text("retry_policy.0.maximum_backoff"))
			attempts := int(s.number("dead_letter_policy.0.max_delivery_attempts"))
			var last time.Duration
			for attempt, wait := 1, least; attempt < attempts; attempt, wait = attempt+1, min(2*wait, most) {
				last += wait
			}
			if last <= work.LeaseTime {
				t.Errorf("%s gives up after %v, a lease lasts %v", s.Address, last, work.LeaseTime)
			}
		}
	})
}

func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// unlabelled are types that have no labels, found by the provider's schema: what has "labels" must
// have ours.
func TestEverythingIsLabelled(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		for _, r := range resources(plan) {
			labels, has := r.AttributeValues["terraform_labels"].(map[string]any)
			if !has {
				continue
			}
			if labels["app"] != "facescan" || labels["environment"] == nil {
				t.Errorf("%s has labels %v", r.Address, labels)
			}
		}
	})
}

func TestProductionData_isProtected(t *testing.T) {
	for name, plan := range plans {
		if !strings.HasPrefix(name, "prod") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			plan := plan(t)
			for _, db := range resources(plan, "google_firestore_database") {
				if db.text("delete_protection_state") != "DELETE_PROTECTION_ENABLED" ||
					db.text("point_in_time_recovery_enablement") != "POINT_IN_TIME_RECOVERY_ENABLED" {
					t.Errorf("%s is not protected", db.Address)
				}
			}
			for _, b := range resources(plan, "google_storage_bucket") {
				if b.Name != "source" && b.at("force_destroy") == true {
					t.Errorf("%s would be destroyed with its objects", b.Address)
				}
			}
			if len(resources(plan, "google_firestore_backup_schedule")) == 0 {
				t.Error("the database has no backup")
			}
		})
	}
}

func TestSecrets_arePinnedAndNotInTheState(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		for _, f := range resources(plan, "google_cloudfunctions2_function") {
			secrets, _ := f.at("service_config.0.secret_environment_variables").([]any)
			for i := range secrets {
				if v := f.text(
					fmt.Sprintf("service_config.0.secret_environment_variables.%d.version", i),
				); v == "" || v == "latest" {
					t.Errorf("%s takes version %q of a secret", f.Address, v)
				}
			}
			plain, _ := f.at("service_config.0.environment_variables").(map[string]any)
			for name := range plain {
				if strings.Contains(name, "PASSWORD") || strings.Contains(name, "_KEY_") ||
					strings.Contains(name, "RECEIPT_KEY") ||
					strings.HasSuffix(name, "EMULATOR_HOST") {
					t.Errorf("%s has %s in the clear", f.Address, name)
				}
			}
		}
		if versions := resources(plan, "google_secret_manager_secret_version"); len(versions) > 0 {
			t.Errorf("%s puts a secret into the state", versions[0].Address)
		}
	})
}
