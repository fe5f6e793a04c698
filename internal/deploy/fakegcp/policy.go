package fakegcp

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

// isPolicy reports whether the request is about a resource's IAM policy.
func isPolicy(c call) bool {
	last := path.Base(c.Path)
	return strings.HasSuffix(last, ":getIamPolicy") || strings.HasSuffix(last, ":setIamPolicy") ||
		c.Service == "storage" && last == "iam" && strings.Count(c.Path, "/") == 2
}

// policyOf returns whose IAM policy the request is about, and the policy that it sets, nil if it
// sets none.
func policyOf(c call) (resource string, set object) {
	if !isPolicy(c) {
		return "", nil
	}
	resource = c.Path
	for _, suffix := range []string{":getIamPolicy", ":setIamPolicy", "/iam"} {
		resource = strings.TrimSuffix(resource, suffix)
	}
	switch {
	case strings.HasSuffix(c.Path, ":setIamPolicy"):
		set, _ = c.Body["policy"].(map[string]any)
	case c.Method == http.MethodPut:
		set = c.Body
	}
	return resource, set
}

func (s *Server) iamPolicy(c call) reply {
	resource, set := policyOf(c)
	k := key(c.Service, resource)
	if _, there := s.resources[k]; !there && c.Service != "cloudresourcemanager" && c.Service != "cloudbilling" {
		return notFound(resource)
	}
	if set == nil {
		return ok(s.shown(k, requestedVersion(c)))
	}
	if r := s.checkPolicy(c, k, set); r.status != 0 {
		return r
	}
	grants := iam.Parse(set, s.options.Now())
	grants.Since(s.grants[k])
	s.made++
	s.grants[k] = grants
	policy := maps.Clone(set)
	policy["etag"] = fmt.Sprintf("BwFake%06d=", s.made)
	s.policies[k] = policy
	return ok(s.shown(k, policyVersion))
}

// policyVersion is the first that has conditions, and the newest.
const policyVersion = 3

func requestedVersion(c call) int {
	for _, name := range []string{"optionsRequestedPolicyVersion", "options.requestedPolicyVersion"} {
		if version, err := strconv.Atoi(c.query(name)); err == nil {
			return version
		}
	}
	options, _ := c.Body["options"].(map[string]any)
	version, _ := options["requestedPolicyVersion"].(float64)
	return int(version)
}

// shown returns the policy in the version that was asked for. An older one has no conditions: it
// names the role with a suffix. https://cloud.google.com/iam/docs/policies#versions
func (s *Server) shown(k string, version int) object {
	policy := object{"version": 1, "etag": "ACAB"}
	maps.Copy(policy, s.policies[k])
	conditional := 0
	for grant := range s.grants[k] {
		if grant.Condition != "" {
			conditional++
		}
	}
	if conditional == 0 {
		return policy
	}
	policy["version"] = policyVersion
	if version >= policyVersion {
		return policy
	}
	policy["version"] = 1
	stored, _ := policy["bindings"].([]any)
	bindings := make([]any, 0, len(stored))
	for _, b := range stored {
		stored, _ := b.(map[string]any)
		binding := maps.Clone(stored)
		if condition, is := binding["condition"]; is {
			hash := fnv.New64a()
			fmt.Fprint(hash, condition)
			binding["role"] = fmt.Sprintf("%s_withcond_%x", binding["role"], hash.Sum64())
			delete(binding, "condition")
		}
		bindings = append(bindings, binding)
	}
	policy["bindings"] = bindings
	return policy
}

// checkPolicy refuses a policy that IAM refuses.
func (s *Server) checkPolicy(c call, k string, set object) reply {
	now := s.shown(k, policyVersion)
	if etag, _ := set["etag"].(string); etag != "" && etag != now["etag"] {
		return failure(http.StatusConflict, "ABORTED", "There were concurrent policy changes. "+
			"Please retry the whole read-modify-write with exponential backoff.")
	}
	version, _ := set["version"].(float64)
	grants := slices.SortedFunc(maps.Keys(iam.Parse(set, s.options.Now())), func(a, b iam.Grant) int {
		return strings.Compare(a.Role+a.Member, b.Role+b.Member)
	})
	for _, g := range grants {
		if g.Condition != "" {
			if version < policyVersion {
				return invalid("Specifying a condition requires the policy's version to be 3.")
			}
			if _, err := iam.Compile(g.Condition); err != nil {
				return invalid(fmt.Sprintf("Condition expression compilation failed. Details: %v", err))
			}
		}
		if r := s.checkMember(c, k, g); r.status != 0 {
			return r
		}
		role, custom := s.resources[key("iam", g.Role)]
		if strings.HasPrefix(g.Role, s.root()+"/") && (!custom || role["deleted"] == true) {
			return invalid(fmt.Sprintf("Role (%s) does not exist in the resource's hierarchy.", g.Role))
		}
	}
	return reply{}
}

