package fakegcp

import (
	"strings"
	"time"
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
	case "firestore":
		r["name"] = p
		if ttl, is := r["ttlConfig"].(map[string]any); is {
			ttl["state"] = "ACTIVE"
		}
		if strings.Contains(p, "/indexes/") {
			r["state"] = "READY"
		}
	case "dns":
		r["id"], r["kind"] = s.number, "dns#managedZone"
		if r["visibility"] != "private" {
			delete(r, "privateVisibilityConfig")
		}
	case "identitytoolkit", "logging":
		if _, named := r["name"]; !named {
			r["name"] = p
		}
	default:
		r["name"] = p
	}
}

// timestamp returns the time as the APIs write it.
func (s *Server) timestamp() string { return s.options.Now().UTC().Format(time.RFC3339Nano) }
