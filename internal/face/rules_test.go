package face

import (
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// planes draws small pictures.
func planes() *rapid.Generator[*plane] {
	return rapid.Custom(func(t *rapid.T) *plane {
		p := newPlane(rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 12).Draw(t, "h"))
		copy(p.pix, rapid.SliceOfN(rapid.Byte(), len(p.pix), len(p.pix)).Draw(t, "pixels"))
		return p
	})
}

func (p *plane) copied() *plane { return &plane{w: p.w, h: p.h, pix: slices.Clone(p.pix)} }

func (p *plane) equal(q *plane) bool { return p.w == q.w && p.h == q.h && slices.Equal(p.pix, q.pix) }

func TestOfAPictureAndItsMirrorImageOneIsTurnedOver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		m := p.copied()
		m.mirror()
		if want := !p.equal(m); (p.leansRight(1) != m.leansRight(1)) != want {
			t.Fatalf("picture %v, mirrored %v", p.leansRight(1), m.leansRight(1))
		}
	})
}

func TestUprightUndoesEveryOrientation(t *testing.T) {
	t.Parallel()
	// What has to be done again to come back: turning left undoes turning right, the others undo themselves.
	inverse := [9]int{0, 1, 2, 3, 4, 5, 8, 7, 6}
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		if back := p.copied().upright(o).upright(inverse[o]); !p.equal(back) {
			t.Fatalf("orientation %d is not undone by %d", o, inverse[o])
		}
	})
}

func TestResizingKeepsTheLight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		w, h := rapid.IntRange(1, 12).Draw(t, "new width"), rapid.IntRange(1, 12).Draw(t, "new height")
		q := p.resized(w, h)
		if mean := func(p *plane) float64 {
			sum := 0.0
			for _, v := range p.pix {
				sum += float64(v)
			}
			return sum / float64(len(p.pix))
		}; math.Abs(mean(p)-mean(q)) > 1 {
			t.Fatalf("mean %v became %v", mean(p), mean(q))
		}
		p.mirror()
		m := p.resized(w, h)
		m.mirror()
		if !q.equal(m) {
			t.Fatal("a mirrored picture is resized in another way")
		}
	})
}

func TestFramesGoThereAndBack(t *testing.T) {
	t.Parallel()
	coordinate := rapid.Float64Range(-1000, 1000)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) vec { return vec{coordinate.Draw(t, name+" x"), coordinate.Draw(t, name+" y")} }
		a, pa, at := draw("a"), draw("pa"), draw("place")
		f := frameBetween(a, a.plus(vec{3, 4}), pa, pa.plus(vec{1, 7}))
		if d := f.inner(f.outer(at)).minus(at).length(); d > 1e-6 {
			t.Fatalf("off by %v", d)
		}
		if d := f.outer(a).minus(pa).length(); d > 1e-6 {
			t.Fatalf("the first point is off by %v", d)
		}
	})
}

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
		var energy [parts]float64
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

// TestImports keeps the package pure: nothing of ours, no cloud, no files, no clock, no chance. Of
// runtime/debug it takes what gives back memory, which changes no result.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"bytes", "cmp", "compress/zlib", "crypto/sha256", "embed", "encoding/binary", "encoding/hex", "errors", "fmt",
		"github.com/esimov/pigo/core", "github.com/facescan/facescan/internal/face/internal/jpeg",
		"github.com/facescan/facescan/internal/face/internal/vp8l", "github.com/facescan/facescan/internal/face/report",
		"github.com/gen2brain/jpegn",
		"golang.org/x/image/font", "golang.org/x/image/font/inconsolata",
		"golang.org/x/image/math/fixed", "golang.org/x/image/vp8", "golang.org/x/image/vp8l",
		"golang.org/x/image/webp", "hash/crc32", "image", "image/color", "image/draw", "image/png", "io", "math",
		"math/bits", "runtime/debug", "slices", "strconv", "strings", "sync", "unicode", "unicode/utf16",
	}
	if diff := cmp.Diff(want, strings.Fields(string(out))); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
}
