package httpapi_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// operations are the contract's, by "METHOD /path".
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[method+" "+path] = op
		}
	}
	return all
}

func TestContract_isValid(t *testing.T) {
	t.Parallel()
	err := contract(t).Validate(t.Context(),
		openapi3.IsOpenAPI31OrLater(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaPatternValidation(), openapi3.EnableMultiError())
	if err != nil {
		t.Error(err)
	}
}

func TestContract_saysWhatAnAppNeeds(t *testing.T) {
	t.Parallel()
	doc := contract(t)
	ids := map[string]bool{}
	for name, op := range operations(doc) {
		if op.OperationID == "" || ids[op.OperationID] {
			t.Errorf("%s: the operationId %q is empty or used twice", name, op.OperationID)
		}
		ids[op.OperationID] = true
		if op.Summary == "" || op.Description == "" || len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil {
			t.Errorf("%s: lacks summary, description or its one tag", name)
		}
		if op.RequestBody != nil {
			sent(t, name, op.RequestBody.Value)
		}
		for status, response := range op.Responses.Map() {
			if response.Value.Headers["X-Request-Id"] == nil {
				t.Errorf("%s: %s lacks X-Request-Id", name, status)
			}
			for media, content := range response.Value.Content {
				if media == "application/json" && content.Example == nil && len(content.Examples) == 0 {
					t.Errorf("%s: %s has no example", name, status)
				}
			}
		}
	}
}

// Lists have one envelope: items, and nextCursor where they come in pages.
func TestContract_lists(t *testing.T) {
	t.Parallel()
	lists := 0
	for name, op := range operations(contract(t)) {
		paged := slices.ContainsFunc(op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == "cursor" })
		if !paged && !strings.HasPrefix(op.OperationID, "list") {
			continue
		}
		lists++
		answer := op.Responses.Value("200").Value.Content["application/json"].Schema.Value
		items, next := answer.Properties["items"], answer.Properties["nextCursor"]
		if items == nil || !items.Value.Type.Is(openapi3.TypeArray) || !slices.Contains(answer.Required, "items") {
			t.Errorf("%s: has no items", name)
		}
		if (next != nil) != paged || slices.Contains(answer.Required, "nextCursor") {
			t.Errorf("%s: takes a cursor: %v; has an optional nextCursor: %v", name, paged, next != nil)
		}
		for member, schema := range answer.Properties {
			if member != "items" && schema.Value.Type.Is(openapi3.TypeArray) {
				t.Errorf("%s: %q is a list beside items", name, member)
			}
		}
	}
	if lists < 10 {
		t.Errorf("only %d lists were seen", lists)
	}
}

