package admin_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/admin"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/moderation"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

// mayShow are the members that answers to staff may have, anywhere in them. When one is added, look
// whether it shows a photo, a face, or what was measured in it.
var mayShow = []string{
	"after", "awaiting_upload", "before", "changed", "code", "completed", "consentGranted", "createdAt", "detail",
	"devices", "dryRun", "emailVerified", "expired", "failed", "fields", "firstAt", "id", "in", "items", "latestAt",
	"locale", "name", "nextCursor", "onLeaderboards", "params", "parameters", "pointer", "processing", "queued", "reasons",
	"requestId", "scans", "state", "status", "title", "type", "uid", "username", "violations",
}

// members collects the names of the members of all objects in the value, but for those of free
// maps.
func members(value any, into map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, of := range value {
			into[name] = true
			if name != "reasons" {
				members(of, into)
			}
		}
	case []any:
		for _, of := range value {
			members(of, into)
		}
	}
}

// TestAnswers_showNoFace asks every route of the staff about a user who was measured, and goes
// through the answers.
func TestAnswers_showNoFace(t *testing.T) {
	t.Parallel()
	w := usertest.New(t, usertest.Options{})
	w.MoveIn("ada", account.Notifications{}, "token-of-ada")
	w.MoveIn("eve", account.Notifications{}, "token-of-eve")
	id := w.Scan("ada", usertest.Photo(t, 0, "a face"))
	api := httpapi.New(httpapi.Options{Verifier: roles{}})
	limits := quota.New(w.Firestore, testkit.Ring(keys.ForLimits), w.Clock)
	(&moderation.Handler{Firestore: w.Firestore, Limits: limits, Now: w.Clock}).Routes(w.API)
	w.Do("eve", http.MethodPost, reports, fmt.Sprintf(`{"username":%q,"reason":"other"}`, usertest.Username("ada")))
	(&admin.Handler{
		Firestore: w.Firestore, Outbox: w.Outbox, Acts: w.Acts, Logs: testkit.Ring(keys.ForLogs), Now: w.Clock,
	}).Routes(api)
	seen := map[string]bool{}
	asked := staffRoutes(t)
	for _, route := range asked {
		method, path, _ := strings.Cut(strings.NewReplacer("{uid}", "ada", "{id}", "none").Replace(route), " ")
		body := io.Reader(http.NoBody)
		if method == http.MethodPost {
			body = strings.NewReader(`{"action":"quarantine","reason":"fraud"}`)
		}
		r := httptest.NewRequestWithContext(t.Context(), method, path, body)
		r.Header.Set("Authorization", "Bearer "+boss)
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/json")
		}
		recorder := httptest.NewRecorder()
		api.ServeHTTP(recorder, r)
		text := recorder.Body.String()
		if recorder.Code == http.StatusNotFound && strings.Contains(text, "no such path") {
			t.Errorf("%s is not served here", route)
		}
		var answer any
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Errorf("%s: %d %s", route, recorder.Code, text)
		}
		members(answer, seen)
		for _, secret := range []string{string(id), usertest.Email("ada"), "uploads/", "results/", "token-of-ada"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q: %s", route, secret, text)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if !slices.Contains(mayShow, name) {
			t.Errorf("an answer has the member %q", name)
		}
	}
}

// staffRoutes returns the operations of the contract that are for staff, such as "GET /v1/admin/x".
func staffRoutes(t *testing.T) (routes []string) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Extensions["x-role"] != nil {
				routes = append(routes, method+" "+path)
			}
		}
	}
	slices.Sort(routes)
	return routes
}

// What the contract lets the answers have is no more than they may show.
func TestContract_showsStaffNoFace(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	var odd []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Extensions["x-role"] == nil {
				continue
			}
			for status, answer := range operation.Responses.Map() {
				for _, media := range answer.Value.Content {
					for _, name := range properties(media.Schema, map[*openapi3.Schema]bool{}) {
						if strings.HasPrefix(status, "2") && !slices.Contains(mayShow, name) {
							odd = append(odd, method+" "+path+" "+name)
						}
					}
				}
			}
		}
	}
	slices.Sort(odd)
	if diff := cmp.Diff([]string(nil), odd); diff != "" {
		t.Errorf("members that staff may not see (-want +got):\n%s", diff)
	}
}

// properties returns the names of the properties of the schema and of those in it.
func properties(of *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) (names []string) {
	if of == nil || of.Value == nil || seen[of.Value] {
		return nil
	}
	seen[of.Value] = true
	for name, property := range of.Value.Properties {
		names = append(append(names, name), properties(property, seen)...)
	}
	names = append(names, properties(of.Value.Items, seen)...)
	for _, part := range slices.Concat(of.Value.AllOf, of.Value.AnyOf, of.Value.OneOf) {
		names = append(names, properties(part, seen)...)
	}
	return names
}
