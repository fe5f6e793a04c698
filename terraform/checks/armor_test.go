//go:build terraform

package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"maps"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/testphoto"
)

// A client can send any header, so the balancer has to say who it is, on each of its ways to a
// function.
func TestTheBalancer_tellsTheClientsAddress(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		want := []string{httpapi.HeaderClient + ":{client_ip_address}"}
		for _, b := range resources(plan, "google_compute_backend_service") {
			if diff := cmp.Diff(want, texts(b.at("custom_request_headers"))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", b.Address, diff)
			}
		}
		// What a URL map sets would take precedence.
		for _, m := range resources(plan, "google_compute_url_map") {
			if text, err := json.Marshal(m.AttributeValues); err != nil || bytes.Contains(text, []byte(httpapi.HeaderClient)) {
				t.Errorf("%s sets it too (%v)", m.Address, err)
			}
		}
	})
}

func TestArmor_limitsSignInMore(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		var limits []string
		for _, r := range armor(plan) {
			options := r["rate_limit_options"].([]any)
			if len(options) == 0 {
				continue
			}
			threshold := options[0].(map[string]any)["rate_limit_threshold"].([]any)[0].(map[string]any)
			limits = append(limits, fmt.Sprintf("%v: %v in %v s, preview %v", r["priority"], threshold["count"],
				threshold["interval_sec"], r["preview"] == true))
		}
		slices.Sort(limits)
		if len(limits) == 0 {
			return // another balancer's
		}
		want := []string{"1900: 120 in 60 s, preview false", "2000: 1200 in 60 s, preview false"}
		if diff := cmp.Diff(want, limits); diff != "" {
			t.Errorf("limits (-want +got):\n%s", diff)
		}
	})
}

// armor returns the rules of the plan's policies.
func armor(plan *tfjson.Plan) []map[string]any {
	var all []map[string]any
	for _, p := range resources(plan, "google_compute_security_policy") {
		rules, _ := p.at("rule").([]any)
		for _, r := range rules {
			rule, _ := r.(map[string]any)
			all = append(all, rule)
		}
	}
	return all
}

// wafRule is one that asks a set of Google's, but for some paths.
var wafRule = regexp.MustCompile(
	`^((?:request\.path != '[^']+' && )*)evaluatePreconfiguredWaf\('([a-z0-9-]+)', \{'sensitivity': (\d)\}\)$`)

// inspection is what the program in the folder waf answers.
type inspection struct {
	Sets        []string
	Sensitivity int
	Requests    []inspected
}

type inspected struct {
	Method, Target string
	Header         map[string]string
	Body           []byte
}

func (i inspected) String() string { return fmt.Sprintf("%s %s %.200q", i.Method, i.Target, i.Body) }

// inspection returns the plan's sets, and the paths that they leave alone.
func inspectionOf(t *testing.T, plan *tfjson.Plan) (i inspection, spared []string) {
	t.Helper()
	for _, r := range armor(plan) {
		match, _ := r["match"].([]any)
		text, _ := json.Marshal(match) //nolint:errchkjson // it came as JSON
		var m []struct {
			Expr []struct {
				Expression string `json:"expression"`
			} `json:"expr"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		if len(m) == 0 || len(m[0].Expr) == 0 || !strings.Contains(m[0].Expr[0].Expression, "Waf") {
			continue
		}
		found := wafRule.FindStringSubmatch(m[0].Expr[0].Expression)
		if found == nil {
			t.Fatalf("this test does not know the form of %s", m[0].Expr[0].Expression)
		}
		i.Sets = append(i.Sets, found[2])
		i.Sensitivity, _ = strconv.Atoi(found[3])
		var paths []string
		for _, p := range regexp.MustCompile(`'([^']+)'`).FindAllStringSubmatch(found[1], -1) {
			paths = append(paths, p[1])
		}
		if spared != nil && !slices.Equal(spared, paths) {
			t.Errorf("%s spares %q, another %q", found[2], paths, spared)
		}
		spared = paths
	}
	if len(i.Sets) != 6 {
		t.Errorf("%d sets: %q", len(i.Sets), i.Sets)
	}
	return i, spared
}

// ask returns the rules that find something in each request.
func (i inspection) ask(t *testing.T) [][]int {
	t.Helper()
	body, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	engine := exec.CommandContext(t.Context(), "go", "run", "-C", "waf", ".")
	engine.Stdin, engine.Stderr = bytes.NewReader(body), &problems
	answer, err := engine.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &problems)
	}
	var found [][]int
	if err := json.Unmarshal(answer, &found); err != nil || len(found) != len(i.Requests) {
		t.Fatalf("%d answers to %d requests: %v", len(found), len(i.Requests), err)
	}
	return found
}

