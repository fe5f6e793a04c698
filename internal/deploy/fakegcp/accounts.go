package fakegcp

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"strings"
)

// keptIDs are the collections whose items stay after their deletion, with their ids taken, and the
// parameters that name a new one's id.
// https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role
var keptIDs = map[string]string{
	"providers": "workloadIdentityPoolProviderId", "roles": "", "workloadIdentityPools": "workloadIdentityPoolId",
}

// iam creates service accounts, whose name is made from their id, custom roles, which have their
// name in the body, and workload identity pools.
func (s *Server) iam(c call) (reply, bool) {
	name, verb, _ := strings.Cut(path.Base(c.Path), ":")
	collection := path.Base(path.Dir(c.Path))
	parameter, kept := keptIDs[name]
	switch {
	case verb == "listAttestationRules": // the provider asks for them with each pool
		return ok(object{}), true
	case verb == "undelete":
		p, _, _ := strings.Cut(c.Path, ":")
		return s.undelete(c, p), true
	case c.Method == http.MethodPost && name == "serviceAccounts":
		return s.newAccount(c), true
	case c.Method == http.MethodPost && name == "roles":
		role, _ := c.Body["role"].(map[string]any)
		id, _ := c.Body["roleId"].(string)
		return s.newKept(c, c.Path+"/"+id, maps.Clone(role)), true
	case c.Method == http.MethodPost && kept:
		r := maps.Clone(c.Body)
		r["state"] = "ACTIVE"
		return s.newKept(c, c.Path+"/"+c.query(parameter), r), true
	case c.Method != http.MethodDelete:
		return reply{}, false
	}
	r, found := s.resources[key(c.Service, c.Path)]
	if _, stays := keptIDs[collection]; found && stays {
		r["deleted"], r["state"] = true, "DELETED"
		return s.operation(c, r), true
	}
	if found && collection == "serviceAccounts" {
		uid, _ := r["uniqueId"].(string)
		s.forget(name, uid)
	}
	return reply{}, false
}

func (s *Server) undelete(c call, p string) reply {
	r, found := s.resources[key(c.Service, p)]
	if !found {
		return notFound(p)
	}
	delete(r, "deleted")
	r["state"] = "ACTIVE"
	return s.operation(c, r)
}

func (s *Server) newAccount(c call) reply {
	id, _ := c.Body["accountId"].(string)
	account, _ := c.Body["serviceAccount"].(map[string]any)
	p := s.accountPath(id + "@" + s.project + ".iam.gserviceaccount.com")
	if _, there := s.resources[key(c.Service, p)]; there {
		return failure(http.StatusConflict, "ALREADY_EXISTS", fmt.Sprintf(
			"Service account %s already exists within project projects/%s.", id, s.project))
	}
	s.made++
	uid := fmt.Sprintf("1%s%06d", s.number, s.made)
	r := object{"email": path.Base(p), "projectId": s.project, "uniqueId": uid, "oauth2ClientId": uid}
	maps.Copy(r, account)
	return s.keep(c, p, r)
}

// newKept creates what stays after its deletion.
func (s *Server) newKept(c call, p string, r object) reply {
	old, there := s.resources[key(c.Service, p)]
	switch {
	case there && old["deleted"] == true && path.Base(c.Path) == "roles":
		return failure(http.StatusBadRequest, "FAILED_PRECONDITION", fmt.Sprintf(
			"You can't create a role with role_id (%s) where there is an existing role with that role_id in a deleted state.",
			path.Base(p)))
	case there:
		return failure(http.StatusConflict, "ALREADY_EXISTS", "Requested entity already exists")
	}
	return s.keep(c, p, r)
}
