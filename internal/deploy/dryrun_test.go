package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCopyTerraform_leavesStatesAndDownloads(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	kept := []string{".terraform.lock.hcl", "bootstrap/main.tf", "environments/dev.tfvars", "main.tf", "modules/a/main.tf"}
	for _, name := range slices.Concat(kept, []string{
		".terraform/providers/x", ".build/a.zip", "provider/go.mod", "terraform.tfstate",
		"terraform.tfstate.backup",
		"bootstrap/terraform.tfstate.d/p.tfstate", "sources.auto.tfvars.json", "environments/dev.auto.tfvars.json",
		"environments/dev.auto.tfvars",
	}) {
		file := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyTerraform(from, to); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := fs.WalkDir(os.DirFS(to), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			got = append(got, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kept, got); diff != "" {
		t.Error(diff)
	}
}

func TestDryRun_knowsNoAccount(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/real/key.json")
	t.Setenv("CLOUDSDK_CORE_PROJECT", "real")
	t.Setenv("LANG", "C")
	dry := &cloud{dry: true, environ: map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": "fake"}}
	got := dry.environment()
	if got["GOOGLE_APPLICATION_CREDENTIALS"] != "" || got["CLOUDSDK_CORE_PROJECT"] != "" ||
		got["GOOGLE_OAUTH_ACCESS_TOKEN"] != "fake" || got["LANG"] != "C" {
		t.Errorf("a dry run's environment: %v", got)
	}
	if real := (&cloud{}).environment(); real["GOOGLE_APPLICATION_CREDENTIALS"] != "/real/key.json" {
		t.Error("a real run does not know who is signed in")
	}
}
