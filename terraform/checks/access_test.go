//go:build terraform

package checks

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

const deployer = "serviceAccount:facescan-deployer@" + project + ".iam.gserviceaccount.com"

// The deployer grants nothing on the project, on an account, a secret or a bucket of photos: with
// that it could give itself everything.
func TestApply_makesNoAccountsRolesOrGrantsOnTheProject(t *testing.T) {
	forbidden := regexp.MustCompile(
		`^google_(project_iam_|service_account|storage_bucket_iam_|secret_manager_|iam_workload_|organization_|folder_|kms_)`,
	)
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		for _, r := range resources(plan) {
			if forbidden.MatchString(r.Type) {
				t.Errorf("%s belongs to modules/access, which an owner applies", r.Address)
			}
		}
	})
}

// powers are what the deployer may not have on the project, by what it would be able to do.
var powers = map[string]*regexp.Regexp{
	"change roles":         regexp.MustCompile(`^iam\.roles\.`),
	"grant on the project": regexp.MustCompile(`^resourcemanager\..*setIamPolicy$`),
	"act as any account": regexp.MustCompile(
		`^iam\.serviceAccounts\.(actAs|getAccessToken|sign|implicitDelegation|setIamPolicy|create)`,
	),
	"make keys":   regexp.MustCompile(`^iam\.serviceAccountKeys\.`),
	"read photos": regexp.MustCompile(`^storage\.(objects|hmacKeys|managedFolders|buckets\.setIamPolicy)`),
	"read secrets": regexp.MustCompile(
		`^secretmanager\.(versions\.a|secrets\.setIamPolicy|secrets\.delete)`,
	),
	"change any bucket": regexp.MustCompile(`^storage\.buckets\.(update|delete)`),
	"read documents": regexp.MustCompile(
		`^datastore\.(entities|backups|databases\.(export|import|clone|bulk))`,
	),
	"read or change users":    regexp.MustCompile(`^firebaseauth\.(users|configs\.getSecret)`),
	"read what events carry":  regexp.MustCompile(`^pubsub\.(subscriptions\.consume|snapshots)`),
	"have more than it needs": regexp.MustCompile(`\*|^(compute\.instances|compute\.firewalls|bigquery)\.`),
	"turn the audit of data off": regexp.MustCompile(
		`^logging\.(sinks|exclusions\.(create|update|delete)|buckets\.delete|logs\.delete)`,
	),
}

func TestTheDeployer_hasLeastPower(t *testing.T) {
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		roles := map[string][]string{}
		for _, r := range resources(plan, "google_project_iam_custom_role") {
			roles[r.text("role_id")] = texts(r.at("permissions"))
		}
		if len(roles["facescan_deployer"]) < 50 {
			t.Fatalf("the deployer has %d permissions", len(roles["facescan_deployer"]))
		}
		for power, pattern := range powers {
			for _, p := range roles["facescan_deployer"] {
				if pattern.MatchString(p) {
					t.Errorf("the deployer could %s: it has %s", power, p)
				}
			}
		}
		if slices.Contains(roles["facescan_deployer_emptier"], "storage.objects.get") {
			t.Error("the deployer could read photos in order to delete them")
		}
		checkDeployersBindings(t, plan)
	})
}

