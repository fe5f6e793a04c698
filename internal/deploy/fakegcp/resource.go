package fakegcp

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

// lro are the services whose changes answer with a long-running operation.
var lro = map[string]bool{
	"artifactregistry": true, "cloudfunctions": true, "eventarc": true, "firebase": true, "firestore": true,
	"run":          true,
	"serviceusage": true,
}

// specials answer the requests of a service that no general rule covers; done is false for the
// rest.
var specials = map[string]func(*Server, call) (_ reply, done bool){
	"billingbudgets":       (*Server).budgets,
	"cloudbilling":         (*Server).billing,
	"cloudfunctions":       (*Server).functions,
	"cloudkms":             (*Server).kms,
	"cloudquotas":          (*Server).quotas,
	"cloudresourcemanager": (*Server).projects,
	"cloudscheduler":       (*Server).scheduler,
	"compute":              (*Server).compute,
	"dns":                  (*Server).dns,
	"firebase":             (*Server).firebase,
	"firebaserules":        (*Server).rules,
	"firestore":            (*Server).firestore,
	"iam":                  (*Server).iam,
	"identitytoolkit":      (*Server).identity,
	"logging":              (*Server).logging,
	"monitoring":           (*Server).monitoring,
	"orgpolicy":            (*Server).orgPolicy,
	"pubsub":               (*Server).pubsub,
	"run":                  (*Server).run,
	"secretmanager":        (*Server).secrets,
	"serviceusage":         (*Server).serviceUsage,
	"storage":              (*Server).storage,
}

func (s *Server) answer(c call) reply {
	switch {
	case strings.HasSuffix(c.Path, ":testIamPermissions"), strings.HasSuffix(c.Path, "/iam/testPermissions"):
		return s.testPermissions(c)
	case isPolicy(c):
		return s.iamPolicy(c)
	}
	if special, is := specials[c.Service]; is {
		if r, done := special(s, c); done {
			return r
		}
	}
	if _, verb, found := strings.Cut(path.Base(c.Path), ":"); found && c.Method == http.MethodPost {
		return failure(http.StatusNotFound, "NOT_FOUND", "fakegcp: there is no method "+verb)
	}
	switch c.Method {
	case http.MethodGet:
		return s.get(c)
	case http.MethodPost:
		return s.create(c)
	case http.MethodPut, http.MethodPatch:
		return s.change(c)
	case http.MethodDelete:
		return s.remove(c)
	default:
		return failure(http.StatusMethodNotAllowed, "UNIMPLEMENTED", c.Method)
	}
}

func key(service, p string) string { return service + "/" + p }

func (s *Server) get(c call) reply {
	if strings.Contains("/"+c.Path, "/operations/") {
		if op, found := s.operations[c.Service+"/"+path.Base(c.Path)]; found {
			return ok(op)
		}
		return notFound(c.Path)
	}
	if r, found := s.resources[key(c.Service, c.Path)]; found {
		return ok(r)
	}
	need, _ := iam.Needs(c.Service, http.MethodGet, c.Path)
	prefix, listed := strings.CutSuffix(need.Permission, "list")
	if !listed {
		return notFound(c.Path)
	}
	items := []object{}
	for _, k := range slices.Sorted(maps.Keys(s.resources)) {
		p := strings.TrimPrefix(k, c.Service+"/")
		item, _ := iam.Needs(c.Service, http.MethodGet, p)
		if strings.HasPrefix(k, key(c.Service, c.Path+"/")) && strings.HasPrefix(item.Permission, prefix) {
			items = append(items, s.resources[k])
		}
	}
	return ok(object{cmp.Or(listNames[path.Base(c.Path)], listNames[c.Service], path.Base(c.Path)): items})
}

// listNames are the members that lists stand in, by collection or service, where they are not named
// as the collection.
var listNames = map[string]string{"compute": "items", "serviceAccounts": "accounts", "storage": "items"}

func notFound(p string) reply {
	return failure(http.StatusNotFound, "NOT_FOUND", p+" was not found")
}

// create creates the resource under the id in the query's ...Id, or the one in the body's name, or
// a made-up one.
func (s *Server) create(c call) reply {
	r := maps.Clone(c.Body)
	if r == nil {
		r = object{}
	}
	p := c.Path + "/" + s.newID(c)
	if _, found := s.resources[key(c.Service, p)]; found {
		return failure(http.StatusConflict, "ALREADY_EXISTS", "Resource '"+p+"' already exists")
	}
	return s.keep(c, p, r)
}

