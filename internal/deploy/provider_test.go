package deploy

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"
)

// The roots whose provider is pinned; terraform/firebase needs the beta one, of which no version of
// today can be checked here.
var pinnedRoots = []string{"", "bootstrap"}

var (
	lockedVersion = regexp.MustCompile(`(?m)^  version     = "(.+)"$`)
	constraints   = regexp.MustCompile(`(?m)^ *(?:version|constraints) *= "(>=.+)"$`)
	hashes        = regexp.MustCompile(`hashes|h1:|zh:`)
)

func TestProvider_isTheSameEverywhere(t *testing.T) {
	t.Parallel()
	versions := map[string]bool{}
	for _, root := range pinnedRoots {
		dir := filepath.Join("..", "..", "terraform", root)
		lock, module := string(read(t, filepath.Join(dir, lockFile))), string(read(t, filepath.Join(dir, "versions.tf")))
		locked := lockedVersion.FindStringSubmatch(lock)
		in, of := constraints.FindStringSubmatch(lock), constraints.FindStringSubmatch(module)
		if locked == nil || in == nil || of == nil {
			t.Fatalf("terraform/%s names no version", root)
		}
		if in[1] != of[1] {
			t.Errorf("terraform/%s: the lock file has the constraints %q, versions.tf %q", root, in[1], of[1])
		}
		bounds, err := version.NewConstraint(of[1])
		if err != nil || !bounds.Check(version.Must(version.NewVersion(locked[1]))) {
			t.Errorf("terraform/%s: %s is not within %s (%v)", root, locked[1], of[1], err)
		}
		// scripts/tfprovider.sh says why.
		if hashes.MatchString(lock) {
			t.Errorf("terraform/%s: the lock file has hashes, so a provider that is built from source is refused", root)
		}
		versions[locked[1]] = true
	}
	if len(versions) != 1 {
		t.Errorf("the roots pin %v", versions)
	}
	script := string(read(t, filepath.Join("..", "..", "scripts", "tfprovider.sh")))
	if !strings.Contains(script, "../.terraform.lock.hcl") || regexp.MustCompile(`\b7\.\d+\.\d+`).MatchString(script) {
		t.Error("scripts/tfprovider.sh takes its version from elsewhere than the lock file")
	}
}
