package report

import (
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRounding_neverGivesTheNegativeZero(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{-0.001, math.Copysign(0, -1)} {
		got, err := json.Marshal(Round(v, 2))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != "0" {
			t.Errorf("Round(%v, 2) is written as %s", v, got)
		}
	}
}

func TestVersionNamesMajorVersion(t *testing.T) {
	t.Parallel()
	if !strings.HasPrefix(Version, "facescan-2.") || MajorVersion() != 2 {
		t.Errorf("Version %s, MajorVersion %d", Version, MajorVersion())
	}
}

// TestImports keeps the engine, its decoders and its tables out of the programs that only read
// reports.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(
		[]string{"bytes", "image", "math", "net/http", "slices"}, strings.Fields(string(out)),
	); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
}
