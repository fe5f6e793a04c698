package npmtools

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/facescan/facescan/internal/local/emulator/machine/machinetest"
)

func TestInstall(t *testing.T) {
	for name, test := range map[string]struct {
		npm    string
		failed bool
	}{
		"what is pinned is installed":       {npm: "[ -f package-lock.json ] && mkdir node_modules"},
		"nothing is left of one that fails": {npm: "mkdir node_modules; exit 1", failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			bin, temp := t.TempDir(), t.TempDir()
			machinetest.WriteScript(t, filepath.Join(bin, "npm"), test.npm)
			t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
			t.Setenv("TMPDIR", temp)
			pinned := fstest.MapFS{"package-lock.json": {}}
			dir, remove, err := Install(t.Context(), pinned, new(strings.Builder))
			if (err != nil) != test.failed {
				t.Fatalf("err = %v", err)
			}
			if !test.failed {
				if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
					t.Error(err)
				}
				remove()
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}
