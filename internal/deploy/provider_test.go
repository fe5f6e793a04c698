package deploy

import (
	"os"
	"os/exec"
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

// The script takes the provider from the registry where that answers, and else builds it. curl,
// terraform and go are played here: none of them may reach a network, nor take minutes.
func TestProvider_comesFromTheRegistryOrIsBuilt(t *testing.T) {
	t.Parallel()
	const fetch = `#!/bin/sh
[ "$TF_CLI_CONFIG_FILE" = /dev/null ] || exit 1
grep -q 'version = "7' main.tf || exit 1
folder=.terraform/providers/registry.terraform.io/hashicorp/google/7/linux_amd64
mkdir -p $folder && echo released > $folder/terraform-provider-google_v7_x5
`
	const build = `#!/bin/sh
case "$1" in
env) echo played ;;
list) echo package ;;
build) while [ "$1" != -o ]; do shift; done; echo built > "$2"; chmod +x "$2" ;;
esac
`
	for name, tt := range map[string]struct {
		curl, terraform, told, binary string
	}{
		"from the registry":                   {"exit 0", fetch, "from registry.terraform.io", "released\n"},
		"built where that does not answer":    {"exit 6", fetch, "built from source", "built\n"},
		"built where terraform cannot get it": {"exit 0", "#!/bin/sh\nexit 1\n", "built from source", "built\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin, cache := t.TempDir(), t.TempDir()
			for file, content := range map[string]string{
				"curl": "#!/bin/sh\n" + tt.curl + "\n", "terraform": tt.terraform, "go": build,
			} {
				if err := os.WriteFile(filepath.Join(bin, file), []byte(content), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for _, again := range []bool{false, true} {
				cmd := exec.CommandContext(t.Context(), filepath.Join("..", "..", "scripts", "tfprovider.sh"))
				cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "PATH="+bin+":"+os.Getenv("PATH"))
				var told strings.Builder
				cmd.Stderr = &told
				config, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v\n%s", err, &told)
				}
				if !strings.Contains(told.String(), tt.told) || again && strings.Count(told.String(), "\n") != 1 {
					t.Errorf("again %t: told\n%s", again, &told)
				}
				google := filepath.Join(filepath.Dir(string(config)), "mirror", "registry.terraform.io", "hashicorp", "google")
				found, err := filepath.Glob(filepath.Join(google, "7*", "played_*", "terraform-*"))
				if err != nil || len(found) != 1 || string(read(t, found[0])) != tt.binary {
					t.Errorf("the mirror has %q, %v", found, err)
				}
			}
		})
	}
}
