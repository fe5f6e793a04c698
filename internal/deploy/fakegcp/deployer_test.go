package fakegcp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

const deployer = "serviceAccount:deployer@" + project + ".iam.gserviceaccount.com"

// newDeployer starts a fake with a deployer who has a custom role of these permissions.
func newDeployer(t *testing.T, permissions ...string) *cloud {
	t.Helper()
	c := newCloud(t, fakegcp.Options{})
	c.account("deployer")
	c.role("deployer", permissions...)
	c.grant(root+"/roles/deployer", deployer, "")
	c.as = deployer
	return c
}

// role creates a custom role.
func (c *cloud) role(id string, permissions ...string) {
	c.Helper()
	c.must(http.MethodPost, "iam/v1/"+root+"/roles", encode(c.T, map[string]any{
		"roleId": id, "role": map[string]any{"title": id, "includedPermissions": permissions},
	}))
}

// asOwner does as the owner does.
func (c *cloud) asOwner(do func()) {
	c.as = ""
	do()
	c.as = deployer
}

func TestDeployer_mayDoWhatItsRoleHolds(t *testing.T) {
	t.Parallel()
	c := newDeployer(t, "pubsub.topics.create", "pubsub.topics.get")
	c.must(http.MethodPut, "pubsub/v1/"+root+"/topics/t", "{}")
	c.must(http.MethodGet, "pubsub/v1/"+root+"/topics/t", "")
	c.refused(http.StatusForbidden,
		"Permission 'pubsub.topics.delete' denied on resource '//pubsub.googleapis.com/"+root+
			"/topics/t'", http.MethodDelete, "pubsub/v1/"+root+"/topics/t", "")
	c.refused(http.StatusForbidden, "resourcemanager.projects.getIamPolicy", http.MethodPost,
		projectPath+":getIamPolicy", "{}")
	c.asOwner(func() { c.must(http.MethodDelete, "iam/v1/"+root+"/roles/deployer", "") })
	c.refused(http.StatusForbidden, "pubsub.topics.get", http.MethodGet, "pubsub/v1/"+root+"/topics/t", "")
	c.asOwner(func() {
		c.refused(http.StatusBadRequest, "deleted state", http.MethodPost, "iam/v1/"+root+"/roles",
			`{"roleId":"deployer","role":{}}`)
		c.must(http.MethodPost, "iam/v1/"+root+"/roles/deployer:undelete", "{}")
	})
	c.must(http.MethodGet, "pubsub/v1/"+root+"/topics/t", "")
}

func TestRequestThatNoRowCovers_isRefusedToOthers(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.account("deployer")
	c.grant("roles/owner", deployer, "")
	c.as = deployer
	c.refused(http.StatusForbidden, "no row", http.MethodGet, "pubsub/v1/"+root+"/schemas/s", "")
	c.must(http.MethodGet, projectPath, "")
}

func TestProjectOfTheRequest_hasToBeUsable(t *testing.T) {
	t.Parallel()
	c := newDeployer(t, "storage.buckets.list")
	c.userProject = true
	c.refused(http.StatusForbidden, "serviceusage.services.use", http.MethodGet, "storage/v1/b", "")
	c.asOwner(func() { c.grant("roles/serviceusage.serviceUsageConsumer", deployer, "") })
	c.must(http.MethodGet, "storage/v1/b", "")
}

func TestActingAsAnAccount_takesTheGrantOnIt(t *testing.T) {
	t.Parallel()
	c := newDeployer(t, "pubsub.subscriptions.create", "pubsub.topics.attachSubscription", "pubsub.topics.create")
	c.asOwner(func() { c.account("runtime") })
	c.must(http.MethodPut, "pubsub/v1/"+root+"/topics/t", "{}")
	body := fmt.Sprintf(`{"topic":"%s/topics/t","pushConfig":{"oidcToken":{"serviceAccountEmail":"%s"}}}`, root,
		runtime)
	c.refused(http.StatusForbidden, "missing permission 'iam.serviceaccounts.actAs' on service account", http.MethodPut,
		"pubsub/v1/"+root+"/subscriptions/s", body)
	c.asOwner(func() {
		c.must(http.MethodPost, "iam/v1/"+root+"/serviceAccounts/"+runtime+":setIamPolicy", fmt.Sprintf(
			`{"policy":{"bindings":[{"role":"roles/iam.serviceAccountUser","members":["%s"]}]}}`, deployer))
	})
	c.must(http.MethodPut, "pubsub/v1/"+root+"/subscriptions/s", body)
}

