package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChromium(t *testing.T) {
	const mac = "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
	for name, test := range map[string]struct {
		on      imaginary
		file    string // that is there
		want    string
		missing []string // parts of the error
	}{
		"on the PATH":       {on: imaginary{path: map[string]string{"chromium": "bin/chromium"}}, want: "bin/chromium"},
		"another on it":     {on: imaginary{path: map[string]string{"google-chrome": "bin/chrome"}}, want: "bin/chrome"},
		"an app of a Mac":   {on: imaginary{goos: "darwin"}, file: mac, want: mac},
		"a Mac's elsewhere": {file: mac, missing: []string{"no chromium on the PATH", "apt-get install -y chromium"}},
		"named": {
			on: imaginary{
				env:  map[string]string{"CHROMIUM": "mine"},
				path: map[string]string{"mine": "mine/chromium", "chromium": "bin/chromium"},
			},
			want: "mine/chromium",
		},
		"a name of nothing": {
			on: imaginary{
				env: map[string]string{"CHROMIUM": "/nowhere"}, path: map[string]string{"chromium": "bin/chromium"},
			},
			missing: []string{"CHROMIUM=/nowhere is no program", "CHROMIUM=PATH"},
		},
		"nowhere on a Mac": {on: imaginary{goos: "darwin"}, missing: []string{"brew install --cask chromium"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.on.root = t.TempDir()
			if test.file != "" {
				writeFile(t, filepath.Join(test.on.root, test.file))
			}
			got, err := test.on.machine().Chromium()
			var missing *MissingError
			if (test.missing != nil) != errors.As(err, &missing) {
				t.Fatalf("err = %v", err)
			}
			for _, part := range test.missing {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not have %q", err, part)
				}
			}
			if want := filepath.Join(test.on.root, test.want); test.want != "" && got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
