package fakegcp

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// metricAge is how old a log-based metric has to be before a filter may name it.
const metricAge = 10 * time.Minute

var logMetric = regexp.MustCompile(`logging\.googleapis\.com/user/([^"\\\s]+)`)

// monitoring refuses filters on metrics that are not known yet, and keeps a resource as proto3
// does: without what is zero.
func (s *Server) monitoring(c call) (reply, bool) {
	if c.Method == http.MethodGet || c.Method == http.MethodDelete {
		return reply{}, false
	}
	kind := path.Base(c.Path)
	if c.Method != http.MethodPost {
		kind = path.Base(path.Dir(c.Path))
	}
	if name := s.unknownMetric(c); name != "" {
		switch kind {
		case "alertPolicies":
			// https://github.com/hashicorp/terraform-provider-google/issues/11102
			return failure(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf(
				"Cannot find metric(s) that match type = \"logging.googleapis.com/user/%s\". If a metric was created recently, "+
					"it could take up to 10 minutes to become available. Please try again soon.", name)), true
		case "serviceLevelObjectives":
			// https://github.com/GoogleCloudPlatform/cloud-ops-sandbox/issues/896
			return invalid("Invalid SLO definition: The metric referenced by the provided filter is unknown. " +
				"Check the metric name and labels."), true
		}
	}
	body, _ := withoutZeros(c.Body, kind).(map[string]any)
	c.Body = body
	if kind == "dashboards" {
		s.made++
		body["etag"] = fmt.Sprintf("%032x", s.made)
	}
	if c.Method == http.MethodPost {
		return s.create(c), true
	}
	return s.change(c), true
}

// unknownMetric returns a log-based metric that the request names and that is absent or new, "" if
// there is none.
func (s *Server) unknownMetric(c call) string {
	for _, found := range logMetric.FindAllStringSubmatch(string(c.raw), -1) {
		born, there := s.born[key("logging", s.root()+"/metrics/"+found[1])]
		if !there || s.options.Now().Sub(born) < metricAge {
			return found[1]
		}
	}
	return ""
}

// wrapped are members that are kept though they are false: google.protobuf.BoolValue.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
var wrapped = map[string]bool{"enabled": true}

// withoutZeros drops zeros, empty texts and lists, false and the unspecified values of
// enumerations, which proto3's JSON does not print.
// https://protobuf.dev/programming-guides/json/#default-values Seen as permanent differences in
// https://github.com/hashicorp/terraform-provider-google/issues/7242.
func withoutZeros(value any, name string) any {
	switch v := value.(type) {
	case map[string]any:
		kept := object{}
		for member, inner := range v {
			if inner = withoutZeros(inner, member); inner != nil {
				kept[member] = inner
			}
		}
		return kept
	case []any:
		if len(v) == 0 {
			return nil
		}
		kept := make([]any, len(v))
		for i, inner := range v {
			if kept[i] = withoutZeros(inner, ""); kept[i] == nil {
				kept[i] = inner // of a list, every value is printed
			}
		}
		return kept
	case string:
		if v == "" || v == "ALIGN_NONE" || v == "REDUCE_NONE" || strings.HasSuffix(v, "_UNSPECIFIED") {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	case bool:
		if !v && !wrapped[name] {
			return nil
		}
	}
	return value
}

// logging changes a log bucket by a method of its own, too.
func (s *Server) logging(c call) (reply, bool) {
	p, verb, _ := strings.Cut(c.Path, ":")
	switch verb {
	case "updateAsync":
		r := maps.Clone(s.resources[key(c.Service, p)])
		if r == nil {
			return notFound(p), true
		}
		maps.Copy(r, c.Body)
		s.store(key(c.Service, p), r)
		return ok(s.ended(c, "response", r)), true
	case "createAsync":
		c.Path = p
		created := s.create(c)
		if created.status != http.StatusOK {
			return created, true
		}
		return ok(s.ended(c, "response", created.body)), true
	}
	return reply{}, false
}
