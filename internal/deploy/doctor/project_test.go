package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// answers are what a fake of Google's gives, by "METHOD /api/path": a status, or what is sent as
// JSON.
type answers map[string]any

type object = map[string]any

const (
	root     = "/projects/facescan-dev"
	quotaURL = "GET /quotas" + root + "/locations/global/services/run.googleapis.com/quotaInfos/"
	create   = "billing.budgets.create"
	policyOf = "GET /policy" + root + "/policies/"
	testKey  = "projects/facescan-dev/locations/europe-west1/keyRings/r/cryptoKeys/k"

	logBuckets       = "GET /logging" + root + "/locations/"
	requestExclusion = "GET /logging" + root + "/exclusions/facescan-requests"
)

// healthy is a project that lacks nothing.
func healthy() answers {
	var services []any
	for _, name := range FirstAPIs {
		services = append(services, object{"config": object{"name": name}})
	}
	limit := func(value string) object {
		return object{"dimensionsInfos": []any{
			object{"dimensions": object{"region": "us-east1"}, "details": object{"value": "1"}},
			object{"details": object{"value": value}, "applicableLocations": []any{"europe-west1"}},
		}}
	}
	return answers{
		"GET /rm" + root: object{"lifecycleState": "ACTIVE", "projectNumber": "1"},
		"POST /rm" + root + ":testIamPermissions":                            object{"permissions": Permissions},
		"POST /rm" + root + ":getIamPolicy":                                  policyWith()["POST /rm"+root+":getIamPolicy"],
		"GET /billing" + root + "/billingInfo":                               object{"billingEnabled": true},
		"POST /billing/billingAccounts/A:testIamPermissions":                 object{"permissions": []any{create}},
		"GET /usage" + root + "/services":                                    object{"services": services},
		"GET /storage/b/facescan-dev-facescan-state":                         object{"location": "EUROPE-WEST1"},
		"GET /secrets" + root + "/secrets/facescan-key-logs/versions/1":      object{"state": "ENABLED"},
		"GET /secrets" + root + "/secrets/facescan-smtp-password/versions/2": object{"state": "ENABLED"},
		quotaURL + "CpuAllocPerProjectRegion":                                limit("20000"),
		quotaURL + "MemAllocPerProjectRegion":                                limit("42949672960"),
		"GET /firebase" + root:                                               object{},
		"GET /dns" + root + "/managedZones/example-com":                      object{"dnsName": "example.com."},
		logBuckets + "global/buckets/_Default":                               object{"retentionDays": 30},
		logBuckets + "europe-west1/buckets/facescan-requests":                object{"retentionDays": 7},
		requestExclusion:      object{"filter": "requests"},
		"GET /kms/" + testKey: object{"purpose": "ENCRYPT_DECRYPT", "primary": object{"state": "ENABLED"}},
		"GET /identity" + root + "/config": object{
			"authorizedDomains":    []any{"facescan-dev.web.app"},
			"emailPrivacyConfig":   object{"enableImprovedEmailPrivacy": true},
			"passwordPolicyConfig": passwords(10),
			"client":               object{"permissions": object{"disabledUserDeletion": true}},
			"mfa": object{"providerConfigs": []any{
				object{"state": "ENABLED", "totpProviderConfig": object{"adjacentIntervals": 1}},
			}},
		},
	}
}

// passwords is a policy that asks for so many characters.
func passwords(fewest int) object {
	return object{
		"passwordPolicyEnforcementState": "ENFORCE",
		"passwordPolicyVersions": []any{
			object{"customStrengthOptions": object{"minPasswordLength": fewest}, "schemaVersion": 1},
		},
	}
}

// policyWith is the project's policy with the service agents and the bindings.
func policyWith(bindings ...any) answers {
	var agents []any
	for _, domain := range (Project{Key: testKey}).ServiceAgents() {
		agents = append(agents, "serviceAccount:service-1@"+domain)
	}
	return answers{
		"POST /rm" + root + ":getIamPolicy": object{"bindings": append(bindings, object{"members": agents})},
	}
}

