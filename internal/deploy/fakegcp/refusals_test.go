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

const (
	root        = "projects/" + project
	projectPath = "cloudresourcemanager/v1/" + root
	pubsubAgent = "service-" + number + "@gcp-sa-pubsub.iam.gserviceaccount.com"
)

func TestAPIThatIsOff_isRefused(t *testing.T) {
	t.Parallel()
	c := startCloud(t, fakegcp.Options{})
	c.refused(http.StatusForbidden,
		"Cloud Pub/Sub API has not been used in project "+number+" before or it is disabled",
		http.MethodPut, "pubsub/v1/"+root+"/topics/t", "{}")
	a := c.call(http.MethodGet, "pubsub/v1/"+root+"/topics/t", "")
	if !strings.Contains(a.raw, `"reason":"SERVICE_DISABLED"`) || !strings.Contains(a.raw,
		`"reason":"accessNotConfigured"`) {
		t.Errorf("no reason in %s", a.raw)
	}
	c.must(http.MethodPost, "serviceusage/v1/"+root+"/services:batchEnable", `{"serviceIds":["pubsub.googleapis.com"]}`)
	c.must(http.MethodPut, "pubsub/v1/"+root+"/topics/t", "{}")
	c.must(http.MethodPost, "serviceusage/v1/"+root+"/services/pubsub.googleapis.com:disable", "{}")
	c.refused(http.StatusForbidden, "disabled", http.MethodGet, "pubsub/v1/"+root+"/topics/t", "")

	many := encode(t, map[string]any{"serviceIds": strings.Fields(strings.Repeat("a.googleapis.com ", 21))})
	c.refused(http.StatusBadRequest, "limit of 20", http.MethodPost,
		"serviceusage/v1/"+root+"/services:batchEnable", many)
}

func TestNewProject_hasFewAPIs(t *testing.T) {
	t.Parallel()
	c := startCloud(t, fakegcp.Options{})
	for _, path := range []string{"storage/v1/b/none", "logging/v2/" + root + "/metrics/none", "monitoring/v3/" +
		root + "/dashboards/none"} {
		if a := c.call(http.MethodGet, path, ""); a.code != http.StatusNotFound {
			t.Errorf("%s: %d, want it reached", path, a.code)
		}
	}
	for _, api := range all {
		if api == "cloudbuild" { // it is called by Cloud Functions only
			continue
		}
		if a := c.call(http.MethodGet, api+"/v1/x", ""); a.code != http.StatusForbidden {
			t.Errorf("%s: %d, want it off", api, a.code)
		}
	}
}

func TestServiceAgentThatDoesNotExist_isRefused(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct{ agent, made string }{
		"pubsub's, by asking for it": {pubsubAgent, "pubsub"},
		"storage's, by reading it":   {"service-" + number + "@gs-project-accounts.iam.gserviceaccount.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, fakegcp.Options{})
			c.must(http.MethodPut, "pubsub/v1/"+root+"/topics/t", "{}")
			body := fmt.Sprintf(
				`{"policy":{"bindings":[{"role":"roles/pubsub.publisher","members":["serviceAccount:%s"]}]}}`, one.agent)
			const set = "pubsub/v1/" + root + "/topics/t:setIamPolicy"
			c.refused(http.StatusBadRequest, "Service account "+one.agent+" does not exist.", http.MethodPost, set, body)
			c.refused(http.StatusNotFound, "no method", http.MethodPost, "serviceusage/v1/"+root+
				"/services/pubsub.googleapis.com:generateServiceIdentity", "{}")
			if one.made == "" {
				c.must(http.MethodGet, "storage/v1/"+root+"/serviceAccount", "")
			} else {
				c.must(http.MethodPost, "serviceusage/v1beta1/"+root+"/services/"+one.made+
					".googleapis.com:generateServiceIdentity", "{}")
			}
			c.must(http.MethodPost, set, body)
		})
	}
	t.Run("Cloud Run's, by enabling it", func(t *testing.T) {
		t.Parallel()
		newCloud(t, fakegcp.Options{}).grant("roles/storage.objectViewer",
			"serviceAccount:service-"+number+"@serverless-robot-prod.iam.gserviceaccount.com", "")
	})
	t.Run("an account of the project", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, fakegcp.Options{})
		c.refused(http.StatusBadRequest, runtime+" does not exist", http.MethodPost, projectPath+":setIamPolicy",
			fmt.Sprintf(
				`{"policy":{"bindings":[{"role":"roles/viewer","members":["serviceAccount:%s"]}]}}`, runtime))
	})
}

