package fakegcp

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// billingAccount is the one that pays for the project.
const billingAccount = "000000-111111-222222"

func (s *Server) projects(c call) (reply, bool) {
	if c.Path != s.root() || c.Method != http.MethodGet {
		return reply{}, false
	}
	return ok(object{
		"projectId": s.project, "projectNumber": s.number, "name": s.project, "lifecycleState": "ACTIVE",
		"state": "ACTIVE", "displayName": s.project,
	}), true
}

func (s *Server) billing(c call) (reply, bool) {
	switch {
	case c.Method != http.MethodGet:
	case c.Path == s.root()+"/billingInfo":
		info := object{"name": c.Path, "projectId": s.project, "billingEnabled": !s.options.BillingDisabled}
		if !s.options.BillingDisabled {
			info["billingAccountName"] = "billingAccounts/" + billingAccount
		}
		return ok(info), true
	case strings.HasPrefix(c.Path, "billingAccounts/"):
		return ok(object{
			"name": c.Path, "open": true, "displayName": "Fake", "currencyCode": s.options.Currency,
		}), true
	}
	return reply{}, false
}

// budgets refuses an amount in another currency than the billing account's: "if specified, must
// match". https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets
func (s *Server) budgets(c call) (reply, bool) {
	amount, _ := c.Body["amount"].(map[string]any)
	specified, _ := amount["specifiedAmount"].(map[string]any)
	if currency, is := specified["currencyCode"].(string); is && currency != s.options.Currency {
		return invalid("Request contains an invalid argument."), true
	}
	return reply{}, false
}

// orgPolicy answers which policy is in force: the organisation's, or the constraint's default.
// https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies/getEffectivePolicy
func (s *Server) orgPolicy(c call) (reply, bool) {
	constraint, effective := strings.CutSuffix(path.Base(c.Path), ":getEffectivePolicy")
	if c.Method != http.MethodGet || !effective {
		return reply{}, false
	}
	spec := s.options.OrgPolicies[constraint]
	switch {
	case spec != nil:
	case constraint == "iam.allowedPolicyMemberDomains" && s.options.DomainRestricted:
		spec = object{"rules": []any{object{"values": object{"allowedValues": []any{"C0fake000"}}}}}
	case strings.Contains(constraint, ".managed."), constraint == "storage.publicAccessPrevention":
		spec = object{"rules": []any{object{"enforce": false}}}
	default:
		spec = object{"rules": []any{object{"allowAll": true}}}
	}
	return ok(object{"name": "projects/" + s.number + "/policies/" + constraint, "spec": spec}), true
}

// quotas answers Cloud Run's quotas of CPU and memory.
// https://cloud.google.com/docs/quotas/reference/rest/v1/projects.locations.services.quotaInfos
func (s *Server) quotas(c call) (reply, bool) {
	if c.Method != http.MethodGet {
		return reply{}, false
	}
	list := strings.TrimSuffix(c.Path, "/"+path.Base(c.Path))
	all := path.Base(c.Path) == "quotaInfos"
	if all {
		list = c.Path
	}
	info := func(id, metric, name, unit string, value int) object {
		return object{
			"name": list + "/" + id, "quotaId": id, "metric": metric, "service": "run.googleapis.com", "metricUnit": unit,
			"quotaDisplayName": name, "containerType": "PROJECT", "dimensions": []any{"region"}, "isPrecise": false,
			"dimensionsInfos": []any{object{
				"details": object{"value": strconv.Itoa(value)}, "applicableLocations": []any{"europe-west1", "us-central1"},
			}},
		}
	}
	infos := []object{
		info("CpuAllocPerProjectRegion", "run.googleapis.com/cpu_allocation",
			"Total CPU allocation, in milli vCPU, per project per region", "milli-vCPU", s.options.CPUMilli),
		info("MemAllocPerProjectRegion", "run.googleapis.com/memory_allocation",
			"Total memory allocation, in bytes, per project per region", "By", s.options.MemoryMiB<<20),
	}
	if all {
		return ok(object{"quotaInfos": infos}), true
	}
	for _, one := range infos {
		if one["name"] == c.Path {
			return ok(one), true
		}
	}
	return notFound(c.Path), true
}