// What has no value is absent from an answer, and an instant has a name that says so.
func TestContract_members(t *testing.T) {
	t.Parallel()
	doc := contract(t)
	seen := map[*openapi3.Schema]bool{}
	for name, op := range operations(doc) {
		for status, response := range op.Responses.Map() {
			for media, content := range response.Value.Content {
				if media == "application/json" && !strings.HasPrefix(name, "GET /v1/openapi") {
					valued(t, name+" "+status, content.Schema, seen)
				}
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d schemas were seen", len(seen))
	}
}

// valued fails if a member of the schema may be null, or is an instant whose name does not end in
// At. Of what a signed receipt has, the names are fixed.
func valued(t *testing.T, at string, ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	t.Helper()
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	if s.Type.Includes(openapi3.TypeNull) || slices.Contains(s.Enum, any("")) || slices.Contains(s.Enum, nil) {
		t.Errorf("%s may be without a value", at)
	}
	for _, of := range [][]*openapi3.SchemaRef{s.OneOf, s.AnyOf, s.AllOf} {
		for _, one := range of {
			valued(t, at, one, seen)
		}
	}
	valued(t, at, s.Items, seen)
	valued(t, at, s.AdditionalProperties.Schema, seen)
	for name, member := range s.Properties {
		if member.Value.Format == "date-time" && !strings.HasSuffix(name, "At") && name != "gone" {
			t.Errorf("%s: the instant %q does not end in At", at, name)
		}
		valued(t, at+"/"+name, member, seen)
	}
}

// mayBeLeftOut are the operations whose body means the same as none if it is empty.
var mayBeLeftOut = []string{"POST /v1/inbox/read-all"}

// sent fails unless the body is required, and a picture, or JSON or a form with an example.
func sent(t *testing.T, name string, request *openapi3.RequestBody) {
	t.Helper()
	if request.Required == slices.Contains(mayBeLeftOut, name) {
		t.Errorf("%s: the body is required: %v", name, request.Required)
	}
	if request.Content.Get("image/jpeg") != nil {
		return
	}
	if texts := request.Content.Get("application/x-www-form-urlencoded"); texts != nil {
		if texts.Example == nil {
			t.Errorf("%s: the form has no example", name)
		}
		return // mail providers fill it in, and may add to it
	}
	body := request.Content.Get("application/json")
	if body == nil {
		body = request.Content.Get("multipart/form-data")
	}
	if body == nil {
		t.Fatalf("%s: the body is neither JSON nor a form", name)
	}
	if body.Example == nil && len(body.Examples) == 0 {
		t.Errorf("%s: the body has no example", name)
	}
	closed(t, name, body.Schema)
}

// closed fails unless every object of a request refuses what it does not list, as the decoder does.
func closed(t *testing.T, name string, schema *openapi3.SchemaRef) {
	t.Helper()
	err := schema.WalkSubtree(func(at string, s *openapi3.SchemaRef) error {
		open := s.Value.AdditionalProperties.Has
		if s.Value.Type.Is(openapi3.TypeObject) && (open == nil || *open) {
			t.Errorf("%s: the object at %q admits unknown members", name, at)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestContract_codes(t *testing.T) {
	t.Parallel()
	doc := contract(t)
	listed := map[fault.Code]bool{}
	for name, op := range operations(doc) {
		for status, response := range op.Responses.Map() {
			codes := extensible(t, response.Value.Extensions["x-error-codes"])
			if success := status < "400"; success != (len(codes) == 0) {
				t.Errorf("%s: %s lists the codes %v", name, status, codes)
			}
			for _, code := range codes {
				listed[code] = true
				if got := strconv.Itoa(code.Kind().Status()); got != status {
					t.Errorf("%s: %s is answered with %s, not %s", name, code, got, status)
				}
				if !strings.Contains(*response.Value.Description, fmt.Sprintf("`%s`", code)) {
					t.Errorf("%s: the description of %s does not explain %s", name, status, code)
				}
			}
			if len(codes) > 0 && response.Value.Content["application/problem+json"] == nil {
				t.Errorf("%s: %s is no problem", name, status)
			}
		}
		for _, everywhere := range []string{"500", "503"} {
			if op.Responses.Value(everywhere) == nil {
				t.Errorf("%s: lacks %s", name, everywhere)
			}
		}
	}
	for _, code := range extensible(t, doc.Extensions["x-error-codes"]) {
		listed[code] = true
	}
	var known []fault.Code
	for _, e := range fault.Entries() {
		known = append(known, e.Code)
	}
	slices.Sort(known)
	if diff := cmp.Diff(known, slices.Sorted(maps.Keys(listed))); diff != "" {
		t.Errorf("codes that clients meet (-package fault +contract):\n%s", diff)
	}
	if diff := cmp.Diff(known, extensible(t, doc.Components.Schemas["ErrorCode"].Value.AnyOf[0].Value.Enum)); diff != "" {
		t.Errorf("ErrorCode (-package fault +contract):\n%s", diff)
	}
}

func extensible(t *testing.T, list any) []fault.Code {
	t.Helper()
	values, ok := list.([]any)
	if list != nil && !ok {
		t.Fatalf("a list of codes is a %T", list)
	}
	codes := make([]fault.Code, len(values))
	for i, v := range values {
		codes[i] = fault.Code(v.(string))
	}
	return codes
}

// The product gives numbers and no verdict on looks, and what is not measured is not hinted at.
func TestContract_judgesNobody(t *testing.T) {
	t.Parallel()
	if found := regexp.MustCompile(
		`(?i)beaut|attract|handsome|pretty|ugly|flaw|perfect|golden ratio`,
	).Find(httpapi.Contract()); found != nil {
		t.Errorf("the contract says %q", found)
	}
}
