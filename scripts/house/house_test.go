package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// design is a document with three floors.
const design = "# D\n\n## Floors\n\n| floor | packages |\n| --- | --- |\n| 0 | `internal/a` |\n" +
	"| 1 | `internal/b` `internal/b/*` |\n| 2 | `functions/*` |\n\n## Else\n\n| 0 | `internal/z` |\n"

// write makes a tree of files and returns its root.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files[designFile] = design
	for name, content := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFaults(t *testing.T) {
	t.Parallel()
	imports := func(dir string) string { return "package p\n\nimport _ \"" + module + dir + "\"\n" }
	for name, tt := range map[string]struct {
		path, content string
		want          []string
	}{
		"down":       {"internal/b/p.go", imports("internal/a"), nil},
		"by a group": {"functions/f/p.go", imports("internal/b/c"), nil},
		"up": {
			"internal/a/p.go", imports("internal/b"),
			[]string{"internal/a/p.go: imports internal/b, which does not stand below it"},
		},
		"along its floor": {
			"internal/b/p.go", imports("internal/b/c"),
			[]string{"internal/b/p.go: imports internal/b/c, which does not stand below it"},
		},
		"up in a test": {"internal/a/p_test.go", imports("internal/b"), nil},
		"on no floor": {
			"internal/z/p.go", "package p\n", []string{"internal/z/p.go: internal/z stands on no floor of " + designFile},
		},
		"a phrase": {
			"internal/a/p.go", "package p\n\n// X tells whether\n// it is so.\nvar X int\n",
			[]string{`internal/a/p.go:3: says "tells whether"`},
		},
		"a phrase in two": {
			"internal/a/p.go", "package p\n\n// X is a word of\n// ours.\nvar X int\n",
			[]string{`internal/a/p.go:3: says "of ours"`},
		},
		"a phrase in quotes": {"internal/a/p.go", "package p\n\n// X is \"of ours\".\nvar X int\n", nil},
		"a phrase in code":   {"internal/a/p.go", "package p\n\nvar X = \"nobody\"\n", nil},
		"a wide comment": {
			"internal/a/p.go", "package p\n\n// " + strings.Repeat("ab ", 33) + "\nvar X int\n",
			[]string{"internal/a/p.go:3: 102 columns, more than 100"},
		},
		"an address": {"internal/a/p.go", "package p\n\n// https://" + strings.Repeat("a", 120) + "\nvar X int\n", nil},
		"wide code": {
			"internal/a/p.go", "package p\n\nvar X = \"" + strings.Repeat("é", 120) + "\"\n",
			[]string{"internal/a/p.go:3: 130 columns, more than 120"},
		},
		"a large package": {
			"internal/a/p.go", "package p\n" + strings.Repeat("\n", 1800),
			[]string{"internal/a: 1801 lines without tests, more than 1800"},
		},
		"a large test": {"internal/a/p_test.go", "package p\n" + strings.Repeat("\n", 1800), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree, err := load(write(t, map[string]string{tt.path: tt.content}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, tree.faults()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTwice(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("\tx++\n", 3) + strings.Repeat("\ty++\n", 3)
	file := func(name, body string) string { return "package p\n\nfunc " + name + "() {\n" + body + "}\n" }
	tree, err := load(write(t, map[string]string{
		"internal/a/a.go":      file("a", body),
		"internal/a/a_test.go": file("a", body),
		"internal/b/b.go":      file("b", body+"\tz++\n"),
		"internal/b/c/c.go":    file("c", strings.Repeat("\ty++\n", 5)),
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []passage{{"internal/a/a.go", "internal/b/b.go", 4, 4, 6}}
	if diff := cmp.Diff(want, tree.twice(), cmp.AllowUnexported(passage{})); diff != "" {
		t.Error(diff)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content string
		code    int
		printed string
	}{
		"nothing wrong": {"package p\n", 0, ""},
		"a fault":       {"package p\n\n// X is of ours.\nvar X int\n", 1, "internal/a/p.go:3"},
		"no Go":         {"what?", 2, "expected 'package'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			code := run(write(t, map[string]string{"internal/a/p.go": tt.content}), true, &out, &errs)
			if code != tt.code || !strings.Contains(errs.String(), tt.printed) {
				t.Errorf("exit code %d, printed %q", code, errs.String())
			}
			if figures := strings.Contains(out.String(), "internal/a"); figures != (code < 2) {
				t.Errorf("figures: %q", out.String())
			}
		})
	}
}