func TestDeletedAccount_losesItsGrants(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.account("runtime")
	c.grant("roles/viewer", "serviceAccount:"+runtime, "")
	c.must(http.MethodDelete, "iam/v1/"+root+"/serviceAccounts/"+runtime, "")
	c.account("runtime")
	c.as = "serviceAccount:" + runtime
	c.refused(http.StatusForbidden, "resourcemanager.projects.get", http.MethodGet, projectPath, "")
	c.as = ""
	if a := c.must(http.MethodPost, projectPath+":getIamPolicy", "{}"); !strings.Contains(a.raw,
		"deleted:serviceAccount:"+runtime) {
		t.Errorf("the policy is %s", a.raw)
	}
}

func TestNewLogMetric_cannotBeNamedYet(t *testing.T) {
	t.Parallel()
	const filter = `metric.type=\"logging.googleapis.com/user/facescan/parked\" AND resource.type=\"x\"`
	for name, one := range map[string]struct {
		path, body, want string
		code             int
	}{
		"by an alert": {
			"monitoring/v3/" + root + "/alertPolicies",
			`{"conditions":[{"conditionThreshold":{"filter":"` + filter + `","duration":"0s"}}]}`,
			`Cannot find metric(s) that match type = "logging.googleapis.com/user/facescan/parked"`, http.StatusNotFound,
		},
		"by an objective": {
			"monitoring/v3/" + root + "/services/api/serviceLevelObjectives?slo_id=fresh",
			`{"serviceLevelIndicator":{"requestBased":{"distributionCut":{"distributionFilter":"` + filter + `"}}}}`,
			"The metric referenced by the provided filter is unknown", http.StatusBadRequest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, fakegcp.Options{})
			c.refused(one.code, one.want, http.MethodPost, one.path, one.body)
			c.must(http.MethodPost, "logging/v2/"+root+"/metrics", `{"name":"facescan/parked","filter":"x"}`)
			c.now = c.now.Add(10*time.Minute - time.Second)
			c.refused(one.code, one.want, http.MethodPost, one.path, one.body)
			c.now = c.now.Add(time.Second)
			c.must(http.MethodPost, one.path, one.body)
		})
	}
}

func TestIdentityPlatform_isMadeOnce(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const config = "identitytoolkit/v2/" + root + "/config"
	const initialize = "identitytoolkit/v2/" + root + "/identityPlatform:initializeAuth"
	c.refused(http.StatusNotFound, "CONFIGURATION_NOT_FOUND", http.MethodGet, config, "")
	c.must(http.MethodPost, initialize, "")
	c.refused(http.StatusBadRequest, "Identity Platform has already been enabled for this project", http.MethodPost,
		initialize, "")
	c.must(http.MethodPatch, config, `{"signIn":{"email":{"enabled":true}}}`)
	c.must(http.MethodPatch, config, `{"signIn":{"phoneNumber":{"enabled":true}}}`)
	want := map[string]any{"email": map[string]any{"enabled": true}, "phoneNumber": map[string]any{"enabled": true}}
	if got := c.must(http.MethodGet, config, "").body["signIn"]; !cmp.Equal(got, any(want)) {
		t.Errorf("signIn is %v, want %v", got, want)
	}
	c.refused(http.StatusNotFound, "cannot be deleted", http.MethodDelete, config, "")
}

