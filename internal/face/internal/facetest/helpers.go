package facetest

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
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"golang.org/x/image/draw"
)

// PigoFolder returns the folder of pigo's module, by the go command. The tests use its test
// picture, which is an average face of many people and so shows no real person.
var PigoFolder = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/esimov/pigo").Output()
	return strings.TrimSpace(string(out)), err
})

// SampleJPEG returns the photo in pigo's module.
func SampleJPEG(tb testing.TB) []byte {
	tb.Helper()
	folder, err := PigoFolder()
	if err != nil {
		tb.Fatalf("finding pigo's module: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(folder, "testdata", "sample.jpg"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// DecodeSample returns the pixels of [SampleJPEG].
func DecodeSample(tb testing.TB) *image.RGBA {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(SampleJPEG(tb)))
	if err != nil {
		tb.Fatal(err)
	}
	return Remapped(img, img.Bounds().Dx(), img.Bounds().Dy(), func(x, y int) (int, int) { return x, y })
}

// Remapped returns a picture of w x h whose pixel at x, y is the source's at from(x, y), white
// outside. The race detector is spared millions of pixels.
//
//go:norace
func Remapped(src image.Image, w, h int, from func(x, y int) (int, int)) *image.RGBA {
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

// MirrorOf returns the picture mirrored left to right.
func MirrorOf(src image.Image) *image.RGBA {
	w := src.Bounds().Dx()
	return Remapped(src, w, src.Bounds().Dy(), func(x, y int) (int, int) { return w - 1 - x, y })
}

// Stored returns the pixels as a camera stores them when it declares an EXIF orientation.
func Stored(src image.Image, orientation int) *image.RGBA {
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
		return Remapped(src, h, w, from)
	}
	return Remapped(src, w, h, from)
}

// Enlarged returns the picture scaled to w by h pixels.
func Enlarged(src image.Image, w, h int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// OnCanvas returns a light canvas with the pictures side by side, the first one at the given place.
func OnCanvas(w, h int, at image.Point, pictures ...image.Image) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.Gray{230}), image.Point{}, draw.Src)
	for _, p := range pictures {
		draw.Draw(dst, p.Bounds().Add(at), p, image.Point{}, draw.Src)
		at.X += p.Bounds().Dx()
	}
	return dst
}

// Graded returns the picture with f applied to every channel.
func Graded(src image.Image, f func(v float64) float64) *image.RGBA {
	b := src.Bounds()
	dst := Remapped(src, b.Dx(), b.Dy(), func(x, y int) (int, int) { return x, y })
	for i := range dst.Pix {
		if i%4 != 3 {
			dst.Pix[i] = uint8(min(255, max(0, f(float64(dst.Pix[i])))))
		}
	}
	return dst
}

// Softened returns the picture shrunk by a factor and enlarged again.
func Softened(src image.Image, factor int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	return Enlarged(Enlarged(src, w/factor, h/factor), w, h)
}

// Noisy returns the picture with normal noise of the standard deviation sd.
func Noisy(src image.Image, sd float64, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 0))
	return Graded(src, func(v float64) float64 { return v + sd*r.NormFloat64() })
}

// Noise returns a picture of noise only.
func Noise(w, h int, seed uint64) *image.RGBA {
	return Noisy(OnCanvas(w, h, image.Point{}), 40, seed)
}

// EncodeJPEG returns the picture as a baseline JPEG file.
func EncodeJPEG(tb testing.TB, img image.Image, quality int) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// EncodePNG returns the picture as a PNG file.
func EncodePNG(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// EXIFWith returns a TIFF structure whose only entry is the orientation.
func EXIFWith(orientation int) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0, 0, 0, 0, 0}
}

// WithJPEGOrientation returns the JPEG file with an Exif orientation.
func WithJPEGOrientation(data []byte, orientation int) []byte {
	body := append([]byte("Exif\x00\x00"), EXIFWith(orientation)...)
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(body))}, body...)
	return append(append(append([]byte{}, data[:2]...), segment...), data[2:]...)
}

// WithPNGOrientation returns the PNG file with an Exif orientation.
func WithPNGOrientation(data []byte, orientation int) []byte {
	const afterIHDR = 8 + 25
	body := append([]byte("eXIf"), EXIFWith(orientation)...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	return append(append(append([]byte{}, data[:afterIHDR]...), chunk...), data[afterIHDR:]...)
}

// AsJSON returns v as JSON.
func AsJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// CodeOf returns the code of a refusal; other errors fail the test.
func CodeOf(tb testing.TB, err error) report.Code {
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

// Diff8 returns the absolute difference of two samples.
func Diff8(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }

// Allocated returns the number of bytes that this process has allocated so far.
func Allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// As draws src on dst, an image of another type, and returns dst.
func As[T draw.Image](src image.Image, dst T) T {
	draw.Draw(dst, dst.Bounds(), src, image.Point{}, draw.Src)
	return dst
}
