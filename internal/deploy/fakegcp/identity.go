package fakegcp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// identity keeps the config of Identity Platform, which is made once and never deleted.
// https://github.com/hashicorp/terraform-provider-google/issues/16520
func (s *Server) identity(c call) (reply, bool) {
	k := key(c.Service, s.root()+"/config")
	config, made := s.resources[k]
	switch {
	case strings.HasSuffix(c.Path, ":initializeAuth"):
		if made {
			return invalid("INVALID_PROJECT_ID : Identity Platform has already been enabled for this project."), true
		}
		s.store(k, s.newConfig())
		return ok(object{}), true
	case c.Path != s.root()+"/config":
	case !made:
		return failure(http.StatusNotFound, "NOT_FOUND", "CONFIGURATION_NOT_FOUND"), true
	case c.Method == http.MethodDelete:
		return failure(http.StatusNotFound, "NOT_FOUND",
			"fakegcp: the config of Identity Platform cannot be deleted"), true
	case c.Method == http.MethodPatch:
		next := clone(config)
		update(next, c.Body, c.query("updateMask"))
		if why := unfit(next); why != "" {
			return invalid("INVALID_CONFIG : " + why), true
		}
		s.describePolicy(next, c.Body)
		s.store(k, next)
		return ok(next), true
	}
	return reply{}, false
}

// newConfig is that of an older project, which has the fewest protections: newer ones have no
// localhost and do not tell who has an account.
// https://cloud.google.com/identity-platform/docs/admin/email-enumeration-protection
func (s *Server) newConfig() object {
	return object{
		"name":              "projects/" + s.number + "/config",
		"authorizedDomains": []any{"localhost", s.project + ".firebaseapp.com", s.project + ".web.app"},
	}
}

// describePolicy sets what the API itself writes into a password policy.
// https://cloud.google.com/identity-platform/docs/reference/rest/v2/PasswordPolicyConfig
func (s *Server) describePolicy(config, sent object) {
	policy, is := config["passwordPolicyConfig"].(map[string]any)
	if !is || sent["passwordPolicyConfig"] == nil {
		return
	}
	policy["lastUpdateTime"] = s.options.Now().Format(time.RFC3339)
	for _, v := range list(policy, "passwordPolicyVersions") {
		if version, is := v.(map[string]any); is {
			version["schemaVersion"] = 1
		}
	}
}

// unfit returns why the API would refuse the config, "" if it would not (worded here).
// https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
func unfit(config object) string {
	policy, has := config["passwordPolicyConfig"].(map[string]any)
	versions := list(policy, "passwordPolicyVersions")
	state, _ := policy["passwordPolicyEnforcementState"].(string)
	switch {
	case has && !slices.Contains([]string{"", "OFF", "ENFORCE"}, state):
		return "passwordPolicyEnforcementState is none"
	case state == "ENFORCE" && len(versions) != 1, len(versions) > 1:
		return "passwordPolicyVersions must be of length 1"
	}
	for _, v := range versions {
		if n, said := number(v, "customStrengthOptions", "minPasswordLength"); said && (n < 6 || n > 30) {
			return "minPasswordLength must be from 6 to 30"
		}
	}
	if why := unfitQuota(config); why != "" {
		return why
	}
	mfa, _ := config["mfa"].(map[string]any)
	for _, p := range list(mfa, "providerConfigs") {
		if n, said := number(p, "totpProviderConfig", "adjacentIntervals"); said && (n < 0 || n > 10) {
			return "adjacentIntervals must be from 0 to 10"
		}
	}
	return ""
}

// unfitQuota refuses half a quota: "None of quota, startTime, or quotaDuration can be skipped", and
// the quota is from 1 to 1000.
func unfitQuota(config object) string {
	all, _ := config["quota"].(map[string]any)
	quota, is := all["signUpQuotaConfig"].(map[string]any)
	if !is {
		return ""
	}
	for _, member := range []string{"quota", "startTime", "quotaDuration"} {
		if quota[member] == nil {
			return "signUpQuotaConfig lacks " + member
		}
	}
	if n, _ := number(quota, "quota"); n < 1 || n > 1000 {
		return "quota must be from 1 to 1000"
	}
	return ""
}

// list returns the array of the name, nil if there is none.
func list(of object, name string) []any {
	all, _ := of[name].([]any)
	return all
}

// number returns the number at the path, which JSON may hold as a text, as it does 64-bit integers.
func number(of any, path ...string) (n int64, said bool) {
	for _, name := range path {
		inner, _ := of.(map[string]any)
		of = inner[name]
	}
	if of == nil {
		return 0, false
	}
	_, err := fmt.Sscan(fmt.Sprint(of), &n)
	return n, err == nil
}

// clone returns a deep copy.
func clone(of object) object {
	text, err := json.Marshal(of)
	copied := object{}
	if err != nil || json.Unmarshal(text, &copied) != nil {
		panic("fakegcp: what came as JSON is none")
	}
	return copied
}

// update changes what the mask names and nothing else: what the body lacks of it is removed.
// Without a mask it changes what the body has.
// https://cloud.google.com/identity-platform/docs/reference/rest/v2/projects/updateConfig
func update(into, from object, mask string) {
	if mask == "" {
		merge(into, from)
		return
	}
	for field := range strings.SplitSeq(mask, ",") {
		path := strings.Split(field, ".")
		target, source := into, from
		for _, name := range path[:len(path)-1] {
			inner, _ := source[name].(map[string]any)
			kept, is := target[name].(map[string]any)
			if !is {
				kept = object{}
				target[name] = kept
			}
			target, source = kept, inner
		}
		last := path[len(path)-1]
		if value, said := source[last]; said {
			target[last] = value
			continue
		}
		delete(target, last)
	}
}

// merge merges objects deeply.
func merge(into, from object) {
	for name, value := range from {
		inner, is := value.(map[string]any)
		old, was := into[name].(map[string]any)
		if is && was {
			merge(old, inner)
			continue
		}
		into[name] = value
	}
}
