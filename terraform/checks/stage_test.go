//go:build terraform

package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

const project = "facescan-check-1"

// timeout bounds a test: against a fake that answers wrongly the provider would poll for ever.
const timeout = 15 * time.Minute

// stage is a copy of terraform/ that plans and applies against a fake cloud of its own: a new
// project, in which nothing is enabled yet.
type stage struct {
	*root
	dir   string
	fake  *fakegcp.Server
	clock *clock
	owner *root // terraform/bootstrap
}

// root is a root module in a stage's folder.
type root struct {
	*tfexec.Terraform
	dir string
}

// testKey is what data is encrypted with in some plans, and in the one that is applied.
const testKey = "projects/" + project + "/locations/europe-west1/keyRings/facescan/cryptoKeys/data"

// clock is the fake's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newStage copies terraform/, with its state in a file, and initialises it.
func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "provider")); err != nil {
		t.Fatal(err)
	}
	s := &stage{dir: dir, clock: &clock{now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}}
	s.writeSources(t, nil)

	var err error
	if s.fake, err = fakegcp.Start(t.Context(), fakegcp.Options{Project: project, Now: s.clock.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.fake.Close(); err != nil {
			t.Error(err)
		}
	})
	s.root = s.initialise(t, ".", environ(s.fake.Environ()))
	return s
}

// initialise initialises the root module in the folder, with its state in a file.
func (s *stage) initialise(t *testing.T, folder string, environ map[string]string) *root {
	t.Helper()
	r := &root{dir: filepath.Join(s.dir, folder)}
	write(t, filepath.Join(r.dir, "backend_override.tf"), "terraform {\n  backend \"local\" {}\n}\n")
	binary, err := exec.LookPath("terraform")
	if err != nil {
		t.Fatalf("terraform is not on the PATH: %v", err)
	}
	if r.Terraform, err = tfexec.NewTerraform(r.dir, binary); err != nil {
		t.Fatal(err)
	}
	if err := r.SetEnv(environ); err != nil {
		t.Fatal(err)
	}
	if err := r.Init(t.Context()); err != nil {
		t.Fatalf("terraform init (does `make tf-provider` pass?): %v", err)
	}
	return r
}

// environ is this process's environment with the additions. terraform-exec sets what controls
// terraform itself.
func environ(all map[string]string) map[string]string {
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		managed := strings.HasPrefix(name, "TF_") && name != "TF_CLI_CONFIG_FILE"
		if _, ours := all[name]; !ours && !managed {
			all[name] = value
		}
	}
	return all
}

// writeSources names a zip for each function; changed tells functions whose code is other than the
// rest's. One is as large as they really are, so that the provider uploads it in parts.
func (s *stage) writeSources(t *testing.T, changed map[string]bool) {
	t.Helper()
	sources := map[string]map[string]string{}
	for i, f := range catalog.Functions() {
		content, rest := "code of "+f.Name, ""
		if changed[f.Name] {
			content += ", changed"
		}
		if i == 0 {
			rest = strings.Repeat(" ", 17<<20)
		}
		zip := filepath.Join(s.dir, f.Name+".zip")
		write(t, zip, content+rest)
		sources[f.Name] = map[string]string{"path": zip, "object": fmt.Sprintf("%s/%x.zip", f.Name, content)}
	}
	body, err := json.Marshal(map[string]any{"function_sources": sources})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "sources.auto.tfvars.json"), string(body))
}

// prepare does by REST what `deploy bootstrap` does before Terraform: it switches on what Terraform
// asks first, makes the bucket of the states, and has the service agents made that are granted
// something.
func (s *stage) prepare(t *testing.T) {
	t.Helper()
	environ := s.fake.Environ()
	usage := environ["GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT"]
	beta := strings.Replace(usage, "/v1/", "/v1beta1/", 1)
	s.post(t, usage+"projects/"+project+"/services:batchEnable", `{"serviceIds":["cloudresourcemanager.googleapis.com",
		"iam.googleapis.com","pubsub.googleapis.com","secretmanager.googleapis.com","storage.googleapis.com"]}`)
	for _, agent := range []string{"pubsub", "firestore"} {
		s.post(t, beta+"projects/"+project+"/services/"+agent+".googleapis.com:generateServiceIdentity", "{}")
	}
	s.post(t, environ["GOOGLE_STORAGE_CUSTOM_ENDPOINT"]+"b?project="+project,
		`{"name":"`+project+`-facescan-state","location":"EUROPE-WEST1"}`)
}

// post sends the body to the fake as the owner.
func (s *stage) post(t *testing.T, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.fake.Environ()["GOOGLE_OAUTH_ACCESS_TOKEN"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s: %s", url, resp.Status, answer)
	}
}

