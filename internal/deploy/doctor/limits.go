package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// Agents are the APIs whose service agents have to be there before the first deployment, by the
// domain of the agents' addresses (https://cloud.google.com/iam/docs/service-agents). Only that of
// Pub/Sub is granted anything by Terraform; the others Google makes at the first use, and the first
// use then fails for want of them.
var Agents = map[string]string{
	"artifactregistry.googleapis.com": "gcp-sa-artifactregistry.iam.gserviceaccount.com",
	"cloudbuild.googleapis.com":       "gcp-sa-cloudbuild.iam.gserviceaccount.com",
	"cloudfunctions.googleapis.com":   "gcf-admin-robot.iam.gserviceaccount.com",
	"cloudscheduler.googleapis.com":   "gcp-sa-cloudscheduler.iam.gserviceaccount.com",
	"pubsub.googleapis.com":           "gcp-sa-pubsub.iam.gserviceaccount.com",
	"run.googleapis.com":              "serverless-robot-prod.iam.gserviceaccount.com",
}

// binding is a part of the project's policy.
type binding struct {
	Role    string   `json:"role"`
	Members []string `json:"members"`
}

func (p Project) bindings(ctx context.Context) ([]binding, error) {
	var policy struct {
		Bindings []binding `json:"bindings"`
	}
	path := "projects/" + p.ID + ":getIamPolicy"
	body := map[string]any{"options": map[string]any{"requestedPolicyVersion": 3}}
	err := p.Google.Call(ctx, gcp.ResourceManager, http.MethodPost, path, body, &policy)
	return policy.Bindings, unasked("the project's policy", err)
}

// ServiceAgents returns the agents that have to be there: [Agents], and Firestore's where a key has
// to admit it.
func (p Project) ServiceAgents() map[string]string {
	if p.Key == "" {
		return Agents
	}
	all := maps.Clone(Agents)
	all["firestore.googleapis.com"] = "gcp-sa-firestore.iam.gserviceaccount.com"
	return all
}

// agents looks for the agents in the project's policy, where each has its role as a rule. That one
// is not seen there is no proof that it is missing, so it is a warning.
func (p Project) agents(ctx context.Context) (string, error) {
	bindings, err := p.bindings(ctx)
	if err != nil {
		return "", err
	}
	var members strings.Builder
	for _, b := range bindings {
		members.WriteString(strings.Join(b.Members, " ") + " ")
	}
	var lacking []string
	agents := p.ServiceAgents()
	for api, domain := range agents {
		if !strings.Contains(members.String(), "@"+domain) {
			lacking = append(lacking, api)
		}
	}
	slices.Sort(lacking)
	if len(lacking) > 0 {
		mend := "gcloud beta services identity create --project=" + p.ID + " --service=" + lacking[0]
		return "", Warn(mend, "%d of %d have no role on the project: those of %s",
			len(lacking), len(agents), strings.Join(lacking, ", "))
	}
	return strconv.Itoa(len(agents)), nil
}

// quota is what Cloud Run admits in a region: https://cloud.google.com/run/quotas
type quota struct {
	id, of string
	// use returns what a function takes of it at most, in the quota's unit.
	use func(Function) float64
}

var quotas = []quota{
	{"CpuAllocPerProjectRegion", "mCPU", func(f Function) float64 { return f.CPU * 1000 * float64(f.Instances) }},
	{"MemAllocPerProjectRegion", "bytes", func(f Function) float64 {
		return float64(f.MemoryMiB<<20) * float64(f.Instances)
	}},
}

// quotas compares what the largest function may use with what the region admits. Cloud Run refuses
// each service by itself, not their sum.
func (p Project) quotas(ctx context.Context) (string, error) {
	var told []string
	var faults []error
	for _, q := range quotas {
		limit, err := p.limit(ctx, q.id)
		if err != nil {
			return "", unasked("Cloud Run's quotas", err)
		}
		for _, f := range p.Functions {
			if use := q.use(f); use > limit {
				most := int(limit / (use / float64(f.Instances)))
				faults = append(faults, Faulty(
					fmt.Sprintf("scaling = { %s = { max_instances = %d } }, or ask for more at "+
						"https://console.cloud.google.com/iam-admin/quotas?project=%s", f.Name, most, p.ID),
					"%s takes %.0f %s with %d instances, and %s admits %.0f (%s)",
					f.Name, use, q.of, f.Instances, p.Region, limit, q.id,
				))
			}
		}
		told = append(told, fmt.Sprintf("%.0f %s", limit, q.of))
	}
	return strings.Join(told, ", ") + " a function in " + p.Region, errors.Join(faults...)
}

