package jpeg

import (
	"bytes"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gen2brain/jpegn"
)

// corpus reads the pictures of the tests of Go's library and of the modules that are there.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}",
		"golang.org/x/image", "github.com/gen2brain/jpegn", "github.com/esimov/pigo").Output()
	if err != nil {
		tb.Fatalf("go list: %v", err)
	}
	library, err := exec.CommandContext(tb.Context(), "go", "list", "-f", "{{.Dir}}", "image").Output()
	if err != nil {
		tb.Fatalf("go list: %v", err)
	}
	folders := strings.Fields(string(out) + string(library))
	files := map[string][]byte{}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "testdata", "*.jp*g"))
		if err != nil {
			tb.Fatal(err)
		}
		for _, name := range names {
			if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if len(files) < 60 {
		tb.Fatalf("only %d files", len(files))
	}
	return files
}

// TestCorpus compares with image/jpeg what that can read, and prints with -v what it and jpegn make
// of each file. A file is refused here for a reason alone.
func TestCorpus(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"video-001.progressive.truncated.jpeg": "scans are missing",
		"test.corrupted.1.jpg":                 "before its last scan",
		"test.corrupted.5.jpg":                 "before its last scan",
		"test.corrupted.8.jpg":                 "before its last block",
		"test.corrupted.10.jpg":                "before its last block",
		"test.1x1.jpg":                         "not read", // arithmetic coding, it says
	}
	for name, data := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, theirErr := stdjpeg.Decode(bytes.NewReader(data))
			old, oldErr := jpegn.Decode(bytes.NewReader(data))
			t.Logf("image/jpeg: %v, jpegn: %v", theirErr, oldErr)
			got, err := decoded(data, true)
			why, bad := refused[name]
			switch {
			case errors.Is(err, ErrCMYK) && (strings.Contains(name, "cmyk") || strings.Contains(name, "ycck")):
				return
			case bad && (err == nil || !strings.Contains(err.Error(), why)):
				t.Errorf("error %v, want one with %q", err, why)
			case bad:
				return
			case err != nil:
				t.Fatal(err)
			}
			if theirErr == nil {
				mean, most := differences(theirs, got)
				t.Logf("%.2f levels from image/jpeg, at most %d", mean, most)
				if mean > 1 {
					t.Errorf("%.2f levels from image/jpeg", mean)
				}
			}
			if oldErr == nil {
				mean, most := differences(old, got)
				t.Logf("%.2f levels from jpegn, at most %d", mean, most)
			}
		})
	}
}

// TestSamples_areThoseOfJpegn holds the samples to those of the decoder that the engine's tables
// were fitted with. Progressive files are left out, where jpegn has a mistake: see the package
// comment.
func TestSamples_areThoseOfJpegn(t *testing.T) {
	t.Parallel()
	compared := 0
	for name, data := range corpus(t) {
		want, err := jpegn.Decode(bytes.NewReader(data))
		f, ownErr := Read(data, func(byte, []byte) {})
		if err != nil || ownErr != nil || f.progressive {
			continue
		}
		if _, mixed := want.(*image.RGBA); mixed {
			continue // of an unusual sampling
		}
		got, err := f.Decode(true)
		if err != nil {
			continue // of the files that are damaged
		}
		compared++
		if mean, most := differences(want, got); most > 0 {
			t.Errorf("%s: %.2f levels from jpegn, at most %d", name, mean, most)
		}
	}
	if compared < 25 {
		t.Errorf("only %d files were compared", compared)
	}
}