func TestFunctionOfADeployer_takesActAsOnBothAccounts(t *testing.T) {
	t.Parallel()
	c := readyToBuild(t, fakegcp.Options{}, "")
	c.now = c.now.Add(time.Hour)
	c.account("deployer")
	c.grant("roles/cloudfunctions.developer", deployer, "")
	for _, email := range []string{builder, runtime} {
		c.as = deployer
		c.refused(http.StatusForbidden, email, http.MethodPost, functionsPath+"?functionId=f", function(""))
		c.as = ""
		c.must(http.MethodPost, "iam/v1/"+root+"/serviceAccounts/"+email+":setIamPolicy", fmt.Sprintf(
			`{"policy":{"bindings":[{"role":"roles/iam.serviceAccountUser","members":["%s"]}]}}`, deployer))
	}
	c.as = deployer
	c.must(http.MethodPost, functionsPath+"?functionId=f", function(""))
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		condition string
		object    string
		want      int
	}{
		"the bucket's prefix": {"resource.name.startsWith('projects/_/buckets/b/objects/in/')", "in/a",
			http.StatusOK},
		"not beside it": {"resource.name.startsWith('projects/_/buckets/b/objects/in/')", "out/a",
			http.StatusForbidden},
		"the type":                  {"resource.type == 'storage.googleapis.com/Object'", "a", http.StatusOK},
		"another type":              {"resource.type == 'storage.googleapis.com/Bucket'", "a", http.StatusForbidden},
		"the service, by a pattern": {"resource.service.matches('^storage')", "a", http.StatusOK},
		"before its end":            {"request.time < timestamp('2026-02-01T00:00:00Z')", "a", http.StatusOK},
		"after its end":             {"request.time < timestamp('2026-01-01T00:00:00Z')", "a", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newDeployer(t)
			c.asOwner(func() {
				c.must(http.MethodPost, "storage/v1/b", `{"name":"b"}`)
				if a := c.upload("b", one.object, "x"); a.code != http.StatusOK {
					t.Fatal(a.raw)
				}
				c.grant("roles/storage.objectViewer", deployer, one.condition)
			})
			a := c.call(http.MethodGet, "storage/v1/b/b/o/"+strings.ReplaceAll(one.object, "/", "%2F"), "")
			if a.code != one.want {
				t.Errorf("%d %s, want %d", a.code, a.message, one.want)
			}
		})
	}
}

// Uploads name their object in the URL or, as Go's client does, in the metadata.
func TestUploads_areHeldToTheObjectsName(t *testing.T) {
	t.Parallel()
	c := newDeployer(t)
	c.asOwner(func() {
		c.must(http.MethodPost, "storage/v1/b", `{"name":"b"}`)
		c.grant("roles/storage.objectUser", deployer,
			"resource.name == 'projects/_/buckets/b' || resource.name.startsWith('projects/_/buckets/b/objects/in/')")
	})
	for name, one := range map[string]struct{ query, body string }{
		"whole":    {"uploadType=media&name=%s", "x"},
		"in parts": {"uploadType=resumable", `{"name":"%s"}`},
	} {
		t.Run(name, func(t *testing.T) {
			for object, want := range map[string]int{"in/a": http.StatusOK, "out/a": http.StatusForbidden} {
				said := strings.NewReplacer("%s", object)
				a := c.call(http.MethodPost, "upload/storage/v1/b/b/o?"+said.Replace(one.query), said.Replace(one.body))
				if a.code != want {
					t.Errorf("%s: %d %s, want %d", object, a.code, a.message, want)
				}
			}
		})
	}
}

func TestConditionOnGrants_limitsTheRolesThatMayBeGranted(t *testing.T) {
	t.Parallel()
	c := newDeployer(t)
	c.asOwner(func() {
		c.grant("roles/resourcemanager.projectIamAdmin", deployer,
			"api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/datastore.user'])")
	})
	c.grant("roles/datastore.user", "user:a@example.com", "")
	c.refused(http.StatusForbidden, "resourcemanager.projects.setIamPolicy", http.MethodPost,
		projectPath+":setIamPolicy",
		c.policyWith(projectPath+":getIamPolicy", "roles/owner", deployer, ""))
}