// newID returns the last element of the new resource's path.
func (s *Server) newID(c call) string {
	for name, values := range c.http.URL.Query() {
		if strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "_id") {
			return values[0]
		}
	}
	for _, member := range []string{"name", "secretId", "slo_id", "roleId"} {
		if name, is := c.Body[member].(string); is && name != "" {
			if strings.HasPrefix(name, "projects/") {
				return path.Base(name)
			}
			return name // a log metric's may hold a slash
		}
	}
	s.made++
	return fmt.Sprintf("made-%d", s.made)
}

func (s *Server) change(c call) reply {
	stored, found := s.resources[key(c.Service, c.Path)]
	if !found && !s.settable(c) {
		return notFound(c.Path)
	}
	r := object{}
	maps.Copy(r, stored)
	body := c.Body
	// Pub/Sub wraps what it patches.
	for _, wrapper := range []string{"topic", "subscription"} {
		if inner, is := body[wrapper].(map[string]any); is && c.Method == http.MethodPatch {
			body = inner
		}
	}
	maps.Copy(r, body)
	return s.keep(c, c.Path, r)
}

// settable reports whether what is not there yet is made by changing it: with PUT, and where every
// project has it from the start.
func (s *Server) settable(c call) bool {
	return c.Method == http.MethodPut || c.Service == "firebaseappcheck" || strings.Contains(c.Path, "/fields/")
}

func (s *Server) remove(c call) reply {
	k := key(c.Service, c.Path)
	if _, found := s.resources[k]; !found {
		return notFound(c.Path)
	}
	s.drop(k)
	return s.operation(c, object{})
}

// drop deletes a resource and what is beneath it.
func (s *Server) drop(k string) {
	for _, one := range slices.Collect(maps.Keys(s.resources)) {
		if one == k || strings.HasPrefix(one, k+"/") {
			s.discard(one)
		}
	}
}

func (s *Server) discard(k string) {
	delete(s.resources, k)
	delete(s.born, k)
	delete(s.policies, k)
	delete(s.grants, k)
	delete(s.contents, k)
}

// keep stores the resource with the members that the API sets, and answers with it or its
// operation.
func (s *Server) keep(c call, p string, r object) reply {
	s.decorate(c, p, r)
	s.store(key(c.Service, p), r)
	return s.operation(c, r)
}

func (s *Server) store(k string, r object) {
	if _, there := s.resources[k]; !there {
		s.born[k] = s.options.Now()
	}
	s.resources[k] = r
}

// operation returns the answer to a change: the resource itself, or the finished operation that
// made it.
func (s *Server) operation(c call, r object) reply {
	switch {
	case c.Service == "compute":
		s.made++
		name := fmt.Sprintf("operation-%d", s.made)
		op := object{
			"kind": "compute#operation", "name": name, "status": "DONE", "targetLink": r["selfLink"],
			"selfLink": s.url + "/compute/v1/" + s.root() + "/global/operations/" + name,
		}
		s.operations[c.Service+"/"+name] = op
		return ok(op)
	case lro[c.Service] && !strings.Contains(c.Path, "/backupSchedules"), strings.Contains(c.Path,
		"/workloadIdentityPools"):
		return ok(s.ended(c, "response", r))
	case c.Method == http.MethodDelete && c.Service == "storage":
		return reply{status: http.StatusNoContent}
	default:
		return ok(r)
	}
}

// ended returns an operation that has ended, with "response" or "error".
func (s *Server) ended(c call, how string, result object) object {
	s.made++
	op := object{"name": fmt.Sprintf("%s/operations/%d", s.root(), s.made), "done": true, how: result}
	if strings.Contains(c.Path, "/locations/") {
		op["name"] = fmt.Sprintf("%s/operations/%d", strings.Join(strings.Split(c.Path, "/")[:4], "/"), s.made)
	}
	if c.Service == "serviceusage" {
		op["name"] = fmt.Sprintf("operations/%d", s.made)
	}
	s.operations[fmt.Sprintf("%s/%d", c.Service, s.made)] = op
	return op
}
