package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGenerated_isWhatIsCommitted(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	files, err := generated(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale, run make generate (-generated +committed):\n%s", name, diff)
		}
	}
}

func TestWithParts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, want string }{
		"between the marks":     {"a\n<b>old\n<e>z\n", "a\n<b>new\n<e>z\n"},
		"no begin":              {"a\n<e>\n", ""},
		"no end":                {"a\n<b>\n", ""},
		"a begin that is twice": {"<b><e><b>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := os.WriteFile(filepath.Join(root, "f"), []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := withParts(root, "f", part{"<b>", "<e>", "new\n"})
			if string(got) != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestFailOn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from, to, want string
		refused        bool
	}{
		"the same version":        {"1.0.0", "1.0.0", "INFO", false},
		"a minor version":         {"1.9.0", "1.10.0", "ERR", false},
		"another major version":   {"9.9.0", "10.0.0", "", false},
		"a version before":        {"1.1.0", "1.0.9", "", true},
		"a major version before":  {"1.0.0", "0.9.0", "", true},
		"a word":                  {"1.0.0", "one", "", true},
		"a v before it":           {"1.0.0", "v2.0.0", "", true},
		"nothing":                 {"1.0.0", "", "", true},
		"a released one of words": {"first", "1.0.0", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := failOn(tt.from, tt.to)
			if got != tt.want || (err != nil) != tt.refused {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestCheckRedocly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		report string
		failed bool
	}{
		"nothing": {`{"totals":{"errors":0,"warnings":0},"problems":[]}`, false},
		"a warning": {
			`{"totals":{"errors":0,"warnings":1},"problems":[{"ruleId":"x","severity":"warn","message":"y"}]}`, true,
		},
		"a count":   {`{"totals":{"errors":1,"warnings":0},"problems":[]}`, true},
		"no report": {``, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := checkRedocly([]byte(tt.report), nil); (err != nil) != tt.failed {
				t.Errorf("%v", err)
			}
		})
	}
}