// off is the answer of an API that is not enabled.
var off = object{"error": object{
	"code": 403, "message": "it is disabled", "details": []any{object{"reason": gcp.Disabled}},
}}

func rules(rule object) object { return object{"spec": object{"rules": []any{rule}}} }

// projectOf is a project whose Google gives the answers.
func projectOf(t *testing.T, all answers) Project {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := all[r.Method+" "+r.URL.Path]
		status, is := answer.(int)
		fault, failed := answer.(object)
		switch {
		case !known && strings.HasSuffix(r.URL.Path, ":getEffectivePolicy"): // no policy is set
			_ = json.NewEncoder(w).Encode(rules(object{"allowAll": true}))
		case !known:
			http.Error(w, `{"error":{"message":"not there"}}`, http.StatusNotFound)
		case is:
			http.Error(w, `{"error":{"message":"as the test wants"}}`, status)
		case r.Header.Get("Authorization") != "Bearer token-of-the-test",
			r.Header.Get("X-Goog-User-Project") != "facescan-dev":
			http.Error(w, "", http.StatusUnauthorized)
		default:
			if failed && fault["error"] != nil {
				w.WriteHeader(http.StatusForbidden)
			}
			_ = json.NewEncoder(w).Encode(answer)
		}
	}))
	t.Cleanup(server.Close)
	environ := map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": "token-of-the-test"}
	for name, api := range map[string]gcp.API{
		"rm": gcp.ResourceManager, "billing": gcp.Billing, "usage": gcp.ServiceUsage, "secrets": gcp.SecretManager,
		"storage": gcp.Storage, "quotas": gcp.Quotas, "policy": gcp.OrgPolicy, "firebase": gcp.Firebase,
		"identity": gcp.Identity, "dns": gcp.DNS, "logging": gcp.Logging, "kms": gcp.KMS,
	} {
		environ[api.Variable] = server.URL + "/" + name + "/"
	}
	return Project{
		Google: gcp.Offline("facescan-dev", environ), ID: "facescan-dev", Prefix: "facescan", Region: "europe-west1",
		Env: "dev", Settings: "dev.json", Secrets: []string{"key-logs", "smtp-password"},
		Versions:  map[string]string{"smtp-password": "2"},
		Functions: []Function{{"analyze", 1, 1024, 20}, {"scans", 1, 256, 10}}, Public: true, BillingAccount: "A",
		Protected: true, Zone: "example-com", Domain: "api.example.com", Key: testKey,
	}
}

// told is what the line of a check begins with, and the words of it and of its remedy.
func told(out string) map[string]string {
	got := map[string]string{}
	rows := strings.Split(out, "\n")
	for i, row := range rows {
		kind, name := strings.TrimSpace(row[:min(6, len(row))]), strings.TrimSpace(row[min(6, len(row)):min(20, len(row))])
		if kind != "" && kind != "ok" {
			got[kind+" "+name] += row + rows[i+1]
		}
	}
	return got
}

