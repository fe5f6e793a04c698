//go:build terraform

package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commit that terraform/provider pins is that of the version in the lock file: the first entry
// of its log of changes says so.
func TestProviderSource_isOfTheLockedVersion(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(
		t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/hashicorp/terraform-provider-google",
	)
	cmd.Dir = filepath.Join("..", "..", "terraform", "provider")
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	dir, err := cmd.Output()
	if err != nil || len(dir) < 2 {
		t.Fatalf("the provider's source (does `make tf-provider` pass?): %q, %v", dir, err)
	}
	changes := string(read(t, filepath.Join(strings.TrimSpace(string(dir)), "CHANGELOG.md")))
	got := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)`).FindStringSubmatch(changes)
	want := lockedVersion.FindStringSubmatch(string(read(t, filepath.Join("..", "..", "terraform", lockFile))))
	if got == nil || got[1] != want[1] {
		t.Errorf("the source is of %q, the lock file says %q", got, want)
	}
}
