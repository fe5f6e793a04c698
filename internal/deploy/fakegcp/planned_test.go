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

// TestPlannedResources_applyReplanAndDestroy has the real provider make what testdata/planned.tf
// says, find nothing to change, and destroy it.
func TestPlannedResources_applyReplanAndDestroy(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	dir := t.TempDir()
	config, err := os.ReadFile("testdata/planned.tf")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		want string
		args []string
	}{
		{"successfully initialized", []string{"init"}},
		{"Apply complete!", []string{"apply", "-auto-approve", "-parallelism=30"}},
		{"No changes", []string{"plan", "-detailed-exitcode"}},
		{"Destroy complete!", []string{"destroy", "-auto-approve", "-parallelism=30"}},
	} {
		cmd := exec.CommandContext(t.Context(), "terraform", append(s.args, "-no-color")...)
		cmd.Dir, cmd.Env = dir, os.Environ()
		for name, value := range c.Environ() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), s.want) {
			t.Fatalf("terraform %q: %v\n%s", s.args, err, out)
		}
	}
	for k := range c.Resources() {
		if !strings.HasPrefix(k, "serviceusage/") && !strings.HasSuffix(k, "/buckets/_Default") {
			t.Errorf("%s is left", k)
		}
	}
}
