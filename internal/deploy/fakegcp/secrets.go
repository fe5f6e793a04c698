package fakegcp

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// secrets keeps versions, whose value only those may read who have the permission.
func (s *Server) secrets(c call) (reply, bool) {
	name, verb, _ := strings.Cut(c.Path, ":")
	switch {
	case c.Method == http.MethodPost && path.Base(c.Path) == "secrets":
		p := c.Path + "/" + c.query("secretId")
		if _, there := s.resources[key(c.Service, p)]; there {
			return failure(http.StatusConflict, "ALREADY_EXISTS", fmt.Sprintf("Secret [%s] already exists.", p)), true
		}
	case verb == "addVersion":
		return s.addVersion(c, name), true
	case path.Base(path.Dir(name)) == "versions":
		r, found := s.version(name)
		if !found {
			return failure(http.StatusNotFound, "NOT_FOUND", "Secret Version ["+name+"] not found."), true
		}
		switch verb {
		case "access":
			if r["state"] != "ENABLED" {
				return failure(http.StatusBadRequest, "FAILED_PRECONDITION", fmt.Sprintf(
					"Secret Version [%s] is in %v state.", name, r["state"])), true
			}
			data := string(s.contents[key(c.Service, fmt.Sprint(r["name"]))])
			return ok(object{"name": r["name"], "payload": object{"data": data}}), true
		case "destroy", "disable", "enable":
			r["state"] = map[string]string{"destroy": "DESTROYED", "disable": "DISABLED", "enable": "ENABLED"}[verb]
		}
		return ok(r), true
	case c.Method == http.MethodGet && path.Base(c.Path) == "versions":
		return ok(object{"versions": s.list(key(c.Service, c.Path+"/"))}), true
	}
	return reply{}, false
}

func (s *Server) addVersion(c call, secret string) reply {
	if _, found := s.resources[key(c.Service, secret)]; !found {
		return failure(http.StatusNotFound, "NOT_FOUND", "Secret ["+secret+"] not found.")
	}
	payload, _ := c.Body["payload"].(map[string]any)
	data, _ := payload["data"].(string)
	p := secret + "/versions/" + strconv.Itoa(len(s.list(key(c.Service, secret+"/versions/")))+1)
	s.contents[key(c.Service, p)] = []byte(data)
	r := object{"createTime": s.timestamp(), "state": "ENABLED"}
	return s.keep(c, p, r)
}

// version returns a version by its number or as the latest.
func (s *Server) version(p string) (object, bool) {
	if path.Base(p) == "latest" {
		all := s.list(key("secretmanager", path.Dir(p)+"/"))
		p = path.Dir(p) + "/" + strconv.Itoa(len(all))
	}
	r, found := s.resources[key("secretmanager", p)]
	return r, found
}
