//go:build terraform

package checks

import (
	"context"
	"encoding/json"
	"fmt"
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
const timeout = 8 * time.Minute

// stage is a copy of terraform/ that plans and applies against a fake cloud of its own.
type stage struct {
	*tfexec.Terraform
	dir  string
	fake *fakegcp.Server
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
	local := "terraform {\n  backend \"local\" {}\n}\n"
	write(t, filepath.Join(dir, "backend_override.tf"), local)
	s := &stage{dir: dir}
	s.writeSources(t, nil)

	var err error
	if s.fake, err = fakegcp.Start(t.Context(), fakegcp.Options{Project: project}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.fake.Close(); err != nil {
			t.Error(err)
		}
	})
	binary, err := exec.LookPath("terraform")
	if err != nil {
		t.Fatalf("terraform is not on the PATH: %v", err)
	}
	if s.Terraform, err = tfexec.NewTerraform(dir, binary); err != nil {
		t.Fatal(err)
	}
	if err := s.SetEnv(environ(s.fake)); err != nil {
		t.Fatal(err)
	}
	if err := s.Init(t.Context()); err != nil {
		t.Fatalf("terraform init (does `make tf-provider` pass?): %v", err)
	}
	return s
}

// environ is this process's environment, pointed at the fake. terraform-exec sets what controls
// terraform itself.
func environ(fake *fakegcp.Server) map[string]string {
	all := fake.Environ()
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
func (s *stage) plan(ctx context.Context, t *testing.T, set map[string]string, refresh bool) *tfjson.Plan {
	t.Helper()
	out := filepath.Join(s.dir, "plan")
	vars, file := options(set)
	opts := []tfexec.PlanOption{tfexec.Out(out), file, tfexec.Refresh(refresh)}
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
	"prod by Eventarc":  planOnce("prod", map[string]string{"trigger_mode": "eventarc"}),
	"prod without CORS": planOnce("prod", map[string]string{"cors_origins": "[]"}),
}

func planOnce(environment string, more map[string]string) func(*testing.T) *tfjson.Plan {
	var mu sync.Mutex
	var plan *tfjson.Plan
	return func(t *testing.T) *tfjson.Plan {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if plan != nil {
			return plan
		}
		set := variables(environment)
		for name, value := range more {
			set[name] = value
		}
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		plan = newStage(t).plan(ctx, t, set, true)
		return plan
	}
}

// each runs the check on every plan.
func each(t *testing.T, check func(*testing.T, *tfjson.Plan)) {
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
	if m := moduleKey.FindStringSubmatch(p.Address); m != nil {
		return m[1]
	}
	return ""
}

var moduleKey = regexp.MustCompile(`^module\.[a-z_]+\["([^"]+)"\]`)
