//go:build linux

package face

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/jpegtest"
	"github.com/facescan/facescan/internal/face/report"
)

// What a bomb may take: a process that scans an honest photo of 12 megapixels peaks higher. The
// address space is limited as well, so that a bomb that goes off ends with its process.
const (
	bombPeak     = 64_000 // KiB
	bombSpaceKiB = "4194304"
	bombTime     = 10 * time.Second // of a processor
)

// bombs are files of little weight that claim to be much, and what becomes of each; "" is a report.
func bombs(t *testing.T) map[string]struct {
	data []byte
	want report.Code
} {
	t.Helper()
	src := facetest.DecodeSample(t)
	jpg, png := facetest.EncodeJPEG(t, src, 90), facetest.EncodePNG(t, src)
	small := facetest.Remapped(src, 64, 64, func(x, y int) (int, int) { return 4 * x, 4 * y })
	tiny := facetest.Remapped(src, 16, 16, func(x, y int) (int, int) { return 4 * x, 4 * y })
	zeros := deflated(t, 256<<20)
	lossless := make([]byte, 4) // a signature is put before it
	binary.LittleEndian.PutUint32(lossless, 16383|16383<<14)
	loop := facetest.Tiff(binary.BigEndian, [3]uint32{0x0112, 3, 1}, [3]uint32{0x8769, 4, 8}, [3]uint32{0x014a, 4, 8})
	copy(loop[len(loop)-4:], []byte{0, 0, 0, 8}) // the next directory is this one
	return map[string]struct {
		data []byte
		want report.Code
	}{
		"a JPEG of 65535 x 65535": {claiming(jpg, 65535, 65535), report.TooLarge},
		"a PNG of 65535 x 65535":  {claimingPNG(png, 65535, 65535), report.TooLarge},
		"a PNG of 2 to the 31 on each side": {
			claimingPNG(png, 1<<31-1, 1<<31-1), report.UnsupportedFormat,
		},
		"a WebP of 16384 x 16384": {
			facetest.RIFFOf("VP8L", append(append([]byte{0x2f}, lossless...), make([]byte, 16)...)), report.TooLarge,
		},
		"a PNG whose pixels go on for 256 MB": {
			facetest.PNGChunkOf(facetest.PNGChunkOf(bytes.Clone(png[:33]), "IDAT", zeros), "IEND", nil), report.Corrupt,
		},
		"a PNG with a profile of 256 MB": {
			facetest.WithPNGChunk(png, "iCCP", append([]byte("a\x00\x00"), zeros...)), "",
		},
		"a PNG with a text of 256 MB": {
			facetest.WithPNGChunk(png, "zTXt", append([]byte("a\x00\x00"), zeros...)), "",
		},
		"a PNG with an international text of 256 MB": {
			facetest.WithPNGChunk(png, "iTXt", append([]byte("a\x00\x01\x00\x00\x00"), zeros...)), "",
		},
		"a JPEG of thousands of scans": {
			jpegtest.Encode(small, jpegtest.Options{Frame: 0xc2, Scans: manyScans()}), report.UnsupportedFormat,
		},
		"a JPEG of a scan given 5,000 times": {
			jpegtest.Encode(tiny, jpegtest.Options{Frame: 0xc2, Scans: sameScan(5000)}), report.Corrupt,
		},
		"a JPEG of arithmetic coding": {
			bytes.Replace(jpg, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1), report.UnsupportedFormat,
		},
		"a JPEG with 5 MB of Huffman tables": {
			facetest.WithSegments(jpg, 0xc4, repeated(bytes.Repeat(flatTable(), 240), 80)...), "",
		},
		"EXIF whose directories lead to themselves": {
			facetest.WithSegments(jpg, 0xe1, append([]byte(exif.Prefix), loop...)), "",
		},
		"EXIF with a value of 4 GB": {
			facetest.WithSegments(jpg, 0xe1, append([]byte(exif.Prefix), hugeValue()...)), "",
		},
	}
}

