package fakegcp

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

// gate refuses what no API is reached with: one that is switched off, or a caller who lacks a
// permission. A reply without status lets the request through.
func (s *Server) gate(c call) reply {
	if r := s.off(c.Service); r.status != 0 {
		return r
	}
	if c.Caller == "" {
		return reply{}
	}
	if c.http.Header.Get("X-Goog-User-Project") != "" &&
		!s.may(c.Caller, "serviceusage.services.use", "cloudresourcemanager", s.root(), 0, nil) {
		return failure(http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf(
			"Caller does not have required permission to use project %s. Grant the caller the "+
				"roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission.",
			s.project), errorInfo("USER_PROJECT_DENIED", object{"consumer": s.root()}))
	}
	need, known := iam.Needs(c.Service, c.Method, c.Path)
	if need.Permission == "storage.objects.create" {
		need.Path = c.Path + "/" + s.written(c)
	}
	if !known {
		return failure(http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf(
			"fakegcp: no row of the table of permissions covers %s %s/%s", c.Method, c.Service, c.Path))
	}
	for _, n := range append(s.further(c), need) {
		if n.Permission != "" && !s.may(c.Caller, n.Permission, serviceOf(n, c.Service), n.Path, 0, s.modified(c)) {
			return denied(c, n)
		}
	}
	return reply{}
}

// root is the project's resource name.
func (s *Server) root() string { return "projects/" + s.project }

// serviceOf returns the service of what a permission is needed on.
func serviceOf(n iam.Need, service string) string {
	if strings.HasPrefix(n.Permission, "billing.") {
		return "cloudbilling"
	}
	for _, other := range []string{"iam.serviceAccounts", "pubsub.topics"} {
		if strings.HasPrefix(n.Permission, other) {
			service, _, _ = strings.Cut(other, ".")
		}
	}
	return service
}

func denied(c call, n iam.Need) reply {
	if n.Permission == actAs {
		// https://cloud.google.com/functions/docs/troubleshooting
		return failure(http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf(
			"Caller is missing permission 'iam.serviceaccounts.actAs' on service account %s. Grant the role "+
				"'roles/iam.serviceAccountUser' to the caller on the service account.",
			strings.TrimPrefix(n.Path, strings.Join(strings.Split(n.Path, "/")[:2], "/")+"/")))
	}
	if c.Service == "storage" {
		_, email, _ := strings.Cut(c.Caller, ":")
		return failure(http.StatusForbidden, "forbidden", fmt.Sprintf(
			"%s does not have %s access to the Google Cloud Storage resource. Permission '%s' denied on resource "+
				"(or it may not exist).", email, n.Permission, n.Permission))
	}
	return failure(http.StatusForbidden, "PERMISSION_DENIED",
		fmt.Sprintf("Permission '%s' denied on resource '//%s.googleapis.com/%s' (or it may not exist).",
			n.Permission, c.Service, n.Path),
		errorInfo("IAM_PERMISSION_DENIED", object{"permission": n.Permission, "resource": n.Path}))
}

func errorInfo(reason string, metadata object) object {
	return object{
		"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
		"metadata": metadata,
	}
}

const actAs = "iam.serviceAccounts.actAs"

