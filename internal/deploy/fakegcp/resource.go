package fakegcp

import (
	"fmt"
	"net/http"
	"path"
	"strings"
)

// lro are the services whose changes answer with a long-running operation.
var lro = map[string]bool{
	"artifactregistry": true, "cloudfunctions": true, "eventarc": true, "firestore": true, "serviceusage": true,
}

func (s *Server) answer(c call) reply {
	if r, done := s.special(c); done {
		return r
	}
	if _, verb, found := strings.Cut(path.Base(c.Path), ":"); found && c.Method == http.MethodPost {
		return s.operation(c, object{"verb": verb})
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
	if strings.Contains(c.Path, "/operations/") {
		return ok(object{"name": path.Base(c.Path), "done": true, "status": "DONE"})
	}
	if r, found := s.resources[key(c.Service, c.Path)]; found {
		return ok(r)
	}
	return notFound(c.Path)
}

func notFound(p string) reply {
	return failure(http.StatusNotFound, "NOT_FOUND", p+" was not found")
}

// create creates the resource under the id in the query's ...Id, or the one in the body's name, or
// a made-up one.
func (s *Server) create(c call) reply {
	r := object{}
	for name, value := range c.Body {
		r[name] = value
	}
	p := c.Path + "/" + s.newID(c)
	if _, found := s.resources[key(c.Service, p)]; found {
		return failure(http.StatusConflict, "ALREADY_EXISTS", p+" exists")
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
	r := object{}
	for name, value := range s.resources[key(c.Service, c.Path)] {
		r[name] = value
	}
	body := c.Body
	// Pub/Sub wraps what it patches.
	for _, wrapper := range []string{"topic", "subscription"} {
		if inner, is := body[wrapper].(map[string]any); is && c.Method == http.MethodPatch {
			body = inner
		}
	}
	for name, value := range body {
		r[name] = value
	}
	return s.keep(c, c.Path, r)
}

func (s *Server) remove(c call) reply {
	k := key(c.Service, c.Path)
	if _, found := s.resources[k]; !found {
		return notFound(c.Path)
	}
	delete(s.resources, k)
	delete(s.policies, k)
	return s.operation(c, object{})
}

// keep stores the resource with the members that the API sets, and answers with it or its
// operation.
func (s *Server) keep(c call, p string, r object) reply {
	s.decorate(c, p, r)
	s.resources[key(c.Service, p)] = r
	return s.operation(c, r)
}

// operation returns the answer to a change: the resource itself, or the finished operation that
// made it.
func (s *Server) operation(c call, r object) reply {
	switch {
	case c.Service == "compute":
		s.made++
		return ok(object{
			"kind": "compute#operation", "name": fmt.Sprintf("operation-%d", s.made), "status": "DONE",
			"targetLink": r["selfLink"], "selfLink": s.url + "/compute/v1/projects/" + s.project + "/global/operations/x",
		})
	case lro[c.Service] && !strings.Contains(c.Path, "/backupSchedules"):
		s.made++
		return ok(object{"name": fmt.Sprintf("projects/%s/operations/%d", s.project, s.made), "done": true, "response": r})
	default:
		return ok(r)
	}
}