// deflated returns n zeros, compressed.
func deflated(t *testing.T, n int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeroReader{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zeroReader reads zeros without end.
type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// claimingPNG changes the size in a PNG's header.
func claimingPNG(data []byte, w, h uint32) []byte {
	head := bytes.Clone(data[16:29])
	binary.BigEndian.PutUint32(head, w)
	binary.BigEndian.PutUint32(head[4:], h)
	return append(facetest.PNGChunkOf(bytes.Clone(data[:8]), "IHDR", head), data[33:]...)
}

// manyScans returns a script that gives each bit of each coefficient a scan of its own, which is
// valid.
func manyScans() []jpegtest.Scan {
	scans := []jpegtest.Scan{{Components: []int{0}}}
	for k := 1; k < 64; k++ {
		for low := 10; low >= 0; low-- {
			scan := jpegtest.Scan{Components: []int{0}, From: k, To: k, Low: low}
			if low < 10 {
				scan.High = low + 1
			}
			scans = append(scans, scan)
		}
	}
	return scans
}

// sameScan returns a script that gives the same scan n times.
func sameScan(n int) []jpegtest.Scan {
	same := jpegtest.Scan{Components: []int{0}, From: 1, To: 63}
	return append([]jpegtest.Scan{{Components: []int{0}}}, repeated(same, n)...)
}

func repeated[T any](v T, n int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = v
	}
	return all
}

// flatTable returns the body of a Huffman table with as many codes as there may be.
func flatTable() []byte {
	table := make([]byte, 17, 17+255)
	table[0], table[8] = 0x13, 255 // one that no scan uses, with 255 codes of 8 bits
	for i := range 255 {
		table = append(table, byte(i))
	}
	return table
}

// hugeValue returns EXIF whose orientation claims to have 2 to the 32 - 1 numbers.
func hugeValue() []byte {
	data := facetest.Tiff(binary.BigEndian, [3]uint32{0x0112, 3, 1})
	copy(data[14:], []byte{0xff, 0xff, 0xff, 0xff})
	return data
}

// TestBombs scans each bomb by a process of its own, built without the race detector, and holds it
// to its verdict, its memory and its time.
func TestBombs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "render")
	const render = "github.com/facescan/facescan/scripts/bench/render"
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, render)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, tt := range bombs(t) {
		t.Run(name, func(t *testing.T) { // one after the other, since each may take a lot
			if len(tt.data) > 6<<20 {
				t.Fatalf("%d bytes: a bomb is small", len(tt.data))
			}
			file := filepath.Join(dir, "bomb")
			if err := os.WriteFile(file, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			detonate(t, program, file, tt.want)
		})
	}
	t.Run("a photo that is one", func(t *testing.T) { // so that the bound is known to be one
		file := filepath.Join(dir, "large")
		large := image.NewRGBA(image.Rect(0, 0, 5000, 4000))
		if err := os.WriteFile(file, facetest.EncodePNG(t, large), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, peak, _ := scanned(t, program, file); peak <= bombPeak {
			t.Errorf("20 megapixels take %d KiB, and no bomb more than %d", peak, bombPeak)
		}
	})
}

// detonate has the program scan the file, and compares what it says and takes.
func detonate(t *testing.T, program, file string, want report.Code) {
	t.Helper()
	said, peak, took := scanned(t, program, file)
	refused := strings.HasPrefix(said, "render: scan the photo: face: "+string(want)+":")
	if want == "" && said != "" || want != "" && !refused {
		t.Errorf("%.500q, want %q", said, want)
	}
	if peak > bombPeak || took > bombTime {
		t.Errorf("%d KiB and %v of a processor, want at most %d and %v", peak, took, bombPeak, bombTime)
	}
	t.Logf("%d KiB, %v", peak, took)
}

// scanned returns what the program complained of, its peak memory in KiB and its time of a
// processor. The peak that Linux tells of a child is no use: it begins with that of the parent.
func scanned(t *testing.T, program, file string) (said string, peak int, took time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -v "$0" && exec "$@"`, bombSpaceKiB, program, file)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v: %.2000s", err, &stderr)
	}
	peak, err := strconv.Atoi(strings.TrimSpace(stdout.String()))
	if err != nil {
		t.Fatalf("%v: %.2000s", err, &stderr)
	}
	return stderr.String(), peak, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