// checkDeployersBindings wants the deployer's grants to be of its own roles, and those on objects
// to have a condition that names no bucket but those of sources, states and, where data is not
// protected, of what it empties.
func checkDeployersBindings(t *testing.T, plan *tfjson.Plan) {
	t.Helper()
	bucket := regexp.MustCompile(`projects/_/buckets/` + project + `-facescan-([a-z]+)`)
	for _, r := range resources(plan, "google_project_iam_member") {
		switch {
		case !strings.HasPrefix(r.Name, "deployer"):
		case r.text("role") != "":
			t.Errorf("%s grants the deployer %s, a role that is not FaceScan's", r.Address, r.text("role"))
		case r.Name == "deployer_objects":
			want := map[string][]string{
				"buckets": {"results", "source", "tombstones", "uploads"}, "emptier": {"results", "tombstones", "uploads"},
				"objects": {"source", "state"},
			}
			var got []string
			for _, found := range bucket.FindAllStringSubmatch(r.text("condition.0.expression"), -1) {
				got = append(got, found[1])
			}
			slices.Sort(got)
			if diff := cmp.Diff(want[r.key()], slices.Compact(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", r.Address, diff)
			}
		}
	}
}

// A state names who may deploy and the providers that are installed: with the bootstrap's, the
// deployer would be the owner at the next bootstrap.
func TestTheDeployer_writesNoStateOfTheOwner(t *testing.T) {
	const bucket = "b/" + project + "-facescan-"
	tests := map[string]map[string]bool{ // whether it may, by permission and path
		"storage.objects.create": {
			bucket + "source/o/health/1.zip":                      true,
			bucket + "state/o/facescan/default.tfstate":           true,
			bucket + "state/o/facescan/default.tflock":            true,
			bucket + "state/o/facescan/deployments/1.json":        true,
			bucket + "state/o/facescan/bootstrap/default.tfstate": false,
			bucket + "state/o/firebase/default.tfstate":           false,
			bucket + "uploads/o/uploads/1":                        false,
			bucket + "source-2/o/1.zip":                           false,
		},
		"storage.objects.list": {bucket + "state": true, bucket + "source": true, bucket + "state-2": false},
		"storage.buckets.update": {
			bucket + "uploads": true, bucket + "tombstones": true, bucket + "state": false, "b/other": false,
		},
		"storage.buckets.delete": {bucket + "source": true, bucket + "state": false},
	}
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		roles := map[string][]string{}
		for _, r := range resources(plan, "google_project_iam_custom_role") {
			roles["projects/"+r.key()] = texts(r.at("permissions"))
		}
		granted := iam.Policy{}
		for _, r := range resources(plan, "google_project_iam_member") {
			if r.Name == "deployer_objects" {
				granted[iam.Grant{
					Role: "projects/" + r.key(), Member: deployer, Condition: r.text("condition.0.expression"),
				}] = time.Time{}
			}
		}
		for permission, paths := range tests {
			for path, want := range paths {
				got := iam.Roles(func(name string) []string { return roles[name] }).Allowed(iam.Question{
					Member: deployer, Permission: permission, Resource: iam.Describe("storage", path, "1"), Time: time.Now(),
				}, granted)
				if got != want {
					t.Errorf("%s on %s: %v, want %v", permission, path, got, want)
				}
			}
		}
	})
}

func TestTheDeployer_actsAsFaceScansAccountsOnly(t *testing.T) {
	want := []string{"build", "push"}
	for _, f := range catalog.Functions() {
		want = append(want, f.Name)
	}
	slices.Sort(want)
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		var got []string
		for _, r := range resources(plan, "google_service_account_iam_member") {
			if r.text("role") == "roles/iam.serviceAccountUser" {
				got = append(got, r.key())
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("accounts (-want +got):\n%s", diff)
		}
	})
}

// projectRoles are all predefined roles on the whole project, and whether a condition has to narrow
// them.
var projectRoles = map[string]bool{
	"roles/datastore.user":         true, // to the database
	"roles/datastore.viewer":       true,
	"roles/logging.logWriter":      false,
	"roles/storage.objectCreator":  true, // to a bucket
	"roles/storage.objectUser":     true,
	"roles/storage.objectViewer":   true,
	"roles/telemetry.tracesWriter": false, // has no resource below the project
}

func TestProjectRoles_areFewAndNarrow(t *testing.T) {
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		for _, r := range resources(plan, "google_project_iam_member") {
			role := r.text("role")
			if role == "" && r.unknown["role"] == true {
				continue // a custom role, whose name is known after the apply
			}
			narrow, listed := projectRoles[role]
			if !listed {
				t.Errorf("%s grants %s on the project", r.Address, role)
			}
			// One names the project's number, which is known after the apply; the fake holds builds to it.
			known := r.text("condition.0.expression") != "" || r.Name != "build_sources"
			if narrow && known && !strings.Contains(r.text("condition.0.expression"), "resource.name") {
				t.Errorf("%s grants %s without a condition on the resource's name", r.Address, role)
			}
		}
	})
}

