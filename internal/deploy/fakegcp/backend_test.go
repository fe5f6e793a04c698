//go:build terraform

package fakegcp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

// TestGCSBackend has the real Terraform keep a state in the fake: initialise, apply, plan, find its
// state again from another folder, and meet a held lock.
func TestGCSBackend(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.must("POST", "storage/v1/b", `{"name":"state","versioning":{"enabled":true}}`)
	dir, again := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, again} {
		config := `terraform {
  backend "gcs" {
    bucket = "state"
    prefix = "facescan"
  }
}
resource "terraform_data" "this" {
  input = "kept"
}
output "kept" {
  value = terraform_data.this.output
}
`
		if err := os.WriteFile(filepath.Join(d, "main.tf"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	terraform := func(dir string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "terraform", args...)
		cmd.Dir, cmd.Env = dir, os.Environ()
		for name, value := range c.Environ() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	steps := []struct {
		dir  string
		args []string
		want string
	}{
		{dir, []string{"init", "-no-color"}, "successfully initialized"},
		{dir, []string{"apply", "-no-color", "-auto-approve"}, "1 added"},
		{again, []string{"init", "-no-color"}, "successfully initialized"},
		{again, []string{"plan", "-no-color", "-detailed-exitcode"}, "No changes"},
		{again, []string{"output", "-no-color", "kept"}, `"kept"`},
	}
	for _, s := range steps {
		out, err := terraform(s.dir, s.args...)
		if err != nil || !strings.Contains(out, s.want) {
			t.Fatalf("terraform %q: %v\n%s", s.args, err, out)
		}
	}
	if a := c.upload("state", "facescan%2Fdefault.tflock", `{"ID":"1","Who":"another"}`); a.code != 200 {
		t.Fatal(a.raw)
	}
	if out, err := terraform(again, "apply", "-no-color", "-auto-approve"); err == nil || !strings.Contains(out,
		"another") {
		t.Errorf("apply with a held lock: %v\n%s", err, out)
	}
}