// The rules may not refuse what the contract has as an example, nor names of people.
func TestArmor_refusesNoHonestRequest(t *testing.T) {
	i, spared := inspectionOf(t, plans["prod"](t))
	i.Requests = contractExamples(t)
	for _, name := range []string{
		"Seán O'Connor", "D'Angelo & Söhne", "李小龙", "Дмитрий Иванов-Петров", "José (Pepe) Núñez", "N'Golo; Kanté",
		"select from where", "-- Ada --", "👩‍🔬 Ada", "50% = half", "<3",
	} {
		text, err := json.Marshal(map[string]any{"displayName": name, "locale": "en", "timeZone": "Europe/Berlin"})
		if err != nil {
			t.Fatal(err)
		}
		i.Requests = append(i.Requests, inspected{"PATCH", "/v1/me", jsonHeader(), text})
	}
	inspectedAll := 0
	for n, ids := range i.ask(t) {
		r := i.Requests[n]
		if path, _, _ := strings.Cut(r.Target, "?"); slices.Contains(spared, path) {
			continue
		}
		if inspectedAll++; len(ids) > 0 {
			t.Errorf("the rules %v refuse %s", ids, r)
		}
	}
	if inspectedAll < 60 {
		t.Errorf("%d requests were inspected, fewer than there are operations", inspectedAll)
	}
}

func TestArmor_refusesAttacks(t *testing.T) {
	i, spared := inspectionOf(t, plans["prod"](t))
	i.Requests = []inspected{
		{"PATCH", "/v1/me", jsonHeader(), []byte(`{"displayName": "1' OR '1'='1' -- "}`)},
		{"PATCH", "/v1/me", jsonHeader(), []byte(`{"displayName": "<script>alert(1)</script>"}`)},
		{"GET", "/v1/scans?cursor=../../../../etc/passwd", nil, nil},
		{"GET", "/v1/scans?cursor=%3Bcat%20/etc/passwd", nil, nil},
		{"GET", "/health", map[string]string{"User-Agent": "sqlmap/1.7"}, nil},
	}
	for n, ids := range i.ask(t) {
		if len(ids) == 0 {
			t.Errorf("no rule refuses %s", i.Requests[n])
		}
	}
	for _, path := range spared {
		if !slices.Contains([]string{"/v1/coach", "/v1/uploads/direct"}, path) {
			t.Errorf("%s is spared, and no photo is posted there", path)
		}
	}
}

// A photo is spared for a reason: its bytes are an attack to rules that read them as text. When
// none is refused any more, the exception can go.
func TestArmor_wouldRefusePhotos(t *testing.T) {
	i, spared := inspectionOf(t, plans["prod"](t))
	sample, err := testphoto.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	for quality := 50; quality < 100; quality += 5 {
		var photo bytes.Buffer
		if err := jpeg.Encode(&photo, decoded, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		form := "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"\r\n" +
			"Content-Type: image/jpeg\r\n\r\n" + photo.String() + "\r\n--b--\r\n"
		i.Requests = append(i.Requests,
			inspected{"POST", "/v1/coach", map[string]string{"Content-Type": "image/jpeg"}, photo.Bytes()},
			inspected{
				"POST", "/v1/uploads/direct", map[string]string{"Content-Type": "multipart/form-data; boundary=b"}, []byte(form),
			},
		)
	}
	refused := map[string]bool{}
	for n, ids := range i.ask(t) {
		if len(ids) > 0 {
			refused[i.Requests[n].Target] = true
		}
	}
	if diff := cmp.Diff(spared, slices.Sorted(maps.Keys(refused))); diff != "" {
		t.Errorf("paths whose photos are refused (-spared +refused):\n%s", diff)
	}
}

func jsonHeader() map[string]string {
	return map[string]string{
		"Content-Type": "application/json", "Accept": "*/*", "User-Agent": "FaceScan/1.0 (iPhone; iOS 19.1)",
		"Authorization":   "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln",
		"Idempotency-Key": "0b6c9a1e-8d0f-4e0a-9a53-4f3d1a2b3c4d",
	}
}

// contractExamples returns a request of each operation of the contract, with the examples of its
// parameters and of each kind of its body.
func contractExamples(t *testing.T) []inspected {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	var all []inspected
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			r := inspected{method, target(path, item.Parameters, op.Parameters), jsonHeader(), nil}
			if op.RequestBody == nil {
				all = append(all, r)
				continue
			}
			for media, content := range op.RequestBody.Value.Content {
				r.Header = jsonHeader()
				r.Header["Content-Type"] = media
				r.Body = encoded(t, media, content.Example)
				all = append(all, r)
			}
		}
	}
	return all
}

func target(path string, lists ...openapi3.Parameters) string {
	query := url.Values{}
	for _, list := range lists {
		for _, p := range list {
			value := fmt.Sprint(p.Value.Example)
			switch {
			case p.Value.Example == nil && p.Value.In == openapi3.ParameterInPath:
				value = "5cjvqf3zq2wz7h6l4n3kd2ya4m"
			case p.Value.Example == nil:
				continue
			}
			if p.Value.In == openapi3.ParameterInPath {
				path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(value))
				continue
			}
			if p.Value.In == openapi3.ParameterInQuery {
				query.Set(p.Value.Name, value)
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

func encoded(t *testing.T, media string, example any) []byte {
	t.Helper()
	if values, is := example.(map[string]any); is && media == "application/x-www-form-urlencoded" {
		form := url.Values{}
		for name, value := range values {
			form.Set(name, fmt.Sprint(value))
		}
		return []byte(form.Encode())
	}
	if example == nil || !strings.Contains(media, "json") {
		return nil
	}
	text, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