// limit returns the effective quota in the region:
// https://cloud.google.com/docs/quotas/reference/rest/v1/projects.locations.services.quotaInfos
func (p Project) limit(ctx context.Context, id string) (float64, error) {
	var info struct {
		DimensionsInfos []struct {
			Dimensions map[string]string `json:"dimensions"`
			Details    struct {
				Value string `json:"value"`
			} `json:"details"`
			ApplicableLocations []string `json:"applicableLocations"`
		} `json:"dimensionsInfos"`
	}
	path := "projects/" + p.ID + "/locations/global/services/run.googleapis.com/quotaInfos/" + id
	if err := p.Google.Call(ctx, gcp.Quotas, http.MethodGet, path, nil, &info); err != nil {
		return 0, err
	}
	for _, d := range info.DimensionsInfos {
		if d.Dimensions["region"] == p.Region || slices.Contains(d.ApplicableLocations, p.Region) {
			return strconv.ParseFloat(d.Details.Value, 64)
		}
	}
	return 0, Skip("Google tells no quota " + id + " for " + p.Region)
}

// spec is a policy as it holds for a project:
// https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/organizations.policies#PolicySpec
type spec struct {
	Rules []struct {
		Values struct {
			Allowed []string `json:"allowedValues"`
			Denied  []string `json:"deniedValues"`
		} `json:"values"`
		DenyAll bool `json:"denyAll"`
		Enforce bool `json:"enforce"`
	} `json:"rules"`
}

// admits reports whether the policy admits one of the values.
func (s spec) admits(values ...string) bool {
	for _, r := range s.Rules {
		listed := func(list []string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
		}
		if r.DenyAll || listed(r.Values.Denied) || len(r.Values.Allowed) > 0 && !listed(r.Values.Allowed) {
			return false
		}
	}
	return true
}

func (s spec) enforced() bool {
	for _, r := range s.Rules {
		if r.Enforce {
			return true
		}
	}
	return false
}

// policy is a constraint of organisations that can hinder a deployment, and what hinders it.
type policy struct {
	constraint string
	hinders    func(Project, spec) string
}

var policyTable = []policy{
	{"iam.allowedPolicyMemberDomains", func(p Project, s spec) string {
		if p.Public && !s.admits("allUsers") {
			return "it forbids allUsers, whom the API's functions admit (or public_invoker = false)"
		}
		return ""
	}},
	{"iam.managed.allowedPolicyMembers", func(p Project, s spec) string {
		if p.Public && s.enforced() {
			return "it forbids allUsers, whom the API's functions admit (or public_invoker = false)"
		}
		return ""
	}},
	{"gcp.resourceLocations", func(p Project, s spec) string {
		continent, _, _ := strings.Cut(p.Region, "-")
		groups := []string{p.Region, "in:" + p.Region + "-locations", "in:" + continent + "-locations"}
		if continent == "europe" {
			groups = append(groups, "in:eu-locations")
		}
		if !s.admits(groups...) {
			return "it does not name " + p.Region
		}
		return ""
	}},
	{"run.allowedIngress", func(_ Project, s spec) string {
		if !s.admits("internal-and-cloud-load-balancing", "is:internal-and-cloud-load-balancing") {
			return "it forbids functions behind a load balancer"
		}
		return ""
	}},
	// Every bucket enforces the prevention itself, so both of its values do.
	{"storage.publicAccessPrevention", func(Project, spec) string { return "" }},
	{"gcp.restrictServiceUsage", func(_ Project, s spec) string {
		var lacking []string
		for _, api := range slices.Sorted(maps.Keys(Agents)) {
			if !s.admits(api) {
				lacking = append(lacking, api)
			}
		}
		if len(lacking) > 0 {
			return "it forbids " + strings.Join(lacking, ", ")
		}
		return ""
	}},
}

