package face

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"go.uber.org/goleak"
	"golang.org/x/image/draw"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pigoFolder asks the go command for pigo's module, whose test picture the tests use: an average face of many people, so nobody's.
var pigoFolder = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/esimov/pigo").Output()
	return strings.TrimSpace(string(out)), err
})

func sampleJPEG(tb testing.TB) []byte {
	tb.Helper()
	folder, err := pigoFolder()
	if err != nil {
		tb.Fatalf("finding pigo's module: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(folder, "testdata", "sample.jpg"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func decodeSample(tb testing.TB) *image.RGBA {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(sampleJPEG(tb)))
	if err != nil {
		tb.Fatal(err)
	}
	return remapped(img, img.Bounds().Dx(), img.Bounds().Dy(), func(x, y int) (int, int) { return x, y })
}

// remapped makes a picture of w x h whose pixel at x, y is the source's at from(x, y), white outside. The race detector is spared millions of pixels.
//
//go:norace
func remapped(src image.Image, w, h int, from func(x, y int) (int, int)) *image.RGBA {
	plain := image.NewRGBA(src.Bounds())
	draw.Draw(plain, plain.Bounds(), src, src.Bounds().Min, draw.Src)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range dst.Pix {
		dst.Pix[i] = 255
	}
	for y := range h {
		for x := range w {
			if sx, sy := from(x, y); (image.Point{sx, sy}).In(plain.Rect) {
				copy(dst.Pix[dst.PixOffset(x, y):], plain.Pix[plain.PixOffset(sx, sy):][:4])
			}
		}
	}
	return dst
}

func mirrorOf(src image.Image) *image.RGBA {
	w := src.Bounds().Dx()
	return remapped(src, w, src.Bounds().Dy(), func(x, y int) (int, int) { return w - 1 - x, y })
}

// stored gives the pixels as a camera stores them when it declares an EXIF orientation.
func stored(src image.Image, orientation int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	from := map[int]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return w - 1 - y, x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return y, h - 1 - x },
	}[orientation]
	if orientation >= 5 {
		return remapped(src, h, w, from)
	}
	return remapped(src, w, h, from)
}

func enlarged(src image.Image, w, h int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// onCanvas puts pictures side by side, the first at x, on a light canvas.
func onCanvas(w, h int, at image.Point, pictures ...image.Image) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.Gray{230}), image.Point{}, draw.Src)
	for _, p := range pictures {
		draw.Draw(dst, p.Bounds().Add(at), p, image.Point{}, draw.Src)
		at.X += p.Bounds().Dx()
	}
	return dst
}

// graded applies a function to every channel.
func graded(src image.Image, f func(v float64) float64) *image.RGBA {
	b := src.Bounds()
	dst := remapped(src, b.Dx(), b.Dy(), func(x, y int) (int, int) { return x, y })
	for i := range dst.Pix {
		if i%4 != 3 {
			dst.Pix[i] = uint8(min(255, max(0, f(float64(dst.Pix[i])))))
		}
	}
	return dst
}

// blurred shrinks and enlarges again.
func blurred(src image.Image, factor int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	return enlarged(enlarged(src, w/factor, h/factor), w, h)
}

func noisy(src image.Image, sd float64, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 0))
	return graded(src, func(v float64) float64 { return v + sd*r.NormFloat64() })
}

func noise(w, h int, seed uint64) *image.RGBA {
	return noisy(onCanvas(w, h, image.Point{}), 40, seed)
}

func encodeJPEG(tb testing.TB, img image.Image, quality int) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func encodePNG(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// exifWith is a TIFF structure whose only entry is the orientation.
func exifWith(orientation int) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0, 0, 0, 0, 0}
}

func withJPEGOrientation(data []byte, orientation int) []byte {
	body := append([]byte("Exif\x00\x00"), exifWith(orientation)...)
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(body))}, body...)
	return append(append(append([]byte{}, data[:2]...), segment...), data[2:]...)
}

func withPNGOrientation(data []byte, orientation int) []byte {
	const afterIHDR = 8 + 25
	body := append([]byte("eXIf"), exifWith(orientation)...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	return append(append(append([]byte{}, data[:afterIHDR]...), chunk...), data[afterIHDR:]...)
}

func analyze(tb testing.TB, data []byte) report.Report {
	tb.Helper()
	r, err := Analyze(bytes.NewReader(data), report.Options{})
	if err != nil {
		tb.Fatalf("Analyze: %v", err)
	}
	return r
}

func asJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// codeOf gives the code of a refusal; other errors fail the test.
func codeOf(tb testing.TB, err error) report.Code {
	tb.Helper()
	if err == nil {
		return ""
	}
	var refusal *report.Refusal
	if !errors.As(err, &refusal) {
		tb.Fatalf("error is not a refusal: %v", err)
	}
	if refusal.Detail == "" {
		tb.Errorf("refusal %s has no sentence", refusal.Code)
	}
	return refusal.Code
}
