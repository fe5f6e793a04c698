package face

import (
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestScoreFallsWithTheIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(0, 0.1).Draw(t, "a"), rapid.Float64Range(0, 0.1).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		x, y := percentile(a), percentile(b)
		if x < y || x > 100 || y < 0 {
			t.Fatalf("index %v scores %v, index %v scores %v", a, x, b, y)
		}
	})
}

func TestContributionsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var energy [mirror.Parts]float64
		for i := range energy {
			energy[i] = rapid.Float64Range(0, 1).Draw(t, contributionNames[i])
		}
		lost := -report.Round(rapid.Float64Range(0, 100).Draw(t, "lost"), 1)
		sum := 0.0
		for _, c := range contributions(energy, lost) {
			if c.Points > 0 {
				t.Fatalf("%s adds %v", c.Metric, c.Points)
			}
			sum += c.Points
		}
		if slices.Max(energy[:]) > 0 && math.Abs(sum-lost) > 1e-9 {
			t.Fatalf("the parts add up to %v, not %v", sum, lost)
		}
	})
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	more := checkRule{warn: 10, reject: 5, code: report.TooDark, decimals: 1}
	less := checkRule{warn: 10, reject: 15, code: report.TurnedAway, less: true, decimals: 1}
	never := checkRule{warn: 10, less: true}
	for _, tt := range []struct {
		name  string
		rule  checkRule
		value float64
		want  report.Verdict
	}{
		{"more is better, enough", more, 10, report.VerdictOK},
		{"more is better, little", more, 9.9, report.VerdictWarn},
		{"more is better, on the limit", more, 5, report.VerdictWarn},
		{"more is better, too little", more, 4.9, report.VerdictReject},
		{"more is better, too little before rounding only", more, 4.96, report.VerdictWarn},
		{"less is better, on the limit", less, 10, report.VerdictOK},
		{"less is better, much", less, 15, report.VerdictWarn},
		{"less is better, too much", less, 15.1, report.VerdictReject},
		{"a check that never rejects", never, 1000, report.VerdictWarn},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.rule.judge(tt.value).Verdict; got != tt.want {
				t.Errorf("verdict %s, want %s", got, tt.want)
			}
		})
	}
}

// TestImports keeps the engine pure: nothing of ours beside its own parts, no cloud, no files, no
// clock, no chance. Of runtime/debug it takes what gives back memory, which changes no result.
func TestImports(t *testing.T) {
	t.Parallel()
	const own = "github.com/facescan/facescan/internal/face/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{range .Imports}}{{$.ImportPath}} {{.}}{{"\n"}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		of, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(of+"/", own) && !strings.HasPrefix(what, own) {
			got = append(got, what)
		}
	}
	slices.Sort(got)
	want := []string{
		"bytes", "cmp", "compress/zlib", "crypto/sha256", "embed", "encoding/binary", "encoding/hex", "errors", "fmt",
		"github.com/esimov/pigo/core", "github.com/gen2brain/jpegn", "golang.org/x/image/font",
		"golang.org/x/image/font/inconsolata", "golang.org/x/image/math/fixed", "golang.org/x/image/vp8",
		"golang.org/x/image/vp8l", "golang.org/x/image/webp", "hash/crc32", "image", "image/color", "image/draw",
		"image/jpeg", "image/png", "io", "math", "math/bits", "net/http", "runtime/debug", "slices", "strconv", "strings",
		"sync", "unicode", "unicode/utf16",
	}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
}