func TestConditionalPolicy_needsVersion3(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const binding = `{"role":"roles/viewer","members":["user:a@example.com"],"condition":{"title":"t","expression":"%s"}}`
	set := func(version int, expression string) string {
		return fmt.Sprintf(`{"policy":{"version":%d,"bindings":[`+binding+`]}}`, version, expression)
	}
	c.refused(http.StatusBadRequest, "version", http.MethodPost, projectPath+":setIamPolicy", set(1, "true"))
	c.refused(http.StatusBadRequest, "compilation failed", http.MethodPost, projectPath+":setIamPolicy", set(3,
		"resource.nam("))
	many := strings.Repeat("resource.name == 'a' || ", 13) + "true"
	c.refused(http.StatusBadRequest, "at most 12", http.MethodPost, projectPath+":setIamPolicy", set(3, many))
	c.must(http.MethodPost, projectPath+":setIamPolicy", set(3, "resource.name == 'a'"))
	old := c.must(http.MethodPost, projectPath+":getIamPolicy", "{}")
	if !strings.Contains(old.raw, "roles/viewer_withcond_") || strings.Contains(old.raw, "expression") {
		t.Errorf("version 1 of it is %s", old.raw)
	}
	now := c.must(http.MethodPost, projectPath+":getIamPolicy", `{"options":{"requestedPolicyVersion":3}}`)
	if !strings.Contains(now.raw, `"expression":"resource.name == 'a'"`) {
		t.Errorf("version 3 of it is %s", now.raw)
	}
}

func TestPolicyThatChangedMeanwhile_isRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	stale := c.policyWith(projectPath+":getIamPolicy", "roles/viewer", "user:a@example.com", "")
	c.grant("roles/viewer", "user:b@example.com", "")
	c.refused(http.StatusConflict, "concurrent policy changes", http.MethodPost, projectPath+":setIamPolicy", stale)
	c.refused(http.StatusBadRequest, "does not exist in the resource's hierarchy", http.MethodPost,
		projectPath+":setIamPolicy",
		`{"policy":{"bindings":[{"role":"`+root+`/roles/none","members":["user:a@example.com"]}]}}`)
}

func TestTestIamPermissions_answersWhatTheCallerHas(t *testing.T) {
	t.Parallel()
	c := newDeployer(t, "pubsub.topics.create", "storage.buckets.get")
	c.asOwner(func() { c.must(http.MethodPost, "storage/v1/b", `{"name":"b"}`) })
	for path, one := range map[string]struct{ method, body string }{
		projectPath + ":testIamPermissions": {http.MethodPost,
			`{"permissions":["storage.buckets.get","iam.roles.create"]}`},
		"storage/v1/b/b/iam/testPermissions?permissions=storage.buckets.get&permissions=iam.roles.get": {http.MethodGet, ""},
	} {
		got := c.must(one.method, path, one.body).body["permissions"]
		if want := any([]any{"storage.buckets.get"}); !cmp.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestSecretsValue_isOnlyForThoseWithAccess(t *testing.T) {
	t.Parallel()
	c := newDeployer(t, "secretmanager.versions.get", "secretmanager.versions.list", "secretmanager.secrets.get")
	const secret = "secretmanager/v1/" + root + "/secrets"
	c.asOwner(func() {
		c.must(http.MethodPost, secret+"?secretId=s", `{}`)
		c.refused(http.StatusConflict, "already exists", http.MethodPost, secret+"?secretId=s", `{}`)
		c.must(http.MethodPost, secret+"/s:addVersion", `{"payload":{"data":"YQ=="}}`)
		if a := c.must(http.MethodGet, secret+"/s/versions/latest:access", ""); !strings.Contains(a.raw,
			`"data":"YQ=="`) {
			t.Error(a.raw)
		}
	})
	if a := c.must(http.MethodGet, secret+"/s/versions/1", ""); a.body["state"] != "ENABLED" ||
		strings.Contains(a.raw, "YQ==") {
		t.Error(a.raw)
	}
	c.must(http.MethodGet, secret+"/s/versions", "")
	c.refused(http.StatusForbidden, "secretmanager.versions.access", http.MethodGet, secret+"/s/versions/1:access", "")
}

// A function signs URLs in its own name, and can make tokens of no account.
func TestSigner_signsInItsOwnNameOnly(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.account("runtime")
	c.account("builder")
	c.role("url_signer", "iam.serviceAccounts.signBlob")
	const accounts = "iam/v1/" + root + "/serviceAccounts/"
	c.must(http.MethodPost, accounts+runtime+":setIamPolicy", c.policyWith(
		accounts+runtime+":getIamPolicy", root+"/roles/url_signer", "serviceAccount:"+runtime, ""))
	c.as = "serviceAccount:" + runtime
	const asked = `{"permissions":["iam.serviceAccounts.signBlob","iam.serviceAccounts.getAccessToken"]}`
	for account, want := range map[string][]any{runtime: {"iam.serviceAccounts.signBlob"}, builder: {}} {
		got := c.must(http.MethodPost, accounts+account+":testIamPermissions", asked).body["permissions"]
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("as %s (-want +got):\n%s", account, diff)
		}
	}
}
