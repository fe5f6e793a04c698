package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clone is a repository of a test's own, with the real .gitignore.
type clone struct {
	t   *testing.T
	dir string
}

func newClone(t *testing.T) clone {
	t.Helper()
	for _, name := range os.Environ() { // a git hook names its own repository in the environment
		if name, _, _ := strings.Cut(name, "="); strings.HasPrefix(name, "GIT_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull) // may ignore files of its own
	c := clone{t, filepath.Join(t.TempDir(), "a clone")}
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c.git("init", "--quiet")
	ignored, err := os.ReadFile("../../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	c.write(".gitignore", string(ignored))
	c.write("README.md", "# FaceScan\n")
	c.write("internal/face/face.go", "package face\n")
	c.git("add", ".")
	return c
}

func (c clone) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (c clone) write(path, content string) {
	c.t.Helper()
	file := filepath.Join(c.dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		c.t.Fatal(err)
	}
}

// remove removes a file that git may go on to track.
func (c clone) remove(path string) {
	c.t.Helper()
	if err := os.Remove(filepath.Join(c.dir, path)); err != nil {
		c.t.Fatal(err)
	}
}

// faults runs the check as make does, and returns its lines.
func (c clone) faults() []string {
	c.t.Helper()
	var out bytes.Buffer
	code := run(c.t.Context(), c.dir, &out)
	lines := slices.Collect(strings.Lines(out.String()))
	if code != min(len(lines), 1) {
		c.t.Errorf("exit status %d with %d lines: %s", code, len(lines), out.String())
	}
	return lines
}

// Beginnings of compiled code.
const (
	elf = "\x7fELF\x02\x01\x01\x00"
	pe  = "MZ\x90\x00\x03\x00\x00\x00"
)

func TestPlantedFiles(t *testing.T) {
	big := strings.Repeat("x", maxBytes+1)
	for name, test := range map[string]struct {
		path, content string
		want          []string // beginnings of the lines; none when the file may be there
	}{
		"a source":                   {"internal/face/new.go", "package face\n", nil},
		"an empty file":              {"internal/face/empty", "", nil},
		"a file of the largest size": {"internal/face/table", big[1:], nil},
		"a file that is too large": {
			"internal/face/table", big, []string{`"internal/face/table": has 2000001 bytes, more than 2000000`},
		},
		"a large program": {
			"scripts/a", elf + big, []string{`"scripts/a": has 2000009 bytes`, `"scripts/a": is an ELF`},
		},
		"a dotfile at the top": {".editorconfig", "root = true\n", nil},
		"a file at the top":    {"notes.txt", "", []string{`"notes.txt": no such name belongs at the top`}},
		"a folder at the top": {
			"vendor/a/b.go", "package b\n", []string{`"vendor": no such name belongs at the top`},
		},
		"a name that begins like one":    {"README.md.orig", "", []string{`"README.md.orig": no such name`}},
		"an ELF program at the top":      {"server", elf, []string{`"server": is an ELF`, `"server": no such name`}},
		"an ELF program below":           {"internal/face/face", elf, []string{`"internal/face/face": is an ELF`}},
		"an ELF program named as source": {"internal/face/x.go", elf, []string{`"internal/face/x.go": is an ELF`}},
		"an ELF program in a dotfolder":  {".ci/tool", elf, []string{`".ci/tool": is an ELF`}},
		"Mach-O, 32 bits, big endian":    {"scripts/a", "\xfe\xed\xfa\xce\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, 32 bits, little endian": {"scripts/a", "\xce\xfa\xed\xfe\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, 64 bits, big endian":    {"scripts/a", "\xfe\xed\xfa\xcf\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, 64 bits, little endian": {"scripts/a", "\xcf\xfa\xed\xfe\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, universal":              {"scripts/a", "\xca\xfe\xba\xbe\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, universal, swapped":     {"scripts/a", "\xbe\xba\xfe\xca\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, universal of 64 bits":   {"scripts/a", "\xca\xfe\xba\xbf\x00", []string{`"scripts/a": is a Mach-O`}},
		"Mach-O, universal of 64, ditto": {"scripts/a", "\xbf\xba\xfe\xca\x00", []string{`"scripts/a": is a Mach-O`}},
		"a Windows library":              {"scripts/a.dll", pe, []string{`"scripts/a.dll": is a Windows`}},
		"a text that begins with MZ":     {"scripts/a.txt", "MZ is no program.\n", nil},
		"WebAssembly": {
			"scripts/a.wasm", "\x00asm\x01\x00\x00\x00", []string{`"scripts/a.wasm": is a WebAssembly`},
		},
		"a compiled package":            {"scripts/a.a", "!<arch>\n", []string{`"scripts/a.a": is a library`}},
		"a name with a space":           {"internal/a program", elf, []string{`"internal/a program": is an ELF`}},
		"a name with a line break":      {"internal/a\nb", elf, []string{`"internal/a\nb": is an ELF`}},
		"a line break at the top":       {"a\nb", "", []string{`"a\nb": no such name`}},
		"a name with quotes":            {`internal/"a"'b'$(c)`, elf, []string{`"internal/\"a\"'b'$(c)": is an ELF`}},
		"a name with an umlaut":         {"internal/größe", elf, []string{`"internal/größe": is an ELF`}},
		"a name of invalid UTF-8":       {"internal/\xff", elf, []string{`"internal/\xff": is an ELF`}},
		"a name that looks like a flag": {"internal/-z", elf, []string{`"internal/-z": is an ELF`}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClone(t)
			c.write(test.path, test.content)
			wantFaults(t, "untracked", c.faults(), test.want)
			c.git("add", "--force", "--", test.path)
			wantFaults(t, "tracked", c.faults(), test.want)
			c.remove(test.path)
			wantFaults(t, "tracked, and removed from the folder only", c.faults(), test.want)
		})
	}
}

func wantFaults(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
		return
	}
	for i, line := range got {
		if !strings.HasPrefix(line, "repo: "+want[i]) || strings.Count(line, "\n") != 1 {
			t.Errorf("%s: got %q, want %q", what, line, want[i])
		}
	}
}

func TestWhatIsIgnored(t *testing.T) {
	c := newClone(t)
	c.write("deploy", elf)
	if got := c.faults(); len(got) != 0 {
		t.Errorf("a program that a build left, untracked and ignored: %q", got)
	}
	c.git("add", "--force", "deploy")
	if got := strings.Join(c.faults(), ""); strings.Count(got, "\n") != 3 ||
		!strings.Contains(got, ".gitignore names it") {
		t.Errorf("the same program, tracked: %q", got)
	}
}

func TestLinksAndRepositories(t *testing.T) {
	c := newClone(t)
	if err := os.Symlink("/bin/sh", filepath.Join(c.dir, "internal/shell")); err != nil {
		t.Fatal(err)
	}
	c.git("add", ".")
	if got := c.faults(); len(got) != 0 {
		t.Errorf("a link to a program: %q", got)
	}
	c.git("init", "--quiet", "internal/other")
	c.write("internal/other/a.go", "package a\n")
	if got := c.faults(); len(got) != 1 || !strings.Contains(got[0], "repository of its own") {
		t.Errorf("a repository inside: %q", got)
	}
}

func TestOutsideOfARepository(t *testing.T) {
	newClone(t) // for the environment
	var out bytes.Buffer
	if code := run(t.Context(), t.TempDir(), &out); code != 2 || !strings.Contains(out.String(), "needs git and a clone") {
		t.Errorf("exit status %d: %s", code, out.String())
	}
}

// From a folder inside, the whole repository is checked.
func TestFromInside(t *testing.T) {
	c := newClone(t)
	c.write("server", elf)
	var out bytes.Buffer
	if run(t.Context(), filepath.Join(c.dir, "internal/face"), &out); strings.Count(out.String(), `"server"`) != 2 {
		t.Errorf("got %q", out.String())
	}
}

// TestBuilds_areIgnored holds .gitignore to the programs that there are: `go build` names a program
// after its folder, and leaves it there or at the top.
func TestBuilds_areIgnored(t *testing.T) {
	c := newClone(t)
	for _, dir := range programs(t) {
		name := filepath.Base(dir)
		for _, left := range []string{
			name, name + ".exe", dir + "/" + name, dir + "/" + name + ".exe", dir + "/" + name + ".test",
		} {
			if !c.ignores(left) {
				t.Errorf("%s: add /%s to .gitignore", left, left)
			}
		}
	}
	for _, dir := range sourceFolders(t) {
		for _, source := range []string{dir + "/", dir + "/new.go", dir + "/testdata/new.json"} {
			if c.ignores(source) {
				t.Errorf("%s: .gitignore names a source", source)
			}
		}
	}
}

// ignores reports whether git would ignore a path that it does not track. A folder's ends in a
// slash.
func (c clone) ignores(path string) bool {
	c.t.Helper()
	cmd := exec.Command("git", "check-ignore", "--quiet", "--no-index", path)
	cmd.Dir = c.dir
	err := cmd.Run()
	if err != nil && cmd.ProcessState.ExitCode() != 1 {
		c.t.Fatalf("git check-ignore %s: %v", path, err)
	}
	return err == nil
}

// programs returns the folders of the module's programs and of its functions, which become programs
// when they are deployed, relative to the top.
func programs(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, path := range strings.Fields(string(out)) {
		dirs = append(dirs, strings.TrimPrefix(path, "github.com/facescan/facescan/"))
	}
	functions, err := filepath.Glob("../../functions/*/function.go")
	if err != nil || len(functions) == 0 || len(dirs) == 0 {
		t.Fatal("no program or function found: ", err)
	}
	for _, file := range functions {
		dirs = append(dirs, "functions/"+filepath.Base(filepath.Dir(file)))
	}
	return dirs
}

// sourceFolders returns every folder of the repository, relative to the top, without those whose
// name has a dot.
func sourceFolders(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for _, top := range []string{"functions", "internal", "scripts", "terraform"} {
		err := filepath.WalkDir("../../"+top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			dirs = append(dirs, filepath.ToSlash(strings.TrimPrefix(path, "../../")))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Contains(dirs, "internal/local/host") {
		t.Fatal("folders found: ", dirs)
	}
	return dirs
}
