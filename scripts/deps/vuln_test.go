package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// stubs stand in for the programs that scripts/govulncheck.sh calls; each notes its call in $CALLS.
var stubs = map[string]string{
	"curl": `[ "$LIVE" = yes ] || { echo "could not resolve host" >&2; exit 6; }`,
	"go": `echo "$*" >>"$CALLS"
case "$1 $2" in
"mod download")
	[ "$MODULE" = yes ] || exit 1
	printf '{\n\t"Version": "v0.0.0-20261105234957-e22db6528018",\n\t"Dir": "/data"\n}\n' ;;
"run golang.org/x/vulndb/cmd/indexdb@"*) mkdir -p "${@: -1}" ;;
"run vuln@v1") exit "$FOUND" ;;
esac`,
}

func TestVulnerabilityCheck(t *testing.T) {
	t.Parallel()
	const live, module = "LIVE=yes", "MODULE=yes"
	for name, tt := range map[string]struct {
		env  []string
		code int
		says string
		// ran is what the scan is to be run with, "" if it is not.
		ran string
	}{
		"with the live database":               {[]string{live}, 0, "", "-db https://vuln.go.dev"},
		"that finds something":                 {[]string{live, "FOUND=3"}, 3, "", "-db https://vuln.go.dev"},
		"with the module":                      {[]string{module}, 0, "days old", "-db file:///"},
		"with the module, in CI":               {[]string{module, "CI=true"}, 0, "days old", "-db file:///"},
		"with the module, and finds something": {[]string{module, "FOUND=3"}, 3, "days old", "-db file:///"},
		"with neither":                         {nil, 0, "CHECKED NOTHING", ""},
		"with neither, in CI":                  {[]string{"CI=true"}, 1, "CHECKED NOTHING", ""},
		"left out":                             {[]string{live, "VULN=skip"}, 0, "CHECKED NOTHING: VULN=skip", ""},
		"left out, in CI":                      {[]string{live, "VULN=skip", "CI=true"}, 0, "CHECKED NOTHING: VULN=skip", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for program, script := range stubs {
				script = "#!/usr/bin/env bash\n" + script + "\n"
				if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			calls := filepath.Join(dir, "calls")
			cmd := exec.CommandContext(t.Context(), "scripts/govulncheck.sh", "vuln@v1", "v0.0.0-1")
			cmd.Dir = "../.."
			cmd.Env = append([]string{
				"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "CALLS=" + calls, "FOUND=0",
			}, tt.env...)
			said, err := cmd.CombinedOutput()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != tt.code || !strings.Contains(string(said), tt.says) {
				t.Errorf("exit code %d, want %d; it said %s", code, tt.code, said)
			}
			called, _ := os.ReadFile(calls) // none if nothing was called
			ran := slices.IndexFunc(strings.Split(string(called), "\n"), func(call string) bool {
				return strings.HasPrefix(call, "run vuln@v1 ") && strings.Contains(call, tt.ran)
			}) >= 0
			if ran != (tt.ran != "") {
				t.Errorf("called\n%s", called)
			}
		})
	}
}