// further returns what a request needs beside its own permission.
func (s *Server) further(c call) []iam.Need {
	var needs []iam.Need
	switch {
	case c.Method == http.MethodGet, c.Method == http.MethodDelete:
	case c.Service == "cloudfunctions", c.Service == "cloudscheduler":
		for _, email := range accounts(c.Body) {
			needs = append(needs, iam.Need{Permission: actAs, Path: s.accountPath(email)})
		}
	case c.Service == "pubsub":
		for _, email := range accounts(c.Body) {
			needs = append(needs, iam.Need{Permission: actAs, Path: s.accountPath(email)})
		}
		if topic, is := c.Body["topic"].(string); is && c.Method == http.MethodPut {
			needs = append(needs, iam.Need{Permission: "pubsub.topics.attachSubscription", Path: topic})
		}
	case c.Service == "dns" && strings.HasSuffix(c.Path, "/changes"):
		// https://cloud.google.com/dns/docs/access-control
		for member, permission := range map[string]string{"additions": "create", "deletions": "delete"} {
			if c.Body[member] != nil {
				needs = append(needs, iam.Need{Permission: "dns.resourceRecordSets." + permission, Path: path.Dir(c.Path)})
			}
		}
	case c.Service == "compute":
		for _, used := range usedResources.FindAllStringSubmatch(string(c.raw), -1) {
			if used[3] == "regions" { // the provider names a region as projects/P/global/regions/R, which is no resource
				continue
			}
			needs = append(needs, iam.Need{Permission: usePermission(used[2], used[3]), Path: s.root() + "/" + used[1]})
		}
	case c.Service == "storage" && strings.HasSuffix(c.Path, "/o"):
		// Overwriting is deleting. https://cloud.google.com/storage/docs/access-control/iam-permissions
		p := c.Path + "/" + s.written(c)
		if _, there := s.resources[key("storage", p)]; there {
			needs = append(needs, iam.Need{Permission: "storage.objects.delete", Path: p})
		}
	}
	return needs
}

// usedResources are references of one resource of Compute Engine to another.
var usedResources = regexp.MustCompile(`projects/[^/"]+/((global|regions/[^/"]+)/([A-Za-z]+)/[^/"]+)"`)

// usePermission returns what using the resource takes.
// https://cloud.google.com/compute/docs/reference/rest/v1/targetHttpsProxies/insert
func usePermission(where, kind string) string {
	switch {
	case kind == "sslCertificates":
		return "compute.sslCertificates.get"
	case kind == "addresses":
		return "compute.globalAddresses.use"
	case kind == "networkEndpointGroups" && where != "global":
		return "compute.regionNetworkEndpointGroups.use"
	}
	return "compute." + kind + ".use"
}

// accounts returns the service accounts that a body has the service act as.
func accounts(body object) []string {
	var all []string
	for name, value := range body {
		switch v := value.(type) {
		case map[string]any:
			all = append(all, accounts(v)...)
		case string:
			if name == "serviceAccountEmail" || name == "serviceAccount" {
				all = append(all, path.Base(v))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Server) accountPath(email string) string { return s.root() + "/serviceAccounts/" + email }

// modified returns the roles whose grants the request changes, nil if it sets no policy.
func (s *Server) modified(c call) []string {
	resource, set := policyOf(c)
	if set == nil {
		return nil
	}
	return iam.Parse(set, s.options.Now()).Modified(s.grants[key(c.Service, resource)])
}

// may reports whether the member has the permission on the resource, by a grant of at least that
// age.
func (s *Server) may(member, permission, service, p string, age time.Duration, modified []string) bool {
	policies := []iam.Policy{s.grants[key("cloudresourcemanager", s.root())]}
	elements := strings.Split(p, "/")
	for i := range elements {
		if policy, set := s.grants[key(service, strings.Join(elements[:i+1], "/"))]; set &&
			service != "cloudresourcemanager" {
			policies = append(policies, policy)
		}
	}
	roles := iam.Roles(func(name string) []string {
		role := s.resources[key("iam", name)]
		if role["deleted"] == true {
			return nil
		}
		return texts(role["includedPermissions"])
	})
	return roles.Allowed(iam.Question{
		Member: member, Permission: permission, Resource: iam.Describe(service, p, s.number),
		Time: s.options.Now(), MinAge: age, ModifiedRoles: modified,
	}, policies...)
}

// texts returns the strings of a JSON array.
func texts(value any) []string {
	list, _ := value.([]any)
	all := make([]string, 0, len(list))
	for _, one := range list {
		if text, is := one.(string); is {
			all = append(all, text)
		}
	}
	return all
}
