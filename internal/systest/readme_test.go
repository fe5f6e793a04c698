package systest_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// tour is the document that shows how the API is used.
const tour = "internal/httpapi/README.md"

// TestReadme_useTheAPI runs every line of internal/httpapi/README.md in one shell, as a developer
// does who pastes block after block. The requests are held to the contract on their way.
func TestReadme_useTheAPI(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	readme, err := os.ReadFile("../../" + tour)
	if err != nil {
		t.Fatal(err)
	}
	often(ctx, t, time.Second, func(ctx context.Context) { // the erasure waits for a sweep
		_ = s.RequestSweep(ctx) // the next one asks again
	})
	out, err := paste(ctx, t, shellBlocks(string(readme)), "API="+s.guarded(t), "AUTH="+s.AuthHost)
	if err != nil {
		t.Fatalf("%v\nafter it had printed:\n%s", err, out)
	}
	rest := out
	for _, want := range []string{
		`"emailVerified":true`, `"birthYear":1990`, `"state":"granted"`, `"verdict":"`, `"state":"completed"`, `"result":{`,
		`"items":[`, `"items":[{"kind":"scan"`, `"verification":`, `"state":"matches"`, `"leftOut":{"code":"not_rankable"`,
		`"duplicateOf":"`, `"name":"renditions/grey"`, "304\n", `"displayName":"Ada L."`, `{"available":true}`,
		`"username":"ada_`, `"optIn":true`,
		`"items":[`, `"total":`, `"reasonCode":"`, `"items":[`,
		`"createdAt":"`, `"items":[{"id":"`, `"items":[{"id":"`,
		`"type":"scan.completed.v1"`, `"unreadCount":`, `"id":"phone-1"`,
		`"email":false`, `"latest":{`, `"state":"ready"`, "/export.zip", `"state":"withdrawn"`, `"action":"withdrawn"`,
		`"state":"erased"`,
		"The signature is good.", `"code":"token_missing"`,
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%s is not printed where it is due. All that was printed:\n%s", want, out)
		}
		rest = after
	}
}

// guarded is the URL of a proxy before the system, which holds the exchanges of clients that do not
// share this process to the contract.
func (s *system) guarded(t *testing.T) string {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: s.exchanges,
	})
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// shellBlocks returns the document with nothing left but the lines of the blocks marked sh, each on
// the line where it stood, so that the shell reports failures by the document's own line numbers.
func shellBlocks(document string) string {
	lines := strings.Split(document, "\n")
	shell := false
	for i, line := range lines {
		keep := false
		switch {
		case shell && line != "```":
			keep = true
		case strings.HasPrefix(line, "```"):
			shell = line == "```sh"
		}
		if !keep {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// strict stands on the script's first line, where the document has its title. It tells on which of
// the script's lines a command failed, also when it is a function's, and has the script sleep a
// tenth of a second at a time.
const strict = `set -Eeuo pipefail; trap 'line=("$LINENO" "${BASH_LINENO[@]}"); ` +
	`echo "README.md:${line[${#line[@]}-2]}: $BASH_COMMAND" >&2' ERR; sleep() { command sleep .1; }; `

// paste runs the script in the repository's folder and answers what it printed. The error names the
// line that failed.
func paste(ctx context.Context, t *testing.T, script string, env ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte(strict+script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "bash", file)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), env...)
	cmd.WaitDelay = 10 * time.Second
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, &faults)
	}
	return out.String(), nil
}

// A guard that never reports would let everything pass.
func TestPaste_namesTheLineThatFails(t *testing.T) {
	t.Parallel()
	const before = "# A\n\n## Use\n\n```text\nfalse\n```\n\n```sh\nfails() { false; }\necho begun\n"
	const after = "\necho over\n```\n\n## Next\n\n```json\nfalse\n```\n"
	for name, line := range map[string]string{
		"a command":     `grep -q nothing /dev/null`,
		"a function":    `fails`,
		"an assignment": `X=$(fails)`,
		"a pipe":        `fails | cat`,
		"a variable":    `echo "$NO_SUCH_VARIABLE"`, // bash itself says "line 12: NO_SUCH_VARIABLE: unbound variable"
		"a request":     `curl -sS --fail-with-body http://127.0.0.1:1/`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := paste(t.Context(), t, shellBlocks(before+line+after))
			if out != "begun\n" || err == nil || !strings.Contains(err.Error(), "12: ") {
				t.Errorf("printed %q, err = %v, want line 12", out, err)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		if out, err := paste(t.Context(), t, shellBlocks(before+"true"+after)); err != nil || out != "begun\nover\n" {
			t.Errorf("printed %q, err = %v", out, err)
		}
	})
}

// Commands and folders come and go; the README and CI must not name what is no more, nor keep
// silent of what is new.
func TestReadme_namesWhatIsThere(t *testing.T) {
	t.Parallel()
	read := func(file string) string {
		data, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	readme := read("README.md") + read(tour)
	t.Run("targets of the Makefile", func(t *testing.T) {
		t.Parallel()
		targets := regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## `).FindAllStringSubmatch(read("Makefile"), -1)
		for _, use := range regexp.MustCompile(
			"(?m)(?:^|`|step )make ([a-z][a-z0-9-]*)",
		).FindAllStringSubmatch(readme+read(".ci/run"), -1) {
			if !slices.ContainsFunc(targets, func(target []string) bool { return target[1] == use[1] }) {
				t.Errorf("make %s is no target", use[1])
			}
		}
	})
	t.Run("commands", func(t *testing.T) {
		t.Parallel()
		entries, err := os.ReadDir("../../scripts")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if row := "| `scripts/" + e.Name() + "` |"; e.IsDir() && !strings.Contains(read("internal/README.md"), row) {
				t.Errorf("internal/README.md lacks %s", row)
			}
		}
	})
}

// A table of attacks is worth what its tests are.
func TestReadme_namesTestsThatExist(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Security\n")
	section, _, _ = strings.Cut(section, "\n## ")
	all := tests(t)
	rows := 0
	for line := range strings.Lines(section) {
		links := regexp.MustCompile(`\[(Test\w+)\]\(([^)]+)\)`).FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") {
			rows++
			if len(links) == 0 && rows > 2 { // after the head
				t.Errorf("no test is named in %s", line)
			}
		}
		for _, link := range links {
			if !slices.Contains(all[link[1]], link[2]) {
				t.Errorf("%s is not in %s, but in %v", link[1], link[2], all[link[1]])
			}
		}
	}
	if rows < 20 {
		t.Errorf("the table has %d rows", rows)
	}
	attacks, err := os.ReadFile("owasp_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(attacks), -1) {
		if all[name] == nil {
			t.Errorf("owasp_test.go leaves something to %s, which does not exist", name)
		}
	}
}

// tests are the files of the repository's tests by the tests' names.
func tests(t *testing.T) map[string][]string {
	t.Helper()
	const root = "../.."
	named := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	all := map[string][]string{}
	for _, dir := range []string{"functions", "internal", "scripts", "terraform"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file, err := filepath.Rel(root, path)
			for _, test := range named.FindAllStringSubmatch(string(text), -1) {
				all[test[1]] = append(all[test[1]], filepath.ToSlash(file))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
