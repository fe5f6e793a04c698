package face

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"image"
	"os"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/gen2brain/jpegn"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew; change Version with it")

// TestReports_areTheSameOnEveryMachine compares checksums of reports, refusals included, with those
// of testdata/golden.txt. The files are made in whole numbers, so that any difference is the
// engine's. scripts/arm64.sh runs it on arm64.
func TestReports_areTheSameOnEveryMachine(t *testing.T) {
	t.Parallel()
	const golden = "testdata/golden.txt"
	var got strings.Builder
	for _, f := range goldenFiles(t) {
		r, err := Analyze(bytes.NewReader(f.data), report.Options{})
		text := facetest.AsJSON(t, r)
		if err != nil {
			text = facetest.AsJSON(t, err)
		}
		sum := sha256.Sum256([]byte(text))
		fmt.Fprintf(&got, "%s %s\n", hex.EncodeToString(sum[:8]), f.name)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf(
			"checksums (-golden +got); after a change of the engine on purpose, raise Version and run with -update:\n%s", diff,
		)
	}
}

type goldenFile struct {
	name string
	data []byte
}

func goldenFiles(t *testing.T) []goldenFile {
	t.Helper()
	src := facetest.DecodeSample(t)
	dark := facetest.Graded(src, func(v float64) float64 { return float64(int(v) * 7 / 10) })
	bent := facetest.Remapped(src, 320, 400, func(x, y int) (int, int) { return x, y - max(0, 6-mirror.Abs(x-198)/4) })
	return []goldenFile{
		{"progressive JPEG", facetest.SampleJPEG(t)},
		{"PNG", facetest.EncodePNG(t, src)},
		{"mirrored", facetest.EncodePNG(t, facetest.MirrorOf(src))},
		{"stored on its side", facetest.WithPNGOrientation(facetest.EncodePNG(t, facetest.Stored(src, 6)), 6)},
		{"lying on its side", facetest.EncodePNG(t, facetest.Stored(src, 6))},
		{"lossless WebP", facetest.EncodeWebP(src)},
		{"JPEG 4:4:4", facetest.EncodeJPEGAs(t, src, jpegn.Subsample444, 0)},
		{"JPEG 4:2:2 with restarts", facetest.EncodeJPEGAs(t, facetest.Grained(src, 5), jpegn.Subsample422, 3)},
		{
			"grey JPEG of six times the size, shrunk by two",
			facetest.EncodeJPEGAs(t, facetest.Repeated(src, 6), jpegn.SubsampleGray, 0),
		},
		{"darker", facetest.EncodePNG(t, dark)},
		{"grained", facetest.EncodePNG(t, facetest.Grained(src, 12))},
		{"with a lowered mouth corner", facetest.EncodePNG(t, bent)},
		{"on a canvas, askew", facetest.EncodePNG(t, sheared(facetest.OnCanvas(480, 520, image.Pt(70, 60), src), 9))},
		{"no face", facetest.EncodePNG(t, facetest.Grained(facetest.OnCanvas(120, 110, image.Point{}), 100))},
		{"two faces", facetest.EncodePNG(t, facetest.OnCanvas(640, 400, image.Point{}, src, src))},
		{
			"JPEG of Adobe RGB",
			facetest.WithJPEGProfile(facetest.EncodeJPEGAs(t, src, jpegn.Subsample420, 0), facetest.ProfileAdobe.Bytes()),
		},
		{"PNG of ProPhoto", facetest.WithPNGProfile(facetest.EncodePNG(t, src), facetest.ProfileProPhoto.Bytes())},
		{"in the dark", facetest.EncodePNG(t, facetest.Graded(src, func(v float64) float64 { return float64(int(v) / 4) }))},
	}
}

// sheared moves each row sideways, by a pixel every so many rows.
func sheared(src image.Image, rows int) *image.RGBA {
	b := src.Bounds()
	return facetest.Remapped(src, b.Dx(), b.Dy(), func(x, y int) (int, int) { return x + (y-b.Dy()/2)/rows, y })
}
