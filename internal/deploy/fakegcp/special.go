package fakegcp

import (
	"net/http"
	"path"
	"strings"
)

// special answers requests that no general rule covers. done is false for all others.
func (s *Server) special(c call) (_ reply, done bool) {
	last := path.Base(c.Path)
	switch {
	case strings.HasSuffix(last, ":getIamPolicy"), strings.HasSuffix(last, ":setIamPolicy"),
		c.Service == "storage" && last == "iam", c.Service == "compute" && strings.HasSuffix(last, "IamPolicy"):
		return s.iamPolicy(c), true
	}
	switch c.Service {
	case "cloudresourcemanager":
		return s.projects(c)
	case "cloudbilling":
		return s.billing(c)
	case "serviceusage":
		return s.serviceUsage(c)
	case "storage":
		return s.storage(c)
	case "compute":
		return s.compute(c)
	case "identitytoolkit":
		return s.identity(c)
	case "iam":
		return s.iam(c)
	}
	return reply{}, false
}

func (s *Server) iamPolicy(c call) reply {
	resource := c.Path
	for _, suffix := range []string{":getIamPolicy", ":setIamPolicy", "/getIamPolicy", "/setIamPolicy", "/iam"} {
		resource = strings.TrimSuffix(resource, suffix)
	}
	k := key(c.Service, resource)
	set := c.Body
	if policy, wrapped := set["policy"].(map[string]any); wrapped {
		set = policy
	}
	if set != nil && (c.Method == http.MethodPut || strings.HasSuffix(c.Path, "setIamPolicy")) {
		s.policies[k] = set
	}
	policy := object{"version": 1, "etag": "BwWKmjvelug="}
	for name, value := range s.policies[k] {
		policy[name] = value
	}
	return ok(policy)
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

func (s *Server) projects(c call) (reply, bool) {
	if c.Path != "projects/"+s.project || c.Method != http.MethodGet {
		return reply{}, false
	}
	return ok(object{
		"projectId": s.project, "projectNumber": s.number, "name": s.project, "lifecycleState": "ACTIVE",
		"state": "ACTIVE", "displayName": s.project,
	}), true
}

func (s *Server) billing(c call) (reply, bool) {
	if c.Path != "projects/"+s.project+"/billingInfo" || c.Method != http.MethodGet {
		return reply{}, false
	}
	return ok(object{
		"name": c.Path, "projectId": s.project, "billingAccountName": "billingAccounts/000000-111111-222222",
		"billingEnabled": true,
	}), true
}

// serviceUsage enables APIs. The provider reads them by project id or number.
func (s *Server) serviceUsage(c call) (reply, bool) {
	const list = "services"
	enabled := func(name string) object {
		return object{
			"name": "projects/" + s.number + "/services/" + name, "state": "ENABLED",
			"parent": "projects/" + s.number, "config": object{"name": name},
		}
	}
	switch {
	case strings.HasSuffix(c.Path, ":batchEnable"):
		ids, _ := c.Body["serviceIds"].([]any)
		for _, id := range ids {
			name, _ := id.(string)
			s.resources[key(c.Service, list+"/"+name)] = enabled(name)
		}
		return s.operation(c, object{}), true
	case strings.HasSuffix(c.Path, ":enable"):
		name := strings.TrimSuffix(path.Base(c.Path), ":enable")
		s.resources[key(c.Service, list+"/"+name)] = enabled(name)
		return s.operation(c, object{}), true
	case c.Method == http.MethodGet && path.Base(c.Path) == list:
		var all []any
		for k, r := range s.resources {
			if strings.HasPrefix(k, key(c.Service, list)) {
				all = append(all, r)
			}
		}
		return ok(object{"services": all}), true
	}
	return reply{}, false
}

// iam creates service accounts, whose name is made from their id, and custom roles, which have
// their name in the body.
func (s *Server) iam(c call) (reply, bool) {
	if c.Method != http.MethodPost {
		return reply{}, false
	}
	switch path.Base(c.Path) {
	case "serviceAccounts":
		id, _ := c.Body["accountId"].(string)
		account, _ := c.Body["serviceAccount"].(map[string]any)
		email := id + "@" + s.project + ".iam.gserviceaccount.com"
		r := object{"email": email, "projectId": s.project, "uniqueId": "1" + s.number, "oauth2ClientId": "1" + s.number}
		for name, value := range account {
			r[name] = value
		}
		return s.keep(c, c.Path+"/"+email, r), true
	case "roles":
		role, _ := c.Body["role"].(map[string]any)
		id, _ := c.Body["roleId"].(string)
		return s.keep(c, c.Path+"/"+id, role), true
	}
	return reply{}, false
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

func (s *Server) identity(c call) (reply, bool) {
	if strings.HasSuffix(c.Path, ":initializeAuth") {
		p := "projects/" + s.project + "/config"
		s.resources[key(c.Service, p)] = object{"name": "projects/" + s.number + "/config"}
		return ok(object{}), true
	}
	return reply{}, false
}

// storage answers Cloud Storage: bucket names without a project, and uploads.
func (s *Server) storage(c call) (reply, bool) {
	switch {
	case strings.HasSuffix(c.Path, "/serviceAccount"):
		email := "service-" + s.number + "@gs-project-accounts.iam.gserviceaccount.com"
		return ok(object{"email_address": email, "kind": "storage#serviceAccount"}), true
	case c.Path == "b" && c.Method == http.MethodPost:
		name, _ := c.Body["name"].(string)
		r := object{
			"kind": "storage#bucket", "id": name, "projectNumber": s.number, "metageneration": "1", "storageClass": "STANDARD",
		}
		for member, value := range c.Body {
			r[member] = value
		}
		if location, is := r["location"].(string); is {
			r["location"] = strings.ToUpper(location)
		}
		return s.keep(c, "b/"+name, r), true
	case strings.HasPrefix(c.http.URL.Path, "/upload/"):
		return s.upload(c), true
	case c.Method == http.MethodGet && strings.HasSuffix(c.Path, "/o"):
		return s.objects(c), true
	}
	return reply{}, false
}

func (s *Server) objects(c call) reply {
	var all []any
	for k, r := range s.resources {
		if strings.HasPrefix(k, key(c.Service, c.Path+"/")) {
			all = append(all, r)
		}
	}
	return ok(object{"kind": "storage#objects", "items": all})
}