// policies reads the policies of the organisation that hold for the project:
// https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies/getEffectivePolicy
func (p Project) policies(ctx context.Context) (string, error) {
	var faults []error
	for _, rule := range policyTable {
		var is struct {
			Spec spec `json:"spec"`
		}
		path := "projects/" + p.ID + "/policies/" + rule.constraint + ":getEffectivePolicy"
		err := p.Google.Call(ctx, gcp.OrgPolicy, http.MethodGet, path, nil, &is)
		switch {
		case gcp.Refused(err, http.StatusNotFound): // no such constraint here
			continue
		case err != nil:
			return "", unasked("the organisation's policies", err)
		}
		if why := rule.hinders(p, is.Spec); why != "" {
			faults = append(faults, Faulty(
				"gcloud org-policies reset constraints/"+rule.constraint+" --project="+p.ID+" (an organisation's administrator)",
				"%s: %s", rule.constraint, why,
			))
		}
	}
	return fmt.Sprintf("%d hinder nothing", len(policyTable)), errors.Join(faults...)
}

// zone checks that the managed zone is there and has room for the domain:
// https://cloud.google.com/dns/docs/reference/rest/v1/managedZones/get
func (p Project) zone(ctx context.Context) (string, error) {
	if p.Zone == "" {
		return "", Skip("no dns_zone is given")
	}
	var is struct {
		DNSName string `json:"dnsName"`
	}
	err := p.Google.Call(ctx, gcp.DNS, http.MethodGet, "projects/"+p.ID+"/managedZones/"+p.Zone, nil, &is)
	switch {
	case gcp.Absent(err):
		return "", fmt.Errorf("project %s has no managed zone %s", p.ID, p.Zone)
	case err != nil:
		return "", unasked("Cloud DNS", err)
	case !strings.HasSuffix("."+p.Domain+".", "."+is.DNSName):
		return "", fmt.Errorf("zone %s is of %s, and %s is not in it", p.Zone, is.DNSName, p.Domain)
	}
	return p.Zone + ", of " + is.DNSName, nil
}

// key checks that the key that data is encrypted with is where the data is, and in use:
// https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
func (p Project) key(ctx context.Context) (string, error) {
	if p.Key == "" {
		return "", Skip("no kms_key is wanted: Google encrypts with keys of its own")
	}
	if parts := strings.Split(p.Key, "/"); len(parts) != 8 || parts[3] != p.Region {
		return "", fmt.Errorf("%s is not in %s: buckets and database take a key of their own location", p.Key, p.Region)
	}
	var is struct {
		Purpose string `json:"purpose"`
		Primary struct {
			State string `json:"state"`
		} `json:"primary"`
	}
	err := p.Google.Call(ctx, gcp.KMS, http.MethodGet, p.Key, nil, &is)
	switch {
	case gcp.Refused(err, http.StatusNotFound):
		return "", fmt.Errorf("there is no key %s", p.Key)
	case err != nil:
		return "", unasked("the key", err)
	case is.Purpose != "ENCRYPT_DECRYPT":
		return "", fmt.Errorf("%s is for %s, and has to be for ENCRYPT_DECRYPT", p.Key, is.Purpose)
	case is.Primary.State != "ENABLED":
		return "", fmt.Errorf("the primary version of %s is %s: what it encrypts cannot be read", p.Key, is.Primary.State)
	}
	return p.Key, nil
}

// budget checks that a budget could be made, if one is wanted.
func (p Project) budget(ctx context.Context) (string, error) {
	if p.BillingAccount == "" {
		return "", Skip("no budget is wanted")
	}
	const create = "billing.budgets.create"
	var has struct {
		Permissions []string `json:"permissions"`
	}
	path := "billingAccounts/" + p.BillingAccount + ":testIamPermissions"
	body := map[string]any{"permissions": []string{create}}
	if err := p.Google.Call(ctx, gcp.Billing, http.MethodPost, path, body, &has); err != nil {
		return "", unasked("the billing account", err)
	}
	if !slices.Contains(has.Permissions, create) {
		return "", fmt.Errorf("who is signed in may not make budgets of %s", p.BillingAccount)
	}
	return "may be made", nil
}