// checkMember refuses a member who does not exist or may not be named.
func (s *Server) checkMember(c call, k string, g iam.Grant) reply {
	if g.Member == "allUsers" || g.Member == "allAuthenticatedUsers" {
		config, _ := s.resources[k]["iamConfiguration"].(map[string]any)
		if c.Service == "storage" && config["publicAccessPrevention"] == "enforced" {
			// https://github.com/GoogleCloudPlatform/gsutil/issues/1620
			return failure(http.StatusPreconditionFailed, "conditionNotMet", "The member bindings allUsers and "+
				"allAuthenticatedUsers are not allowed since public access prevention is enforced.")
		}
		if s.options.DomainRestricted {
			// https://github.com/LayerZero-Labs/gasolina-gcp/issues/15
			return failure(http.StatusBadRequest, "FAILED_PRECONDITION", "One or more users named in the policy do not "+
				"belong to a permitted customer,  perhaps due to an organization policy.")
		}
		return reply{}
	}
	if email, is := strings.CutPrefix(g.Member, "serviceAccount:"); is && !s.accountExists(email) {
		// https://github.com/hashicorp/terraform-provider-google/issues/7281
		return invalid(fmt.Sprintf("Service account %s does not exist.", email))
	}
	if kind, _, is := strings.Cut(g.Member, ":"); !is || !slices.Contains(memberKinds, kind) {
		return invalid(fmt.Sprintf("Invalid member %q.", g.Member))
	}
	return reply{}
}

// memberKinds precede the colon. https://cloud.google.com/iam/docs/principal-identifiers
var memberKinds = []string{
	"user", "group", "domain", "serviceAccount", "principal", "principalSet", "deleted", "projectOwner",
	"projectEditor",
	"projectViewer",
}

// accountExists reports whether the account is there. Those of other projects are taken to be.
func (s *Server) accountExists(email string) bool {
	_, domain, _ := strings.Cut(email, "@")
	if domain == s.project+".iam.gserviceaccount.com" {
		_, made := s.resources[key("iam", s.accountPath(email))]
		return made
	}
	if strings.Contains(email, s.number) {
		return s.agents[email]
	}
	return true
}

// Policies returns every IAM policy that was set, by "service/path" of its resource.
func (s *Server) Policies() map[string]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]any, len(s.policies))
	for k, policy := range s.policies {
		all[k] = policy
	}
	return all
}

// forget marks a deleted account in every policy, whose grants end with it.
// https://cloud.google.com/iam/docs/policies#handle-deleted-members
func (s *Server) forget(email, uid string) {
	member := "serviceAccount:" + email
	gone := "deleted:" + member + "?uid=" + uid
	for k, policy := range s.policies {
		bindings, _ := policy["bindings"].([]any)
		for _, b := range bindings {
			binding, _ := b.(map[string]any)
			members, _ := binding["members"].([]any)
			for i, m := range members {
				if m == member {
					members[i] = gone
				}
			}
		}
		grants := iam.Parse(policy, s.options.Now())
		grants.Since(s.grants[k])
		s.grants[k] = grants
	}
}

// testPermissions answers which of the permissions that the request names its caller has.
func (s *Server) testPermissions(c call) reply {
	asked := texts(c.Body["permissions"])
	resource, _, _ := strings.Cut(c.Path, ":")
	if c.Service == "storage" {
		asked, resource = c.http.URL.Query()["permissions"], strings.TrimSuffix(c.Path, "/iam/testPermissions")
	}
	has := []any{}
	for _, permission := range asked {
		if c.Caller == "" || s.may(c.Caller, permission, c.Service, resource, 0, nil) {
			has = append(has, permission)
		}
	}
	return ok(object{"permissions": has})
}