func TestIdentityPlatform_isChangedByItsMask(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const config = "identitytoolkit/v2/" + root + "/config"
	c.must(http.MethodPost, "identitytoolkit/v2/"+root+"/identityPlatform:initializeAuth", "")
	const policy = `"passwordPolicyConfig":{"passwordPolicyEnforcementState":"ENFORCE",` +
		`"passwordPolicyVersions":[{"customStrengthOptions":{"minPasswordLength":10}}]}`
	c.must(http.MethodPatch, config+"?updateMask=passwordPolicyConfig", `{"mfa":{"state":"ENABLED"},`+policy+`}`)
	got := c.must(http.MethodPatch, config+"?updateMask=client.permissions,authorizedDomains",
		`{"client":{"permissions":{"disabledUserDeletion":true}}}`).body
	want := map[string]any{
		"name":   "projects/" + number + "/config",
		"client": map[string]any{"permissions": map[string]any{"disabledUserDeletion": true}},
		"passwordPolicyConfig": map[string]any{
			"passwordPolicyEnforcementState": "ENFORCE", "lastUpdateTime": c.now.Format(time.RFC3339),
			"passwordPolicyVersions": []any{map[string]any{
				"schemaVersion": 1.0, "customStrengthOptions": map[string]any{"minPasswordLength": 10.0},
			}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the mask does not name is changed, or what it names is kept (-want +got):\n%s", diff)
	}
}

func TestIdentityPlatform_refusesWhatItsReferenceForbids(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const config = "identitytoolkit/v2/" + root + "/config"
	c.must(http.MethodPost, "identitytoolkit/v2/"+root+"/identityPlatform:initializeAuth", "")
	before := c.must(http.MethodGet, config, "").raw
	for name, tt := range map[string]struct{ mask, body, want string }{
		"a password of five characters": {
			"passwordPolicyConfig", `{"passwordPolicyConfig":{"passwordPolicyEnforcementState":"ENFORCE",` +
				`"passwordPolicyVersions":[{"customStrengthOptions":{"minPasswordLength":5}}]}}`, "from 6 to 30",
		},
		"a policy that demands nothing": {
			"passwordPolicyConfig", `{"passwordPolicyConfig":{"passwordPolicyEnforcementState":"ENFORCE"}}`, "length 1",
		},
		"an enforcement that is none": {
			"passwordPolicyConfig", `{"passwordPolicyConfig":{"passwordPolicyEnforcementState":"ON"}}`, "EnforcementState",
		},
		"half a quota": {
			"quota", `{"quota":{"signUpQuotaConfig":{"quota":"500","quotaDuration":"86400s"}}}`, "lacks startTime",
		},
		"a quota without an end to it": {
			"quota", `{"quota":{"signUpQuotaConfig":{"quota":"1001","quotaDuration":"86400s",` +
				`"startTime":"2026-01-02T00:00:00Z"}}}`, "from 1 to 1000",
		},
		"codes of the last hour": {
			"mfa", `{"mfa":{"providerConfigs":[{"totpProviderConfig":{"adjacentIntervals":120}}]}}`, "from 0 to 10",
		},
	} {
		c.refused(http.StatusBadRequest, tt.want, http.MethodPatch, config+"?updateMask="+tt.mask, tt.body)
		if after := c.must(http.MethodGet, config, "").raw; after != before {
			t.Errorf("%s: refused, and changed all the same", name)
		}
	}
}

func TestFirebaseRules_releaseExistsOnce(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const releases = "firebaserules/v1/" + root + "/releases"
	body := `{"name":"` + root + `/releases/cloud.firestore","rulesetName":"` + root + `/rulesets/%s"}`
	c.refused(http.StatusNotFound, "not found", http.MethodPost, releases, fmt.Sprintf(body, "none"))
	made := c.must(http.MethodPost, "firebaserules/v1/"+root+"/rulesets", `{"source":{}}`).body["name"]
	id := strings.TrimPrefix(fmt.Sprint(made), root+"/rulesets/")
	c.must(http.MethodPost, releases, fmt.Sprintf(body, id))
	c.refused(http.StatusConflict, "already exists", http.MethodPost, releases, fmt.Sprintf(body, id))
	c.must(http.MethodPatch, releases+"/cloud.firestore", `{"release":`+fmt.Sprintf(body, id)+`}`)
}

func TestFirestoreDatabase(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const databases = "firestore/v1/" + root + "/databases"
	c.refused(http.StatusNotFound, "does not exist", http.MethodPost,
		databases+"/(default)/collectionGroups/c/indexes", "{}")
	create := func(protect string) string {
		return `{"type":"FIRESTORE_NATIVE","deleteProtectionState":"` + protect + `"}`
	}
	c.must(http.MethodPost, databases+"?databaseId=(default)", create("DELETE_PROTECTION_ENABLED"))
	c.refused(http.StatusConflict, "Database already exists", http.MethodPost, databases+"?databaseId=(default)",
		create(""))
	c.refused(http.StatusBadRequest, "Delete protection", http.MethodDelete, databases+"/(default)", "")
	c.must(http.MethodPatch, databases+"/(default)", create("DELETE_PROTECTION_DISABLED"))
	c.must(http.MethodDelete, databases+"/(default)", "")
	c.now = c.now.Add(5*time.Minute - time.Second)
	c.refused(http.StatusBadRequest, "not available", http.MethodPost, databases+"?databaseId=(default)", create(""))
	c.now = c.now.Add(time.Second)
	c.must(http.MethodPost, databases+"?databaseId=(default)", create(""))
}

func TestMonitoring_dropsWhatIsZero(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	for name, one := range map[string]struct{ path, body, want string }{
		"a dashboard": {
			"monitoring/v1/" + root + "/dashboards",
			`{"mosaicLayout":{"columns":48,"tiles":[
				{"xPos":0,"yPos":16,"widget":{"xyChart":{"yAxis":{"label":"","scale":"LINEAR"}}}}]}}`,
			`"mosaicLayout":{"columns":48,"tiles":[{"widget":{"xyChart":{"yAxis":{"scale":"LINEAR"}}},"yPos":16}]}`,
		},
		"an alert, whose durations stay and whose switch does": {
			"monitoring/v3/" + root + "/alertPolicies",
			`{"enabled":false,"conditions":[{"conditionThreshold":{"thresholdValue":0,"duration":"0s"}}]}`,
			`{"conditions":[{"conditionThreshold":{"duration":"0s"}}],"enabled":false,`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := c.must(http.MethodPost, one.path, one.body).body["name"]
			version, _, _ := strings.Cut(strings.TrimPrefix(one.path, "monitoring/"), "/")
			got := c.must(http.MethodGet, "monitoring/"+version+"/"+fmt.Sprint(path), "").raw
			if !strings.Contains(got, one.want) {
				t.Errorf("kept %s, want %s in it", got, one.want)
			}
		})
	}
}

func TestAllUsers(t *testing.T) {
	t.Parallel()
	const body = `{"bindings":[{"role":"roles/storage.objectViewer","members":["allUsers"]}]}`
	bucket := func(t *testing.T, opts fakegcp.Options, prevention string) *cloud {
		t.Helper()
		c := newCloud(t, opts)
		c.must(http.MethodPost, "storage/v1/b",
			`{"name":"b","iamConfiguration":{"publicAccessPrevention":"`+prevention+`"}}`)
		return c
	}
	t.Run("in an organisation that admits its own domain only", func(t *testing.T) {
		t.Parallel()
		bucket(t, fakegcp.Options{DomainRestricted: true}, "inherited").refused(http.StatusBadRequest,
			"do not belong to a permitted customer", http.MethodPut, "storage/v1/b/b/iam", body)
	})
	t.Run("in a bucket that prevents it", func(t *testing.T) {
		t.Parallel()
		bucket(t, fakegcp.Options{}, "enforced").refused(http.StatusPreconditionFailed,
			"public access prevention is enforced", http.MethodPut, "storage/v1/b/b/iam", body)
	})
	t.Run("else", func(t *testing.T) {
		t.Parallel()
		bucket(t, fakegcp.Options{}, "inherited").must(http.MethodPut, "storage/v1/b/b/iam", body)
	})
}

func TestBudgetInAForeignCurrency_isRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{Currency: "USD"})
	const budgets = "billingbudgets/v1/billingAccounts/000000-111111-222222/budgets"
	c.refused(http.StatusBadRequest, "invalid argument", http.MethodPost, budgets,
		`{"amount":{"specifiedAmount":{"currencyCode":"EUR","units":"100"}}}`)
	c.must(http.MethodPost, budgets, `{"amount":{"specifiedAmount":{"currencyCode":"USD","units":"100"}}}`)
	c.must(http.MethodPost, budgets, `{"amount":{"specifiedAmount":{"units":"100"}}}`)
}

