package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args string
		want error
	}{
		"nothing":          {"", nil},
		"all":              {"-seeds 3 -first 9 -faults dup=.1 -rounds 2 -patience 1m -json", nil},
		"help":             {"-help", flag.ErrHelp},
		"no such fault":    {"-faults dupe=.1", errUsage},
		"no seeds":         {"-seeds 0", errUsage},
		"too many rounds":  {"-rounds 101", errUsage},
		"no patience":      {"-patience 0s", errUsage},
		"a word":           {"five", errUsage},
		"an unknown flag":  {"-seed 5", errUsage},
		"a negative first": {"-first -1", errUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(strings.Fields(tt.args), io.Discard); !errors.Is(err, tt.want) {
				t.Errorf("parse: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	want := map[string]state{
		"ada": {"scans": []string{"a", "b"}, "inbox": map[string]int{"welcome": 1}}, "eve": {"user": "gone"},
	}
	same := map[string]state{
		"ada": {"scans": []string{"a", "b"}, "inbox": map[string]int{"welcome": 1}}, "eve": {"user": "gone"},
	}
	if diff := cmp.Diff([]string(nil), differences(want, same)); diff != "" {
		t.Errorf("of the same: %s", diff)
	}
	got := map[string]state{"ada": {"scans": []string{"a"}, "inbox": map[string]int{"welcome": 2}}}
	all := differences(want, got)
	if len(all) != 3 || !strings.Contains(all[0], "ada, inbox") || !strings.Contains(all[2], "eve, user") {
		t.Errorf("differences: %q", all)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		run  runFigures
		want bool
	}{
		"as it should be":               {runFigures{Seed: 1}, false},
		"a push twice under faults":     {runFigures{Seed: 1, Pushes: 1}, false},
		"a push twice without faults":   {runFigures{Pushes: 1}, true},
		"a user who could not go on":    {runFigures{Seed: 1, Stopped: "refused"}, true},
		"a finding":                     {runFigures{Seed: 1, Findings: []string{"x"}}, true},
		"a difference":                  {runFigures{Seed: 1, Differences: []string{"x"}}, true},
		"a message that nobody handled": {runFigures{Seed: 1, DeadLetters: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (&figures{Runs: []*runFigures{{}, &tt.run}}).broken(); got != tt.want {
				t.Errorf("broken: %t", got)
			}
		})
	}
}

func TestWriteSection(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("head\n"+begin+"old\n"+end+"tail\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := writeSection(file, "new"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file) //nolint:gosec // the test's own
	if diff := cmp.Diff("head\n"+begin+"\nnew\n"+end+"tail\n", string(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := writeSection(filepath.Join(t.TempDir(), "none"), ""); err == nil {
		t.Error("a file that there is not has no error")
	}
}