func TestProject(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil  answers // nil removes the answer
		change func(*Project)
		want   map[string]string // by kind and name: words
	}{
		"a project that lacks nothing": {},
		"no such project": {
			spoil: answers{"GET /rm" + root: 403},
			want:  map[string]string{"FAIL project": "gcloud projects create facescan-dev"},
		},
		"a project about to be deleted": {
			spoil: answers{"GET /rm" + root: object{"lifecycleState": "DELETE_REQUESTED"}},
			want:  map[string]string{"FAIL project": "DELETE_REQUESTED"},
		},
		"a new project, whose APIs are off": {
			spoil: answers{
				"GET /rm" + root: off, "GET /billing" + root + "/billingInfo": off,
				"GET /usage" + root + "/services": object{},
			},
			want: map[string]string{
				"skip project": "not enabled yet", "skip billing": "not enabled",
				"FAIL APIs": "gcloud services enable " + FirstAPIs[0],
			},
		},
		"no billing": {
			spoil: answers{"GET /billing" + root + "/billingInfo": object{}},
			want:  map[string]string{"FAIL billing": "gcloud billing projects link facescan-dev"},
		},
		"a permission less": {
			spoil: answers{"POST /rm" + root + ":testIamPermissions": object{"permissions": Permissions[1:]}},
			want: map[string]string{
				"FAIL permissions": "lacks " + Permissions[0],
			},
		},
		"no state bucket": {
			spoil: answers{"GET /storage/b/facescan-dev-facescan-state": nil},
			want:  map[string]string{"FAIL state": "make bootstrap ENV=dev"},
		},
		"a region that is not the bootstrap's": {
			change: func(p *Project) { p.Region = "us-east1" },
			want: map[string]string{
				"FAIL state": `set region = "europe-west1" in dev.json`, "FAIL quotas": "admits 1 ",
				"warn logs": "facescan-requests", "FAIL key": "is not in us-east1",
			},
		},
		"a bucket of another environment's states": {
			spoil: answers{"GET /storage/b/facescan-dev-facescan-state": object{
				"location": "EUROPE-WEST1", "labels": object{"environment": "staging"},
			}},
			want: map[string]string{"FAIL state": "of environment staging, not of dev"},
		},
		"a bucket of its own states": {
			spoil: answers{"GET /storage/b/facescan-dev-facescan-state": object{
				"location": "EUROPE-WEST1", "labels": object{"environment": "dev"},
			}},
		},
		"a DNS zone that is not there": {
			spoil: answers{"GET /dns" + root + "/managedZones/example-com": nil},
			want:  map[string]string{"FAIL DNS zone": "has no managed zone example-com"},
		},
		"a DNS zone where the API is off": {
			spoil: answers{"GET /dns" + root + "/managedZones/example-com": off},
			want:  map[string]string{"FAIL DNS zone": "gcloud dns managed-zones list --project=facescan-dev"},
		},
		"a DNS zone of another domain": {
			spoil: answers{"GET /dns" + root + "/managedZones/example-com": object{"dnsName": "ample.com."}},
			want:  map[string]string{"FAIL DNS zone": "is of ample.com., and api.example.com is not in it"},
		},
		"no DNS zone": {
			change: func(p *Project) { p.Zone = "" },
			want:   map[string]string{"skip DNS zone": "no dns_zone is given"},
		},
		"no version of a secret": {
			spoil: answers{"GET /secrets" + root + "/secrets/facescan-key-logs/versions/1": nil},
			want:  map[string]string{"FAIL secrets": "facescan-key-logs has no version 1"},
		},
		"a destroyed version of another number": {
			spoil: answers{
				"GET /secrets" + root + "/secrets/facescan-smtp-password/versions/2": object{"state": "DESTROYED"},
			},
			want: map[string]string{"FAIL secrets": "facescan-smtp-password has no version 2"},
		},
		"no service agent": {
			spoil: answers{"POST /rm" + root + ":getIamPolicy": object{}},
			want:  map[string]string{"warn service agents": "gcloud beta services identity create --project=facescan-dev"},
		},
		"a viewer": {
			spoil: policyWith(object{"role": "roles/viewer", "members": []any{"group:all@example.com"}}),
			want:  map[string]string{"warn basic roles": "1 members with roles/viewer may read photos"},
		},
		"Compute Engine's account as an editor": {
			spoil: policyWith(object{"role": "roles/editor", "members": []any{
				"serviceAccount:1@cloudservices.gserviceaccount.com", "serviceAccount:1-compute@developer.gserviceaccount.com",
			}}),
			want: map[string]string{"warn basic roles": "Compute Engine's own account has roles/editor"},
		},
		"Google's account as an editor, and an owner": {
			spoil: policyWith(
				object{"role": "roles/editor", "members": []any{"serviceAccount:1@cloudservices.gserviceaccount.com"}},
				object{"role": "roles/owner", "members": []any{"user:ada@example.com"}},
			),
		},
		"a policy that may not be asked": {
			spoil: answers{"POST /rm" + root + ":getIamPolicy": 403},
			want: map[string]string{
				"skip service agents": "the project's policy cannot be asked", "skip basic roles": "cannot be asked",
			},
		},
		"more instances than the CPU quota": {
			change: func(p *Project) { p.Functions[0].Instances = 50 },
			want: map[string]string{
				"FAIL quotas": "analyze takes 50000 mCPU with 50 instances, and europe-west1 admits 20000",
			},
		},
		"more memory than the quota": {
			change: func(p *Project) { p.Functions[1].MemoryMiB = 8192 },
			want:   map[string]string{"FAIL quotas": "scaling = { scans = { max_instances = 5 } }"},
		},
		"quotas that may not be asked": {
			spoil: answers{quotaURL + "CpuAllocPerProjectRegion": 403},
			want:  map[string]string{"skip quotas": "cannot be asked"},
		},
		"an organisation's own domain only": {
			spoil: answers{policyOf + "iam.allowedPolicyMemberDomains:getEffectivePolicy": rules(
				object{"values": object{"allowedValues": []any{"C0abc"}}})},
			want: map[string]string{"FAIL policies": "gcloud org-policies reset constraints/iam.allowedPolicyMemberDomains"},
		},
		"the same without public functions": {
			spoil: answers{policyOf + "iam.allowedPolicyMemberDomains:getEffectivePolicy": rules(
				object{"values": object{"allowedValues": []any{"C0abc"}}})},
			change: func(p *Project) { p.Public = false },
		},
		"the managed constraint of the same": {
			spoil: answers{policyOf + "iam.managed.allowedPolicyMembers:getEffectivePolicy": rules(object{"enforce": true})},
			want:  map[string]string{"FAIL policies": "forbids allUsers"},
		},
		"another region": {
			spoil: answers{policyOf + "gcp.resourceLocations:getEffectivePolicy": rules(
				object{"values": object{"allowedValues": []any{"in:us-locations"}}})},
			want: map[string]string{"FAIL policies": "does not name europe-west1"},
		},
		"the region's continent": {
			spoil: answers{policyOf + "gcp.resourceLocations:getEffectivePolicy": rules(
				object{"values": object{"allowedValues": []any{"in:europe-locations"}}})},
		},
		"no ingress from a load balancer, and no Pub/Sub": {
			spoil: answers{
				policyOf + "run.allowedIngress:getEffectivePolicy": rules(
					object{"values": object{"allowedValues": []any{"internal"}}}),
				policyOf + "gcp.restrictServiceUsage:getEffectivePolicy": rules(
					object{"values": object{"deniedValues": []any{"pubsub.googleapis.com"}}}),
			},
			want: map[string]string{"FAIL policies": "it forbids pubsub.googleapis.com"},
		},
		"policies that may not be asked": {
			spoil: answers{policyOf + "iam.allowedPolicyMemberDomains:getEffectivePolicy": off},
			want:  map[string]string{"skip policies": "its API is not enabled"},
		},
		"no right to budgets": {
			spoil: answers{"POST /billing/billingAccounts/A:testIamPermissions": object{}},
			want:  map[string]string{"FAIL budget": "roles/billing.costsManager"},
		},
		"no budget": {
			change: func(p *Project) { p.BillingAccount = "" }, want: map[string]string{"skip budget": "no budget is wanted"},
		},
		"no Firebase yet": {
			spoil: answers{"GET /firebase" + root: nil}, want: map[string]string{"to do Firebase": "accept Firebase's terms"},
		},
		"logs that are kept for longer than receipts say": {
			spoil: answers{logBuckets + "global/buckets/_Default": object{"retentionDays": 400}},
			want:  map[string]string{"FAIL logs": "gcloud logging buckets update _Default --location=global"},
		},
		"lines of requests that are": {
			spoil: answers{logBuckets + "europe-west1/buckets/facescan-requests": object{"retentionDays": 8}},
			want:  map[string]string{"FAIL logs": "make bootstrap ENV=dev"},
		},
		"lines of requests that are kept like all others": {
			spoil: answers{requestExclusion: object{"disabled": true}},
			want:  map[string]string{"warn logs": "with addresses and paths"},
		},
		"a bootstrap from before the exclusion": {
			spoil: answers{requestExclusion: nil, logBuckets + "europe-west1/buckets/facescan-requests": nil},
			want:  map[string]string{"warn logs": "there is no log bucket facescan-requests"},
		},
		"logs that may not be asked": {
			spoil: answers{requestExclusion: 403}, want: map[string]string{"skip logs": "cannot be asked"},
		},
		"a key elsewhere": {
			change: func(p *Project) { p.Key = strings.Replace(testKey, "europe-west1", "global", 1) },
			want:   map[string]string{"FAIL key": "--location=europe-west1"},
		},
		"a key that is not there": {
			spoil: answers{"GET /kms/" + testKey: nil}, want: map[string]string{"FAIL key": "there is no key projects/"},
		},
		"a key that is disabled": {
			spoil: answers{"GET /kms/" + testKey: object{
				"purpose": "ENCRYPT_DECRYPT", "primary": object{"state": "DISABLED"},
			}},
			want: map[string]string{"FAIL key": "is DISABLED"},
		},
		"a key for signatures": {
			spoil: answers{"GET /kms/" + testKey: object{"purpose": "ASYMMETRIC_SIGN"}},
			want:  map[string]string{"FAIL key": "is for ASYMMETRIC_SIGN"},
		},
		"a key of another project": {
			spoil: answers{"GET /kms/" + testKey: 403}, want: map[string]string{"skip key": "cannot be asked"},
		},
		"a key that Firestore's agent cannot use": {
			spoil: answers{"POST /rm" + root + ":getIamPolicy": object{"bindings": []any{object{
				"members": []any{"serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"},
			}}}},
			want: map[string]string{"warn service agents": "firestore.googleapis.com"},
		},
		"no key": {
			change: func(p *Project) { p.Key = "" }, want: map[string]string{"skip key": "no kms_key is wanted"},
		},
		"no sign-in yet": {
			spoil: answers{"GET /identity" + root + "/config": nil},
			want:  map[string]string{"skip sign-in": "make bootstrap does it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := healthy()
			for key, answer := range tt.spoil {
				if all[key] = answer; answer == nil {
					delete(all, key)
				}
			}
			p := projectOf(t, all)
			if tt.change != nil {
				tt.change(&p)
			}
			var out strings.Builder
			_, err := Run(t.Context(), &out, slices.Concat(p.Bootstrap(), p.Deployment(), p.Care()))
			got := told(out.String())
			fails := slices.ContainsFunc(slices.Collect(maps.Keys(tt.want)), func(k string) bool {
				return strings.HasPrefix(k, string(Fault))
			})
			if errors.Is(err, ErrSick) != fails {
				t.Errorf("err = %v", err)
			}
			for name, words := range tt.want {
				if !strings.Contains(got[name], words) {
					t.Errorf("%s: %q is not told in:\n%s", name, words, &out)
				}
				delete(got, name)
			}
			if len(got) > 0 {
				t.Errorf("also told: %v", got)
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	const mend = "                     -> "
	for name, tt := range map[string]struct {
		err  error
		want string
		todo []string
		sick bool
	}{
		"what is well":      {nil, "ok    domain         fine\n", nil, false},
		"what was not made": {Skip("no reason"), "skip  domain         no reason\n", nil, false},
		"any other error":   {errors.New("wrong"), "FAIL  domain         wrong\n" + mend + "mend it\n", nil, true},
		"a warning":         {Warn("so", "%d", 1), "warn  domain         1\n" + mend + "so\n", nil, false},
		"what is to be done": {
			ToDo("do it", "nowhere"), "to do domain         nowhere\n" + mend + "do it\n", []string{"do it"}, false,
		},
		"several": {
			errors.Join(Faulty("", "a"), Warn("so", "b")),
			"FAIL  domain         a\n" + mend + "mend it\nwarn  domain         b\n" + mend + "so\n", nil, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			run := func(context.Context) (string, error) { return "fine", tt.err }
			todo, err := Run(t.Context(), &out, []Check{{"domain", run, "mend it"}})
			if diff := cmp.Diff(tt.want, out.String()); diff != "" || errors.Is(err, ErrSick) != tt.sick {
				t.Errorf("err = %v:\n%s", err, diff)
			}
			if diff := cmp.Diff(tt.todo, todo); diff != "" {
				t.Error(diff)
			}
		})
	}
}
