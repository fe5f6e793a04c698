package systest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// TestRefusals sends what was once ignored, or was the system's fault.
func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	_, c := s.enrolled(ctx, t, "strict")
	c.done(ctx, t, "DELETE", "/v1/me/consent", "")
	c.agree(ctx, t)
	cursor := c.cursor(ctx, t, "/v1/me/consent/history?limit=1")
	scan := "/v1/scans/" + c.possessions(ctx, t)["/v1/scans/"]
	const (
		me, username, consent = "/v1/me", "/v1/me/username", "/v1/me/consent"
		uploads, preferences  = "/v1/uploads", "/v1/preferences"
		jpeg, both            = `{"contentType":"image/jpeg"}`, `{"push":true,"email":true}`
		parameter, field      = fault.CodeInvalidParameter, fault.CodeInvalidField
	)
	for name, tt := range map[string]struct {
		method, target, body string
		header               []string
		code                 fault.Code
		pointer              string
	}{
		"a time before all": {"GET", "/v1/scans?from=0000-01-01T00:00:00Z", "", nil, parameter, "query/from"},
		"a time before all in UTC": {
			"GET", "/v1/scans?from=0001-01-01T00:00:00%2B14:00", "", nil, parameter, "query/from",
		},
		"a time after all in UTC":   {"GET", "/v1/scans?to=9999-12-31T23:59:59-12:00", "", nil, parameter, "query/to"},
		"an unknown parameter":      {"GET", "/v1/scans?statee=failed", "", nil, parameter, "query/statee"},
		"a parameter where none is": {"GET", "/v1/me?fields=uid", "", nil, parameter, "query/fields"},
		"a malformed query":         {"GET", "/v1/scans?state=%zz", "", nil, parameter, "query"},
		"a semicolon in a query":    {"GET", "/v1/scans?limit=1;state=failed", "", nil, parameter, "query"},
		"a repeated parameter":      {"GET", "/v1/scans?state=failed&state=completed", "", nil, parameter, "query/state"},
		"an empty state":            {"GET", "/v1/scans?state=", "", nil, parameter, "query/state"},
		"an empty cursor":           {"GET", "/v1/inbox?cursor=", "", nil, parameter, "query/cursor"},
		"an empty limit":            {"GET", "/v1/timeline?limit=", "", nil, parameter, "query/limit"},
		"an empty wait":             {"GET", scan + "?wait=", "", nil, parameter, "query/wait"},
		"an empty since":            {"GET", scan + "?since=", "", nil, parameter, "query/since"},
		"another list's cursor":     {"GET", "/v1/timeline?cursor=" + cursor, "", nil, parameter, "query/cursor"},
		"a device of another name":  {"DELETE", "/v1/devices/a.b", "", nil, parameter, "path/id"},
		"a blank key": {
			"POST", uploads, jpeg, []string{"Idempotency-Key", " "}, parameter, "header/Idempotency-Key",
		},
		"a long key": {
			"POST", uploads, jpeg, []string{"Idempotency-Key", strings.Repeat("k", 129)}, parameter, "header/Idempotency-Key",
		},
		"a condition on a scan": {"DELETE", scan, "", []string{"If-Match", `"1"`}, parameter, "header/If-Match"},
		"a condition on preferences": {
			"PUT", preferences, both, []string{"If-Match", `"1"`}, parameter, "header/If-Match",
		},
		"a condition without quotes": {"PATCH", me, `{}`, []string{"If-Match", "7"}, parameter, "header/If-Match"},
		"an old profile": {
			"PATCH", me, `{"displayName":"x"}`, []string{"If-Match", `"99"`}, fault.CodePreconditionFailed, "",
		},
		"an old username": {
			"PUT", username, `{"username":"systest_strict"}`, []string{"If-Match", `"99"`}, fault.CodePreconditionFailed, "",
		},
		"an old consent": {
			"DELETE", consent, "", []string{"If-Match", `"99"`}, fault.CodePreconditionFailed, "",
		},
		"null":                          {"PUT", preferences, `null`, nil, field, ""},
		"a member that is null":         {"PUT", preferences, `{"push":null,"email":true}`, nil, field, "/push"},
		"a birth year that is null":     {"PATCH", me, `{"birthYear":null}`, nil, field, "/birthYear"},
		"an opt-in that is null":        {"PATCH", me, `{"leaderboard":{"optIn":null}}`, nil, field, "/leaderboard/optIn"},
		"half a year":                   {"PATCH", me, `{"birthYear":1990.5}`, nil, field, "/birthYear"},
		"a consent to nothing":          {"POST", consent, `{}`, nil, field, "/version"},
		"a consent to an empty version": {"POST", consent, `{"version":""}`, nil, field, "/version"},
		"an upload of nothing":          {"POST", uploads, `{}`, nil, field, "/contentType"},
		"an empty checksum":             {"POST", uploads, `{"contentType":"image/jpeg","sha256":""}`, nil, field, "/sha256"},
		"a rendition without a format": {
			"POST", uploads, `{"contentType":"image/jpeg","renditions":[{"name":"a"}]}`, nil, field, "/renditions/0/format",
		},
		"half of the preferences":     {"PUT", preferences, `{"push":true}`, nil, field, "/email"},
		"a device without a platform": {"PUT", "/v1/devices/phone", `{"token":"t"}`, nil, field, "/platform"},
		"a content coding": {
			"PATCH", me, `{}`, []string{"Content-Encoding", "gzip"}, fault.CodeUnsupportedMediaType, "header/Content-Encoding",
		},
		"a coding of a preview": {
			"POST", "/v1/coach", "x", []string{"Content-Type", "image/jpeg", "Content-Encoding", "br"},
			fault.CodeUnsupportedMediaType, "header/Content-Encoding",
		},
		"a patch of another kind": {
			"PATCH", me, `[]`, []string{"Content-Type", "application/json-patch+json"}, fault.CodeUnsupportedMediaType,
			"header/Content-Type",
		},
		"a merge patch put": {
			"PUT", preferences, both, []string{"Content-Type", "application/merge-patch+json"}, fault.CodeUnsupportedMediaType,
			"header/Content-Type",
		},
		"a body where none is": {"POST", scan + "/verify", `{}`, nil, fault.CodeMalformedBody, ""},
		"a body of a deletion": {"DELETE", me, `{"sure":false}`, nil, fault.CodeMalformedBody, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := c.under(t).call(ctx, t, tt.method, tt.target, tt.body, tt.header...)
			var p httpapi.Problem
			if err := json.Unmarshal(answer, &p); err != nil || p.Code != tt.code || status != tt.code.Kind().Status() ||
				p.RequestID == "" {
				t.Fatalf("%d %s, want %s", status, answer, tt.code)
			}
			if pointed := len(p.Fields) > 0; pointed && p.Fields[0].String() != tt.pointer || !pointed && tt.pointer != "" {
				t.Errorf("fields %v, want %s", p.Fields, tt.pointer)
			}
		})
	}
	t.Run("and nothing came of it", func(t *testing.T) {
		c := c.under(t)
		c.want(ctx, t, http.StatusOK, "GET", scan, "")
		c.want(ctx, t, http.StatusOK, "GET", "/v1/scans?to=0001-01-01T00:00:00Z", "")
		c.want(
			ctx, t, http.StatusOK, "PATCH", me, `{"birthYear":1.99e3,"displayName":null}`, "Content-Type",
			"application/merge-patch+json",
		)
	})
}
