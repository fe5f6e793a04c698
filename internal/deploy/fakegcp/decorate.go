package fakegcp

import (
	"strings"
)

// decorate fills in the members of a resource that the API sets and not the caller.
func (s *Server) decorate(c call, p string, r object) {
	switch c.Service {
	case "compute":
		r["selfLink"] = s.url + "/compute/v1/" + p
		r["id"], r["fingerprint"], r["labelFingerprint"] = s.number, "ZmFrZQ==", "ZmFrZQ=="
		if strings.Contains(p, "/addresses/") {
			r["address"] = "203.0.113.10" // of RFC 5737, for documentation
		}
	case "storage":
		r["selfLink"] = s.url + "/storage/v1/" + p
		if strings.Contains(p, "/notificationConfigs/") {
			r["id"] = p[strings.LastIndex(p, "/")+1:]
		}
	case "cloudfunctions":
		s.decorateFunction(p, r)
	case "firestore":
		r["name"] = p
		if ttl, is := r["ttlConfig"].(map[string]any); is {
			ttl["state"] = "ACTIVE"
		}
		if strings.Contains(p, "/indexes/") {
			r["state"] = "READY"
		}
	case "identitytoolkit", "logging":
		if _, named := r["name"]; !named {
			r["name"] = p
		}
	default:
		r["name"] = p
	}
}

// decorateFunction adds the Cloud Run service of a function.
func (s *Server) decorateFunction(p string, r object) {
	r["name"], r["state"], r["environment"] = p, "ACTIVE", "GEN_2"
	parts := strings.Split(p, "/") // projects/P/locations/L/functions/F
	if len(parts) != 6 {
		return
	}
	location, name := parts[3], parts[5]
	config, is := r["serviceConfig"].(map[string]any)
	if !is {
		config = object{}
		r["serviceConfig"] = config
	}
	config["service"] = "projects/" + s.project + "/locations/" + location + "/services/" + name
	config["uri"] = "https://" + name + "-fake-" + location + ".a.run.app"
	r["url"] = "https://" + location + "-" + s.project + ".cloudfunctions.net/" + name
}