// A function that only reads may only read, and what signs may sign in its own name alone: no token
// of an account can be made by a function.
func TestFunctions_mayDoToDocumentsAndAccountsWhatTheirRowsSay(t *testing.T) {
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		roles := map[string][]string{}
		for _, r := range resources(plan, "google_project_iam_custom_role") {
			roles["projects/"+r.key()] = texts(r.at("permissions"))
		}
		onProject, onAccounts := iam.Policy{}, map[string]iam.Policy{}
		for _, r := range resources(plan, "google_project_iam_member") {
			onProject[iam.Grant{
				Role: r.text("role"), Member: r.text("member"), Condition: r.text("condition.0.expression"),
			}] = time.Time{}
		}
		for _, r := range resources(plan, "google_service_account_iam_member") {
			role := r.text("role")
			if r.Name == "signs" && role == "" { // a custom role, whose name is known after the apply
				role = "projects/url_signer"
			}
			if onAccounts[r.key()] == nil {
				onAccounts[r.key()] = iam.Policy{}
			}
			onAccounts[r.key()][iam.Grant{Role: role, Member: r.text("member")}] = time.Time{}
		}
		for _, f := range catalog.Functions() {
			email := "facescan-" + f.Name + "@" + project + ".iam.gserviceaccount.com"
			may := func(permission, service, path string, policies ...iam.Policy) bool {
				return iam.Roles(func(name string) []string { return roles[name] }).Allowed(iam.Question{
					Member: "serviceAccount:" + email, Permission: permission, Resource: iam.Describe(service, path, "1"),
					Time: time.Now(),
				}, policies...)
			}
			database := "projects/" + project + "/databases/" + databaseOf(plan)
			for permission, want := range map[string]bool{
				"datastore.entities.get":    f.Firestore != "",
				"datastore.entities.update": f.Firestore == catalog.DatabaseWrite,
				"datastore.entities.delete": f.Firestore == catalog.DatabaseWrite,
			} {
				if got := may(permission, "firestore", database, onProject); got != want {
					t.Errorf("%s: %s is %v, want %v", f.Name, permission, got, want)
				}
			}
			account := "projects/" + project + "/serviceAccounts/" + email
			for _, permission := range []string{
				"iam.serviceAccounts.signBlob", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken",
			} {
				want := f.Signs && permission == "iam.serviceAccounts.signBlob"
				if got := may(permission, "iam", account, onProject, onAccounts[f.Name]); got != want {
					t.Errorf("%s: %s of its own account is %v, want %v", f.Name, permission, got, want)
				}
			}
		}
	})
}

// databaseOf returns the variable's value.
func databaseOf(plan *tfjson.Plan) string {
	if v := plan.Variables["database"]; v != nil {
		return v.Value.(string)
	}
	return "(default)"
}

func TestNoGrantIsOfABasicOrAdministratorsRole(t *testing.T) {
	check := func(t *testing.T, plan *tfjson.Plan) {
		for _, r := range resources(plan) {
			role := r.text("role")
			if !iamMember.MatchString(r.Type) || role == "" {
				continue
			}
			if basic := []string{
				"roles/owner", "roles/editor", "roles/viewer",
			}; slices.Contains(basic, role) || strings.Contains(strings.ToLower(role), "admin") {
				t.Errorf("%s grants %s", r.Address, role)
			}
		}
	}
	each(t, check)
	t.Run("of owners", func(t *testing.T) { eachOf(t, owners, check) })
}

func TestCustomRoles_holdNoMoreThanIsUsed(t *testing.T) {
	eachOf(t, owners, func(t *testing.T, plan *tfjson.Plan) {
		for _, r := range resources(plan, "google_project_iam_custom_role") {
			if strings.HasPrefix(r.Name, "deployer") {
				continue
			}
			for _, name := range texts(r.at("permissions")) {
				if strings.Contains(name, "*") || strings.Contains(name, "setIamPolicy") ||
					strings.Contains(name, "firebaseauth.configs") {
					t.Errorf("%s holds %s", r.Address, name)
				}
			}
		}
	})
}

func TestCI_comesFromOneRepositorysMainBranch(t *testing.T) {
	plan := owners["with CI"](t)
	providers := resources(plan, "google_iam_workload_identity_pool_provider")
	if len(providers) != 1 {
		t.Fatalf("%d providers", len(providers))
	}
	for _, want := range []string{
		`assertion.repository == "acme/facescan"`, `assertion.ref == "refs/heads/main"`,
		`assertion.event_name in ["push", "schedule", "workflow_dispatch"]`, // pull_request_target has that ref, too
	} {
		if got := providers[0].text("attribute_condition"); !strings.Contains(got, want) {
			t.Errorf("admitted is %s, want %s", got, want)
		}
	}
	if got := len(resources(owners["prod"](t), "google_iam_workload_identity_pool")); got != 0 {
		t.Errorf("%d pools without a repository", got)
	}
}