// firebase makes the project one of Firebase, unless its terms were not accepted.
// https://firebase.google.com/docs/reference/firebase-management/rest/v1beta1/projects/addFirebase
func (s *Server) firebase(c call) (reply, bool) {
	p, verb, _ := strings.Cut(c.Path, ":")
	if c.Method != http.MethodPost || verb != "addFirebase" {
		return reply{}, false
	}
	if s.options.TermsRefused {
		return failure(http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission"), true
	}
	if _, there := s.resources[key(c.Service, p)]; there {
		return failure(http.StatusConflict, "ALREADY_EXISTS", "Requested entity already exists"), true
	}
	return s.keep(c, p, object{
		"projectId": s.project, "projectNumber": s.number, "displayName": s.project, "state": "ACTIVE",
	}), true
}

// rules keeps Firebase's rules. A release that exists can only be changed, and has to point at a
// ruleset that is there.
// https://firebase.google.com/docs/reference/rules/rest/v1/projects.releases/create
func (s *Server) rules(c call) (reply, bool) {
	release := c.Body
	if inner, is := c.Body["release"].(map[string]any); is {
		release = inner
	}
	name, is := release["rulesetName"].(string)
	if !is {
		return reply{}, false
	}
	if _, there := s.resources[key(c.Service, name)]; !there {
		return failure(http.StatusNotFound, "NOT_FOUND", "Requested entity was not found."), true
	}
	p := c.Path
	if c.Method == http.MethodPost {
		p, _ = release["name"].(string)
		if _, there := s.resources[key(c.Service, p)]; there {
			return failure(http.StatusConflict, "ALREADY_EXISTS", "Requested entity already exists"), true
		}
	}
	return s.keep(c, p, maps.Clone(release)), true
}

// pubsub refuses subscriptions to topics that are not there.
// https://cloud.google.com/pubsub/docs/reference/error-codes
func (s *Server) pubsub(c call) (reply, bool) {
	p := c.Path
	if _, there := s.resources[key(c.Service, p)]; there && c.Method == http.MethodPut {
		return failure(http.StatusConflict, "ALREADY_EXISTS", fmt.Sprintf(
			"Resource already exists in the project (resource=%s).", path.Base(p))), true
	}
	wrapped, _ := c.Body["topic"].(map[string]any) // of a change
	if r := s.locked(c, cmp.Or(usedKey(c.Body, "kmsKeyName"), usedKey(wrapped, "kmsKeyName")), ""); r.status != 0 {
		return r, true
	}
	dead, _ := c.Body["deadLetterPolicy"].(map[string]any)
	for _, topic := range []any{c.Body["topic"], dead["deadLetterTopic"]} {
		name, is := topic.(string)
		if _, there := s.resources[key(c.Service, name)]; is && !there {
			message := fmt.Sprintf("Resource not found (resource=%s).", path.Base(name))
			return failure(http.StatusNotFound, "NOT_FOUND", message), true
		}
	}
	return reply{}, false
}

// scheduler pauses and resumes jobs, which the provider asks for after each creation.
func (s *Server) scheduler(c call) (reply, bool) {
	p, verb, _ := strings.Cut(c.Path, ":")
	state := map[string]string{"pause": "PAUSED", "resume": "ENABLED"}[verb]
	if state == "" {
		return reply{}, false
	}
	job, found := s.resources[key(c.Service, p)]
	if !found {
		return notFound(p), true
	}
	job["state"] = state
	return ok(job), true
}

// setters are members of compute resources that have calls of their own.
var setters = map[string]string{"setLabels": "labels", "setSecurityPolicy": "securityPolicy"}

func (s *Server) compute(c call) (reply, bool) {
	member, is := setters[path.Base(c.Path)]
	if !is {
		return reply{}, false
	}
	resource := path.Dir(c.Path)
	r, found := s.resources[key(c.Service, resource)]
	if !found {
		return notFound(resource), true
	}
	r[member] = c.Body[member]
	return s.operation(c, r), true
}

// dns applies changes of record sets, whole or not at all.
// https://cloud.google.com/dns/docs/reference/rest/v1/changes/create
func (s *Server) dns(c call) (reply, bool) {
	zone := path.Dir(c.Path)
	last := path.Base(c.Path)
	if last != "changes" && last != "rrsets" && path.Base(zone) != "changes" {
		return reply{}, false
	}
	if path.Base(zone) == "changes" {
		return ok(object{"id": last, "status": "done"}), true
	}
	if _, there := s.resources[key(c.Service, zone)]; !there {
		return failure(http.StatusNotFound, "notFound", "The 'parameters.managedZone' resource named '"+path.Base(zone)+
			"' does not exist."), true
	}
	if last == "rrsets" {
		sets := slices.DeleteFunc(s.list(key(c.Service, zone+"/rrsets/")), func(r object) bool {
			return c.query("name") != "" && r["name"] != c.query("name") || c.query("type") != "" &&
				r["type"] != c.query("type")
		})
		return ok(object{"rrsets": sets}), true
	}
	additions, _ := c.Body["additions"].([]any)
	deletions, _ := c.Body["deletions"].([]any)
	setKey := func(set any) (string, object) {
		r, _ := set.(map[string]any)
		return key(c.Service, fmt.Sprintf("%s/rrsets/%v/%v", zone, r["name"], r["type"])), r
	}
	gone := map[string]bool{}
	for _, d := range deletions {
		k, r := setKey(d)
		if _, there := s.resources[k]; !there {
			return failure(http.StatusNotFound, "notFound", fmt.Sprintf(
				"The 'entity.change.deletions' resource named '%v (%v)' does not exist.", r["name"], r["type"])), true
		}
		gone[k] = true
	}
	for _, a := range additions {
		k, r := setKey(a)
		if _, there := s.resources[k]; there && !gone[k] {
			return failure(http.StatusConflict, "alreadyExists", fmt.Sprintf(
				"The resource 'entity.change.additions' named '%v (%v)' already exists", r["name"], r["type"])), true
		}
	}
	for k := range gone {
		s.discard(k)
	}
	for _, a := range additions {
		k, r := setKey(a)
		s.store(k, r)
	}
	s.made++
	return ok(object{"id": strconv.Itoa(s.made), "status": "done", "additions": additions, "deletions": deletions}),
		true
}

// list returns the resources whose keys begin so, sorted by key.
func (s *Server) list(prefix string) []object {
	all := []object{}
	for _, k := range slices.Sorted(maps.Keys(s.resources)) {
		if strings.HasPrefix(k, prefix) {
			all = append(all, s.resources[k])
		}
	}
	return all
}
