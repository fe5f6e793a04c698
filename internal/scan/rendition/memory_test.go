package rendition

import (
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// TestMemory holds the peak memory of a process that scans a photo with all pictures and four
// renditions. The program is built without the race detector, whatever the test runs under.
func TestMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, sample := filepath.Join(dir, "render"), filepath.Join(dir, "sample.jpg")
	output(t, "go", "build", "-o", program, "github.com/facescan/facescan/scripts/bench/render")
	if err := os.WriteFile(sample, emulatortest.SamplePhoto(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, size string
		most       int // bytes
	}{
		{"12 megapixels", "3024x4032", 150e6},
		{"50 megapixels", "6320x7900", 400e6},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: the larger one takes a lot
			photo := filepath.Join(dir, tt.size+".jpg")
			output(t, program, "-make", sample, tt.size, photo)
			kib, err := strconv.Atoi(output(t, program, photo))
			if err != nil {
				t.Fatal(err)
			}
			if kib<<10 > tt.most {
				t.Errorf("a peak of %d MB, want at most %d MB", kib<<10/1e6, tt.most/1e6)
			}
		})
	}
}

// output runs a program and gives what it prints.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", program, args, err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// bounded is a picture of a size without any pixels in memory.
type bounded struct {
	*image.Uniform
	size image.Point
}

func (b bounded) Bounds() image.Rectangle { return image.Rectangle{Max: b.size} }

func TestRenditionsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Rendition{
		"in full size":  {Format: PNG},
		"even if small": {Format: JPEG, Operations: []Operation{{Op: Resize, Width: 10}}},
	} {
		picture := bounded{size: image.Pt(12_000, 12_000)}
		if file, err := Render(picture, r); !errors.Is(err, ErrTooLarge) || file != nil {
			t.Errorf("%s: %d bytes, %v", name, len(file), err)
		}
	}
}

func TestWhateverIsAskedForFitsForAPictureOfMaxSide(t *testing.T) {
	t.Parallel()
	side := rapid.IntRange(0, MaxSide)
	o := rapid.OneOf(operations(), rapid.Custom(func(t *rapid.T) Operation {
		return Operation{
			Op: Resize, Width: 1 + side.Draw(t, "w"), Height: side.Draw(t, "h"), Fit: rapid.SampledFrom(fits).Draw(t, "fit"),
		}
	}))
	rapid.Check(t, func(t *rapid.T) {
		r := Rendition{
			Format:     rapid.SampledFrom(formats).Draw(t, "format"),
			Operations: rapid.SliceOfN(o, 0, MaxOperations).Draw(t, "operations"),
		}
		if need := memory(image.Pt(MaxSide, MaxSide), r); need > MaxMemory {
			t.Fatalf("%d MiB", need>>20)
		}
	})
}