// bootstrap applies bootstrap/ as the owner and writes each secret's first version.
func (s *stage) bootstrap(ctx context.Context, t *testing.T) {
	t.Helper()
	s.prepare(t)
	s.owner = s.initialise(t, "bootstrap", environ(s.fake.Environ()))
	apply := []tfexec.ApplyOption{tfexec.Parallelism(30)}
	vars, _ := options(ownersVariables(map[string]string{"protect_data": "false", "kms_key": testKey}))
	for _, v := range vars {
		apply = append(apply, v)
	}
	s.makeKey(t)
	if err := s.owner.Apply(ctx, apply...); err != nil {
		t.Fatalf("terraform apply in bootstrap: %v", err)
	}
	// Who administers the billing account lets the deployer make budgets.
	s.post(t, s.fake.Environ()["GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT"]+"billingAccounts/000000-111111-222222:setIamPolicy",
		`{"policy":{"bindings":[{"role":"roles/billing.costsManager","members":["`+deployer+`"]}]}}`)
	names := map[string]bool{}
	for _, f := range catalog.Functions() {
		for _, secret := range f.Secrets {
			names[secret] = true
		}
	}
	for name := range names {
		s.post(t, s.fake.Environ()["GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT"]+"projects/"+project+"/secrets/facescan-"+name+
			":addVersion", `{"payload":{"data":"c2VjcmV0"}}`)
	}
}

// makeKey makes the key, which an operator has of their own.
func (s *stage) makeKey(t *testing.T) {
	t.Helper()
	environ := s.fake.Environ()
	s.post(t, environ["GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT"]+"projects/"+project+"/services:batchEnable",
		`{"serviceIds":["cloudkms.googleapis.com"]}`)
	ring, id, _ := strings.Cut(testKey, "/cryptoKeys/")
	rings, name := filepath.Split(ring)
	kms := environ["GOOGLE_KMS_CUSTOM_ENDPOINT"]
	s.post(t, kms+strings.TrimSuffix(rings, "/")+"?keyRingId="+name, "{}")
	s.post(t, kms+ring+"/cryptoKeys?cryptoKeyId="+id, `{"purpose":"ENCRYPT_DECRYPT"}`)
}

// as lets Terraform act as the member from now on.
func (s *stage) as(t *testing.T, member string) {
	t.Helper()
	if err := s.SetEnv(environ(s.fake.EnvironAs(member))); err != nil {
		t.Fatal(err)
	}
}

// edit replaces text in a file of the stage.
func (s *stage) edit(t *testing.T, file, from, to string) {
	t.Helper()
	name := filepath.Join(s.dir, file)
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), from) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	write(t, name, strings.ReplaceAll(string(body), from, to))
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// variables are those that an operator has to give.
func variables(environment string) map[string]string {
	return map[string]string{
		"project_id":       project,
		"domain":           "api.example.com",
		"firebase_api_key": "key-of-the-web-app",
		"alert_emails":     `["ops@example.com"]`,
		"cors_origins":     `["https://app.example.com"]`,
		"budget":           `{"billing_account":"000000-111111-222222","amount":100}`,
		"otlp_endpoint":    "https://telemetry.googleapis.com",
		"":                 "environments/" + environment + ".tfvars",
	}
}

// options are the plan's, shared by plan, apply and destroy.
func options(set map[string]string) (vars []*tfexec.VarOption, file *tfexec.VarFileOption) {
	for name, value := range set {
		if name == "" {
			file = tfexec.VarFile(value)
			continue
		}
		vars = append(vars, tfexec.Var(name+"="+value))
	}
	return vars, file
}

// plan is the plan with the variables. It trusts the state, unless it is to look at the cloud anew.
func (s *root) plan(ctx context.Context, t *testing.T, set map[string]string, refresh bool) *tfjson.Plan {
	t.Helper()
	out := filepath.Join(s.dir, "plan")
	vars, file := options(set)
	opts := []tfexec.PlanOption{tfexec.Out(out), tfexec.Refresh(refresh)}
	if file != nil {
		opts = append(opts, file)
	}
	for _, v := range vars {
		opts = append(opts, v)
	}
	if _, err := s.Plan(ctx, opts...); err != nil {
		t.Fatalf("terraform plan: %v", err)
	}
	plan, err := s.ShowPlanFile(ctx, out)
	if err != nil {
		t.Fatalf("terraform show: %v", err)
	}
	return plan
}

