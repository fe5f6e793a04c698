package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator/machine/machinetest"
)

// checkout is a folder with the Makefile and what make runs, where the go command is a script.
type checkout struct {
	t   *testing.T
	dir string
	env map[string]string
}

// builds is a go command that builds programs which print what they are called with.
const builds = `
case "$1" in list) echo one package; exit;; esac
while [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done
cat >"$out" <<'END'
#!/bin/sh
echo "$(basename "$0")" in "$(basename "$PWD")": "$@"
END
chmod +x "$out"`

// newCheckout makes a checkout whose path is as bad as a path may be.
func newCheckout(t *testing.T, goCommand string) checkout {
	t.Helper()
	root := t.TempDir()
	c := checkout{t, filepath.Join(root, "a  b", `it's "$HOME"`), map[string]string{
		"XDG_CACHE_HOME": filepath.Join(root, "the cache"),
		"PATH":           filepath.Join(root, "bin") + ":" + os.Getenv("PATH"),
	}}
	machinetest.WriteScript(t, filepath.Join(root, "bin", "go"), goCommand)
	for _, name := range []string{"Makefile", "scripts/local.sh", "scripts/progress.awk"} {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(c.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// make runs make in a folder, with the folder in PWD as a shell has it.
func (c checkout) make(folder string, args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "make", args...)
	cmd.Dir = folder
	for name, value := range c.env {
		cmd.Env = append(cmd.Environ(), name+"="+value)
	}
	// Those of the make that runs this test are not its.
	cmd.Env = append(cmd.Env, "PWD="+folder, "MAKEFLAGS=", "PACKAGES=", "ARGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Errorf("make %q: %v: %s", args, err, out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "make") { // "Entering directory"
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestMake_passesWhatItIsGiven(t *testing.T) {
	c := newCheckout(t, builds)
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "my photo.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.env["HOST"] = "x86_64-linux-gnu" // as some shells have it
	here, there := filepath.Base(c.dir), filepath.Base(elsewhere)
	file := filepath.Join(c.dir, "Makefile")
	for _, test := range []struct {
		folder string
		args   []string
		want   string // arguments of both programs; HERE is the folder in which they run
	}{
		{c.dir, []string{"run"}, here + ": run"},
		{c.dir, []string{"run", "PORT=9000", "LOGS=1"}, here + ": run -logs -port 9000"},
		{c.dir, []string{"run", "PORT=a b", "LOGS=0"}, here + ": run -port a b"},
		{c.dir, []string{"run", "HOST=10.1.1.20", "SEED=1"}, here + ": run -host 10.1.1.20 -seed"},
		{c.dir, []string{"run", "KEEP=my data"}, here + ": run -keep my data"},
		{c.dir, []string{"run", "LAN=1", "SEED=0", "HOST="}, here + ": run -lan"},
		{
			c.dir, []string{"run", "FAULTS=dup=.2,reorder", "FAULTS_SEED=7"},
			here + ": run -faults dup=.2,reorder -faults-seed 7",
		},
		{elsewhere, []string{"-f", file, "run", "HOST=10.1.1.20"}, here + ": run -host 10.1.1.20"},
		{c.dir, []string{"demo"}, here + ": demo"},
		{c.dir, []string{"demo", `PHOTO=it's "my" photo.jpg`}, here + `: demo -- it's "my" photo.jpg`},
		{c.dir, []string{"demo", "PHOTO=-logs"}, here + ": demo -- -logs"},
		{c.dir, []string{"test", "ARGS=-run X"}, here + ": test -- go test -shuffle=on -timeout 30m -run X ./..."},
		{
			c.dir, []string{"race", "PACKAGES=./internal/audit ./internal/boot"},
			here + ": test -- go test -race -shuffle=on -timeout 30m ./internal/audit ./internal/boot",
		},
		{elsewhere, []string{"-C", c.dir, "run"}, here + ": run"},
		{elsewhere, []string{"-C", c.dir, "demo", "PHOTO=my photo.jpg"}, there + ": demo -- my photo.jpg"},
		{elsewhere, []string{"-C", c.dir, "demo", "PHOTO=no photo.jpg"}, here + ": demo -- no photo.jpg"},
		{elsewhere, []string{"-f", file, "run", "PORT=1"}, here + ": run -port 1"},
		{elsewhere, []string{"-f", file, "demo", "PHOTO=my photo.jpg"}, there + ": demo -- my photo.jpg"},
		{elsewhere, []string{"-f", file, "test"}, here + ": test -- go test -shuffle=on -timeout 30m ./..."},
	} {
		t.Run(strings.Join(append([]string{filepath.Base(test.folder)}, test.args...), " "), func(t *testing.T) {
			c.t = t
			got := c.make(test.folder, test.args...)
			_, got, _ = strings.Cut(got, "\n") // "building"
			want := "check in " + test.want + "\nlocal in " + test.want + "\n"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMakeHelp(t *testing.T) {
	c := newCheckout(t, builds)
	want := c.make(c.dir, "help")
	for _, target := range []string{"run", "demo", "test", "check", "deploy"} {
		if !strings.Contains(want, "\n  "+target+" ") {
			t.Errorf("no %s in: %s", target, want)
		}
	}
	for _, args := range [][]string{
		{"-C", c.dir}, {"-f", filepath.Join(c.dir, "Makefile")}, {"-f", filepath.Join(c.dir, "Makefile"), "help"},
	} {
		if diff := cmp.Diff(want, c.make(t.TempDir(), args...)); diff != "" {
			t.Errorf("make %q (-want +got):\n%s", args, diff)
		}
	}
}

// script runs scripts/local.sh.
func (c checkout) script(args ...string) *program {
	c.t.Helper()
	return begin(c.t, c.env, filepath.Join(c.dir, "scripts/local.sh"), args...)
}

func TestScript_saysWhatItDoes(t *testing.T) {
	c := newCheckout(t, builds)
	for _, want := range []string{"building; the first time takes minutes\n", "building\n"} {
		if status, out := c.script("run").status(); status != 0 || !strings.HasPrefix(out, want) {
			t.Errorf("exit status %d: %s", status, out)
		}
	}
}

func TestScriptFails(t *testing.T) {
	for name, test := range map[string]struct {
		goCommand string
		status    int
		want      string // the end of what is printed
	}{
		"a build that fails": {"echo x.go: no such thing >&2; exit 1", 1,
			"x.go: no such thing\nlocal: building failed, as said above\n"},
		"a check that fails": {strings.Replace(builds, `echo "$(basename "$0")"`, `echo nothing is here; exit 2; echo`, 1), 2,
			"building; the first time takes minutes\nnothing is here\n"},
		"a build that fails late": {`case "$*" in *scripts/local) echo disk full >&2; exit 1;; esac` + builds, 1,
			"disk full\nlocal: building failed, as said above; the first time, modules are downloaded\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, test.goCommand)
			if status, out := c.script("run").status(); status != test.status || !strings.HasSuffix(out, test.want) {
				t.Errorf("exit status %d: %s", status, out)
			}
			c.isClean()
		})
	}
	t.Run("without Go", func(t *testing.T) {
		c := newCheckout(t, builds)
		bin := t.TempDir()
		for _, tool := range []string{"bash", "env", "dirname", "cksum", "tr"} {
			path, err := exec.LookPath(tool)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
				t.Fatal(err)
			}
		}
		c.env["PATH"] = bin
		status, out := c.script("run").status()
		if status != 1 || strings.Count(out, "\n") != 1 || !strings.HasPrefix(
			out, "local: Go 1.26 or newer is missing (no go on the PATH); to mend it: ",
		) {
			t.Errorf("exit status %d: %s", status, out)
		}
	})
}

// isClean checks that no folder of a build is left.
func (c checkout) isClean() {
	c.t.Helper()
	left, err := filepath.Glob(filepath.Join(c.env["XDG_CACHE_HOME"], "facescan/bin/*/build.*"))
	if err != nil || len(left) > 0 {
		c.t.Errorf("left: %q, %v", left, err)
	}
}

func TestSignalsStopTheBuild(t *testing.T) {
	slow := "sleep 600 & echo child $! >&2; wait"
	for name, test := range map[string]struct {
		goCommand string
		signal    syscall.Signal
		group     bool
	}{
		"Ctrl-C": {slow, syscall.SIGINT, true},
		"Ctrl-C when packages are counted": {
			`case "$*" in *scripts/local*) ` + slow + ";; esac" + builds, syscall.SIGINT, true,
		},
		"Ctrl-C when it checks": {strings.Replace(builds, `echo "$(basename "$0")"`, slow+"; echo", 1), syscall.SIGINT, true},
		"SIGTERM to it alone":   {slow, syscall.SIGTERM, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, test.goCommand)
			p := c.script("run")
			p.await("child ")
			p.signal(test.signal, test.group)
			status, out := p.status()
			if status != 0 || !strings.HasSuffix(out, "\nstopped\n") {
				t.Errorf("exit status %d: %s", status, out)
			}
			p.noneLeft()
			c.isClean()
		})
	}
}

// Make itself prints nothing when its command was stopped.
func TestSignalsStopMake(t *testing.T) {
	c := newCheckout(t, "echo builds; sleep 600")
	p := begin(t, c.env, "make", "-C", c.dir, "--no-print-directory", "run")
	p.await("builds\n")
	p.signal(syscall.SIGINT, true)
	_, out := p.status() // make's own is 130
	if diff := cmp.Diff(
		"building; the first time takes minutes\nbuilds\nstopped\n", strings.TrimRight(out, "\n")+"\n",
	); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
