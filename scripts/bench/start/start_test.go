package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/catalog"
)

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want error
	}{
		"help":               {[]string{"-help"}, flag.ErrHelp},
		"no run":             {[]string{"-runs", "0"}, errUsage},
		"too many runs":      {[]string{"-runs", "1001"}, errUsage},
		"an argument":        {[]string{"health"}, errUsage},
		"sizes with JSON":    {[]string{"-sizes", "-json"}, errUsage},
		"sizes and a report": {[]string{"-sizes", "-o", "x"}, errUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(tt.args, io.Discard); !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	const bar, healthBar = 40, 24
	for _, f := range catalog.Functions() {
		budget, limit := budgets[f.Name], bar
		if f.Name == "health" {
			limit = healthBar
		}
		if budget == 0 || budget > limit {
			t.Errorf("%s has a budget of %d MB, want 1 to %d", f.Name, budget, limit)
		}
	}
	if len(budgets) != len(catalog.Functions()) {
		t.Errorf("%d budgets for %d functions", len(budgets), len(catalog.Functions()))
	}
}

func TestOverBudget(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		programs []*program
		want     []string // in the error, none for no error
	}{
		"at its budget": {[]*program{{name: "health", bytes: 18_000_000}}, nil},
		"a byte over": {
			[]*program{{name: "health", bytes: 18_000_001}}, []string{"functions/health has 18.0 MB, over its budget of 18"},
		},
		"the empty one":        {[]*program{{name: empty, bytes: 1e9}}, nil},
		"one without a budget": {[]*program{{name: "new", bytes: 1}}, []string{"functions/new has no budget"}},
		"several": {
			[]*program{{name: "rank", bytes: 1e9}, {name: "scans", bytes: 1e9}}, []string{"functions/rank", "functions/scans"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := overBudget(tt.programs)
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("err = %v", err)
			}
			for _, text := range tt.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("err = %v, want %q in it", err, text)
				}
			}
		})
	}
}

func TestReadInits(t *testing.T) {
	t.Parallel()
	p := new(program)
	if err := p.readInits("panic\n"); err == nil {
		t.Error("a program that says nothing passes")
	}
	slow := "init runtime @0.03 ms, 2.5 ms clock, 0 bytes, 0 allocs\n" +
		"init net @1 ms, 0.5 ms clock, 8 bytes, 1 allocs\nready\n"
	for _, stderr := range []string{slow, strings.ReplaceAll(slow, "2.5", "0.5"), slow} {
		if err := p.readInits(stderr); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(inits{packages: 2, took: 1}, p.inits, cmp.AllowUnexported(inits{})); diff != "" {
		t.Errorf("the shortest of them (-want +got):\n%s", diff)
	}
	if got := withoutInits(slow); got != "ready\n" {
		t.Errorf("besides them: %q", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := newReport("cmd", 3, []*program{
		{name: empty, bytes: 8e6, starts: []ms{4, 2, 3}, firsts: []ms{5, 5, 5}},
		{name: "health", bytes: 12_500_000, packages: 9, starts: []ms{3, 9, 6}, firsts: []ms{10, 20, 15}},
	})
	var out bytes.Buffer
	r.markdown(&out)
	const want = "| health | 12.5 | 18 | 9 | 0 | 0.0 | 3.0, 6.0 | 1.50 (2.00) | 10.0, 15.0 | 2.00 (3.00) |\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("got %s, want a row %s", &out, want)
	}
	if err := r.slow(); err != nil {
		t.Errorf("at the bar: %v", err)
	}
	r.Functions[1].Listens.Ratio = 1.51
	if r.slow() == nil {
		t.Error("over the bar it passes")
	}
}

// Every function starts in the environment that is made for it, and answers. What is measured is
// the linked program, so this builds them all.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("links every function")
	}
	file := filepath.Join(t.TempDir(), "START.md")
	var out bytes.Buffer
	err := run(t.Context(), []string{"-runs", "1", "-o", file}, &out, io.Discard)
	if err != nil && !strings.Contains(err.Error(), "times as long") { // one start is no measurement
		t.Fatal(err)
	}
	for _, f := range catalog.Functions() {
		if !strings.Contains(out.String(), "\n| "+f.Name+" |") {
			t.Errorf("%s is not in\n%s", f.Name, &out)
		}
	}
}