func TestSubscription_needsItsTopics(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const pubsub = "pubsub/v1/" + root
	c.refused(http.StatusNotFound, "resource=t", http.MethodPut, pubsub+"/subscriptions/s",
		`{"topic":"`+root+`/topics/t"}`)
	c.must(http.MethodPut, pubsub+"/topics/t", "{}")
	c.refused(http.StatusConflict, "already exists", http.MethodPut, pubsub+"/topics/t", "{}")
	c.must(http.MethodPut, pubsub+"/subscriptions/s", `{"topic":"`+root+`/topics/t"}`)
}

func TestNotification_needsTheGrantToPublish(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.must(http.MethodPost, "storage/v1/b", `{"name":"b"}`)
	c.must(http.MethodPut, "pubsub/v1/"+root+"/topics/t", "{}")
	const body = `{"topic":"//pubsub.googleapis.com/` + root + `/topics/t","payload_format":"JSON_API_V1"}`
	c.refused(http.StatusForbidden, "does not have permission to publish", http.MethodPost,
		"storage/v1/b/b/notificationConfigs", body)
	agent := c.must(http.MethodGet, "storage/v1/"+root+"/serviceAccount", "").body["email_address"]
	c.must(http.MethodPost, "pubsub/v1/"+root+"/topics/t:setIamPolicy", fmt.Sprintf(
		`{"policy":{"bindings":[{"role":"roles/pubsub.publisher","members":["serviceAccount:%s"]}]}}`, agent))
	c.must(http.MethodPost, "storage/v1/b/b/notificationConfigs", body)
}
