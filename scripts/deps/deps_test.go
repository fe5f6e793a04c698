package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table and go.mod have the same direct requirements, and all licences are allowed.
func TestRepository(t *testing.T) {
	t.Parallel()
	var errs strings.Builder
	if code := run(t.Context(), "../..", io.Discard, &errs); code != 0 {
		t.Errorf("exit code %d:\n%s", code, &errs)
	}
}

const sampleTable = "# X\n## Modules\n| module | in | held | reason |\n| --- | --- | --- | --- |\n" +
	"| `a.example/a` | functions | | Does a. |\n| `b.example/b` | tests | `v1.0.0`, as v2 is worse | Does b. |\n" +
	"## Licences\n| `MIT` | x |\n## Licences of npm's tools\n| `0BSD` | x |\n" +
	"## Exceptions\n| `c.example/c` | read by a person |\n| `npm:odd` | read by a person |\n"

// sample returns a repository without a fault.
func sample(t *testing.T) *tree {
	t.Helper()
	d, err := parse(sampleTable)
	if err != nil {
		t.Fatal(err)
	}
	modules := func(paths ...string) map[string]module {
		all := map[string]module{}
		for _, p := range paths {
			all[p] = module{Path: p, Version: "v1.0.0", Dir: p}
		}
		return all
	}
	return &tree{
		document: d, direct: map[string]string{"a.example/a": "v3.0.0", "b.example/b": "v1.0.0"},
		linked:   modules("a.example/a", "b.example/b", "c.example/c", "d.example/d"),
		deployed: modules("a.example/a", "d.example/d"),
		others:   modules("o.example/o"),
		npm: []npmPackage{
			{"npm:odd", "1.0.0", "", false}, {"npm:tool", "1.0.0", "0BSD", false}, {"npm:page", "1.0.0", "MIT", true},
			{"npm:either", "1.0.0", "(GPL-3.0 OR MIT)", true},
		},
		licences: func(dir string) ([]string, error) {
			if dir == "c.example/c" {
				return nil, errors.New("no licence is recognized")
			}
			return []string{"MIT"}, nil
		},
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*tree)
		want   string // part of the only fault; "" is none
	}{
		"none": {func(*tree) {}, ""},
		"a requirement without a row": {
			func(tr *tree) { tr.direct["e.example/e"] = "v1.0.0" }, "e.example/e: required by go.mod",
		},
		"a row without a requirement": {func(tr *tree) { delete(tr.direct, "b.example/b") }, "b.example/b: in "},
		"a row twice":                 {func(tr *tree) { tr.rows = append(tr.rows, tr.rows[0]) }, "a.example/a: in "},
		"no reason":                   {func(tr *tree) { tr.rows[0].reason = "" }, "has no reason"},
		"another version than held":   {func(tr *tree) { tr.direct["b.example/b"] = "v2.0.0" }, "held at v1.0.0"},
		"a module that functions came to link": {
			func(tr *tree) { tr.deployed["b.example/b"] = tr.linked["b.example/b"] }, "linked by functions is true",
		},
		"a module that no function links any more": {
			func(tr *tree) { delete(tr.deployed, "a.example/a") }, "linked by functions is false",
		},
		"an exception that a function links": {
			func(tr *tree) { tr.deployed["c.example/c"] = tr.linked["c.example/c"] }, "c.example/c v1.0.0: no licence",
		},
		"an exception that nothing needs": {func(tr *tree) { delete(tr.linked, "c.example/c") }, "nothing needs"},
		"a licence of a check's module that is not allowed": {
			func(tr *tree) {
				tr.licences = func(dir string) ([]string, error) {
					return map[string][]string{"o.example/o": {"GPL-3.0"}}[dir], nil
				}
			},
			"o.example/o v1.0.0: internal/DEPENDENCIES.md does not allow its licence GPL-3.0",
		},
		"a package's licence that is not allowed": {
			func(tr *tree) { tr.npm[1].licence = "GPL-3.0" }, "npm:tool 1.0.0: internal/DEPENDENCIES.md does not allow",
		},
		"a package without a licence": {
			func(tr *tree) { tr.npm[1].licence = "" }, "npm:tool 1.0.0: internal/DEPENDENCIES.md does not allow",
		},
		"a package under two licences, of which one is not allowed": {
			func(tr *tree) { tr.npm[1].licence = "(MIT AND GPL-3.0)" }, "npm:tool 1.0.0: internal/DEPENDENCIES.md",
		},
		"a tool's licence on a page": {
			func(tr *tree) { tr.npm[2].licence = "0BSD" }, "npm:page 1.0.0: internal/DEPENDENCIES.md does not allow",
		},
		"an exception on a page": {
			func(tr *tree) { tr.npm[0].served = true }, "npm:odd 1.0.0: internal/DEPENDENCIES.md does not allow",
		},
		"an exception of a package that nothing needs": {
			func(tr *tree) { tr.npm = tr.npm[1:] }, "npm:odd: an exception",
		},
		"a licence that is not allowed": {
			func(tr *tree) {
				tr.licences = func(dir string) ([]string, error) {
					return map[string][]string{"d.example/d": {"AGPL-3.0", "MIT"}}[dir], nil
				}
			},
			"d.example/d v1.0.0: internal/DEPENDENCIES.md does not allow its licence AGPL-3.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := sample(t)
			tt.change(tr)
			faults := tr.faults()
			if tt.want == "" && len(faults) > 0 || tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.want)) {
				t.Errorf("faults %q, want %q", faults, tt.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	d, err := parse(sampleTable)
	if err != nil {
		t.Fatal(err)
	}
	want := document{
		rows: []row{
			{module: "a.example/a", deployed: true, reason: "Does a."},
			{module: "b.example/b", held: "v1.0.0", reason: "Does b."},
		},
		allowed: []string{"MIT"}, tools: []string{"0BSD"}, exceptions: []string{"c.example/c", "npm:odd"},
	}
	if diff := cmp.Diff(want, d, cmp.AllowUnexported(document{}, row{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := parse("## Modules\n| `a` | functions |\n"); err == nil {
		t.Error("a row of two cells was read")
	}
}