// The plans that the policies look at, each made once.
var plans = map[string]func(*testing.T) *tfjson.Plan{
	"dev":               planOnce("dev", nil),
	"prod":              planOnce("prod", nil),
	"prod without CORS": planOnce("prod", map[string]string{"cors_origins": "[]"}),
	"prod with a key":   planOnce("prod", map[string]string{"kms_key": testKey}),
	"a second environment in the project": planOnce("dev", map[string]string{
		"prefix": "fs-two", "environment": "two", "database": "second", "identity_enabled": "false",
	}),
}

// owners are the plans of bootstrap/, by which an owner of the project decides who may do what.
var owners = map[string]func(*testing.T) *tfjson.Plan{
	"dev":  ownersPlanOnce(map[string]string{"environment": "dev", "protect_data": "false"}),
	"prod": ownersPlanOnce(map[string]string{"environment": "prod"}),
	"with CI": ownersPlanOnce(map[string]string{
		"environment": "prod", "github_repository": "acme/facescan", "deployers": `["user:ada@example.com"]`,
	}),
	"with a key": ownersPlanOnce(map[string]string{"environment": "prod", "kms_key": testKey}),
	"with another's key": ownersPlanOnce(map[string]string{
		"environment": "prod", "kms_key": strings.Replace(testKey, project, "keys", 1),
	}),
}

func ownersPlanOnce(more map[string]string) func(*testing.T) *tfjson.Plan {
	return once(func(t *testing.T) *tfjson.Plan {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		s := newStage(t)
		s.prepare(t)
		return s.initialise(t, "bootstrap", environ(s.fake.Environ())).plan(ctx, t, ownersVariables(more), true)
	})
}

// ownersVariables are those of bootstrap/.
func ownersVariables(more map[string]string) map[string]string {
	set := map[string]string{"project_id": project, "region": "europe-west1", "environment": "dev"}
	maps.Copy(set, more)
	return set
}

// once makes a plan that several tests look at.
func once(make func(*testing.T) *tfjson.Plan) func(*testing.T) *tfjson.Plan {
	var mu sync.Mutex
	var plan *tfjson.Plan
	return func(t *testing.T) *tfjson.Plan {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if plan == nil {
			plan = make(t)
		}
		return plan
	}
}

func planOnce(environment string, more map[string]string) func(*testing.T) *tfjson.Plan {
	return once(func(t *testing.T) *tfjson.Plan {
		t.Helper()
		set := variables(environment)
		maps.Copy(set, more)
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		s := newStage(t)
		s.prepare(t)
		return s.plan(ctx, t, set, true)
	})
}

// each runs the check on every plan of the system.
func each(t *testing.T, check func(*testing.T, *tfjson.Plan)) {
	t.Helper()
	eachOf(t, plans, check)
}

// eachOf runs the check on every one of the plans.
func eachOf(t *testing.T, plans map[string]func(*testing.T) *tfjson.Plan, check func(*testing.T, *tfjson.Plan)) {
	t.Helper()
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, plan(t))
		})
	}
}

// planned is a resource as the plan would have it.
type planned struct {
	*tfjson.StateResource
	// unknown are the attributes that only applying tells.
	unknown map[string]any
}

// resources are the plan's, of the types if any are given.
func resources(plan *tfjson.Plan, types ...string) []planned {
	unknown := map[string]map[string]any{}
	for _, change := range plan.ResourceChanges {
		unknown[change.Address], _ = change.Change.AfterUnknown.(map[string]any)
	}
	var all []planned
	var walk func(*tfjson.StateModule)
	walk = func(m *tfjson.StateModule) {
		for _, r := range m.Resources {
			if r.Mode == tfjson.ManagedResourceMode && (len(types) == 0 || contains(types, r.Type)) {
				all = append(all, planned{r, unknown[r.Address]})
			}
		}
		for _, child := range m.ChildModules {
			walk(child)
		}
	}
	walk(plan.PlannedValues.RootModule)
	return all
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

// at is the value at the path of names and list indexes, such as
// "push_config.0.oidc_token.0.audience"; nil where there is none.
func (p planned) at(path string) any {
	var value any = p.AttributeValues
	for _, step := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

func (p planned) text(path string) string {
	s, _ := p.at(path).(string)
	return s
}

func (p planned) number(path string) float64 {
	switch n := p.at(path).(type) {
	case json.Number:
		f, _ := n.Float64()
		return f
	case float64:
		return n
	}
	return 0
}

// key is the resource's key in its for_each, or that of the module it is in.
func (p planned) key() string {
	if k, is := p.Index.(string); is {
		return k
	}
	if m := moduleKey.FindAllStringSubmatch(p.Address, -1); m != nil {
		return m[len(m)-1][1]
	}
	return ""
}

var moduleKey = regexp.MustCompile(`module\.[a-z_]+\["([^"]+)"\]`)
