package fakegcp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

// What doctor asks, and what a healthy new project or one with the fault answers.
func TestQuestionsOfDoctor(t *testing.T) {
	t.Parallel()
	const policies = "orgpolicy/v2/" + root + "/policies/"
	const quotas = "cloudquotas/v1/" + root + "/locations/global/services/run.googleapis.com/quotaInfos"
	locations := map[string]map[string]any{"gcp.resourceLocations": {
		"rules": []any{map[string]any{"values": map[string]any{"allowedValues": []any{"in:eu-locations"}}}},
	}}
	for name, one := range map[string]struct {
		opts       fakegcp.Options
		path, want string
	}{
		"billing": {path: "cloudbilling/v1/" + root + "/billingInfo", want: `"billingEnabled":true`},
		"no billing": {fakegcp.Options{BillingDisabled: true}, "cloudbilling/v1/" + root + "/billingInfo",
			`"billingEnabled":false`},
		"currency": {path: "cloudbilling/v1/billingAccounts/000000-111111-222222",
			want: `"currencyCode":"EUR"`},
		"domains": {path: policies + "iam.allowedPolicyMemberDomains:getEffectivePolicy",
			want: `"allowAll":true`},
		"restricted domains": {fakegcp.Options{DomainRestricted: true}, policies +
			"iam.allowedPolicyMemberDomains:getEffectivePolicy", `"allowedValues":["C0`},
		"members": {path: policies + "iam.managed.allowedPolicyMembers:getEffectivePolicy",
			want: `"enforce":false`},
		"ingress": {path: policies + "run.allowedIngress:getEffectivePolicy", want: `"allowAll":true`},
		"services": {path: policies + "gcp.restrictServiceUsage:getEffectivePolicy",
			want: `"allowAll":true`},
		"prevention": {path: policies + "storage.publicAccessPrevention:getEffectivePolicy",
			want: `"enforce":false`},
		"locations": {fakegcp.Options{OrgPolicies: locations}, policies +
			"gcp.resourceLocations:getEffectivePolicy", "in:eu-locations"},
		"quota of CPU":        {path: quotas + "/CpuAllocPerProjectRegion", want: `"value":"20000"`},
		"quota of memory":     {path: quotas + "/MemAllocPerProjectRegion", want: `"value":"42949672960"`},
		"quotas of one's own": {fakegcp.Options{CPUMilli: 60_000}, quotas, `"value":"60000"`},
		"the project's state": {path: projectPath, want: `"lifecycleState":"ACTIVE"`},
		"an API that is off": {path: "serviceusage/v1/" + root + "/services/fcm.googleapis.com",
			want: `"state":"DISABLED"`},
		"an API that is on": {path: "serviceusage/v1/" + root + "/services/run.googleapis.com",
			want: `"state":"ENABLED"`},
		"APIs, by the number": {path: "serviceusage/v1/projects/" + number + "/services", want: "run.googleapis.com"},
		"buckets":             {path: "storage/v1/b?project=" + project, want: `"items":[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, one.opts)
			if a := c.must(http.MethodGet, one.path, ""); !strings.Contains(a.raw, one.want) {
				t.Errorf("%s, want %s in it", a.raw, one.want)
			}
		})
	}
}

func TestFirebase_isThereOnceItsTermsWereAccepted(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{TermsRefused: true})
	c.refused(http.StatusNotFound, "not found", http.MethodGet, "firebase/v1beta1/"+root, "")
	c.refused(http.StatusForbidden, "The caller does not have permission", http.MethodPost,
		"firebase/v1beta1/"+root+":addFirebase", "{}")
	c = newCloud(t, fakegcp.Options{})
	c.must(http.MethodPost, "firebase/v1beta1/"+root+":addFirebase", "{}")
	if a := c.must(http.MethodGet, "firebase/v1beta1/"+root, ""); a.body["state"] != "ACTIVE" {
		t.Error(a.raw)
	}
	c.refused(http.StatusConflict, "already exists", http.MethodPost, "firebase/v1beta1/"+root+":addFirebase", "{}")
}

func TestRecordSets_changeWholly(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const zones = "dns/v1/" + root + "/managedZones"
	record := func(address string) string {
		return fmt.Sprintf(`[{"name":"api.example.com.","type":"A","ttl":300,"rrdatas":["%s"]}]`, address)
	}
	c.refused(http.StatusNotFound, "managedZone", http.MethodGet, zones+"/z/rrsets", "")
	c.must(http.MethodPost, zones, `{"name":"z","dnsName":"example.com."}`)
	c.refused(http.StatusNotFound, "deletions", http.MethodPost, zones+"/z/changes",
		`{"deletions":`+record("192.0.2.1")+`}`)
	change := c.must(http.MethodPost, zones+"/z/changes", `{"additions":`+record("192.0.2.1")+`}`)
	c.must(http.MethodGet, zones+"/z/changes/"+fmt.Sprint(change.body["id"]), "")
	c.refused(http.StatusConflict, "already exists", http.MethodPost, zones+"/z/changes",
		`{"additions":`+record("192.0.2.2")+`}`)
	c.must(http.MethodPost, zones+"/z/changes",
		`{"deletions":`+record("192.0.2.1")+`,"additions":`+record("192.0.2.2")+`}`)
	if a := c.must(http.MethodGet, zones+"/z/rrsets?name=api.example.com.&type=A", ""); !strings.Contains(a.raw,
		"192.0.2.2") {
		t.Error(a.raw)
	}
	if a := c.must(http.MethodGet, zones+"/z/rrsets?type=AAAA", ""); !strings.Contains(a.raw, `"rrsets":[]`) {
		t.Error(a.raw)
	}
}

func TestWorkloadIdentityPool_keepsItsIDWhenDeleted(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	const pools = "iam/v1/" + root + "/locations/global/workloadIdentityPools"
	c.must(http.MethodPost, pools+"?workloadIdentityPoolId=ci", `{"displayName":"CI"}`)
	c.must(http.MethodPost, pools+"/ci/providers?workloadIdentityPoolProviderId=github",
		`{"oidc":{"issuerUri":"https://x"}}`)
	c.must(http.MethodDelete, pools+"/ci", "")
	if a := c.must(http.MethodGet, pools+"/ci", ""); a.body["state"] != "DELETED" {
		t.Error(a.raw)
	}
	c.refused(http.StatusConflict, "already exists", http.MethodPost, pools+"?workloadIdentityPoolId=ci", `{}`)
	c.must(http.MethodPost, pools+"/ci:undelete", "{}")
	if a := c.must(http.MethodGet, pools+"/ci", ""); a.body["state"] != "ACTIVE" {
		t.Error(a.raw)
	}
}
