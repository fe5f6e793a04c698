package facetest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gen2brain/jpegn"
)

// Everything here uses integer arithmetic, so that the files are the same on every machine.

// EncodeJPEGAs returns a baseline JPEG file with a given subsampling of the colours.
func EncodeJPEGAs(tb testing.TB, img image.Image, colours jpegn.Subsampling, restart int) []byte {
	tb.Helper()
	var b bytes.Buffer
	opts := &jpegn.EncodeOptions{Quality: 90, Subsampling: colours, RestartInterval: restart}
	if err := jpegn.Encode(&b, img, opts); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// Repeated returns the picture with each pixel repeated as a square.
func Repeated(src image.Image, times int) *image.RGBA {
	b := src.Bounds()
	return Remapped(src, b.Dx()*times, b.Dy()*times, func(x, y int) (int, int) { return x / times, y / times })
}

// Grained returns the picture with noise of -most to most grey levels, by a linear congruential
// generator.
func Grained(src image.Image, most int) *image.RGBA {
	dst := MirrorOf(MirrorOf(src))
	state := uint32(1)
	for i := range dst.Pix {
		if i%4 == 0 {
			state = state*1664525 + 1013904223
		}
		if i%4 != 3 {
			dst.Pix[i] = uint8(min(255, max(0, int(dst.Pix[i])+int(state>>16)%(2*most+1)-most)))
		}
	}
	return dst
}

// EncodeInterlacedPNG returns a PNG file of 8 bit RGBA in the seven passes of Adam7 (ISO/IEC 15948,
// 8.2), which image/png can only read.
func EncodeInterlacedPNG(tb testing.TB, src image.Image) []byte {
	tb.Helper()
	img := MirrorOf(MirrorOf(src))
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var raw bytes.Buffer
	z := zlib.NewWriter(&raw)
	for _, p := range [...][4]int{
		{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
	} {
		for y := p[1]; y < h && p[0] < w; y += p[3] {
			line := []byte{0}
			for x := p[0]; x < w; x += p[2] {
				line = append(line, img.Pix[img.PixOffset(x, y):][:4]...)
			}
			if _, err := z.Write(line); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	data := PNGChunkOf([]byte("\x89PNG\r\n\x1a\n"), "IHDR", append(size, 8, 6, 0, 0, 1))
	return PNGChunkOf(PNGChunkOf(data, "IDAT", raw.Bytes()), "IEND", nil)
}

// PNGChunkOf returns the file with a chunk and its checksum appended.
func PNGChunkOf(data []byte, name string, body []byte) []byte {
	named := append([]byte(name), body...)
	data = binary.BigEndian.AppendUint32(data, uint32(len(body)))
	return binary.BigEndian.AppendUint32(append(data, named...), crc32.ChecksumIEEE(named))
}

// bitsOf collects bits, the lowest first.
type bitsOf struct {
	data []byte
	n    uint
}

func (b *bitsOf) add(v uint32, count uint) {
	for i := range count {
		if b.n%8 == 0 {
			b.data = append(b.data, 0)
		}
		b.data[b.n/8] |= byte(v>>i&1) << (b.n % 8)
		b.n++
	}
}

// EncodeWebP returns a lossless WebP file (RFC 9649) of opaque pixels in its simplest form: no
// transform, and codes of 8 bits for all values.
func EncodeWebP(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	b := &bitsOf{data: []byte{0x2f}, n: 8}
	b.add(uint32(w-1), 14)
	b.add(uint32(h-1), 14)
	b.add(0, 1+3+1+1+1) // no alpha, version 0, no transform, no colour cache, one set of codes
	for range 3 {       // green, red, blue
		b.add(0, 1)
		b.add(12-4, 4) // lengths of code lengths, in the order 17, 18, 0 to 5, 16, 6, 7, 8: only 8 occurs
		b.add(0, 30)
		b.add(0, 3)
		b.add(1, 3)
		b.add(1, 1) // 256 symbols have one
		b.add(3, 3)
		b.add(256-2, 8)
	}
	b.add(1, 1) // alpha: one symbol, 255
	b.add(0, 1)
	b.add(1, 1)
	b.add(255, 8)
	b.add(1, 1) // distance: one symbol, 0
	b.add(0, 3)
	for y := range h {
		for x := range w {
			s := img.Pix[img.PixOffset(x, y):]
			for _, v := range [...]byte{s[1], s[0], s[2]} {
				b.add(uint32(bits.Reverse8(v)), 8)
			}
		}
	}
	return RIFFOf("VP8L", b.data)
}

// RIFFOf returns a WebP file of chunks: a name, its content, and so on.
func RIFFOf(chunks ...any) []byte {
	body := []byte("WEBP")
	for i := 0; i < len(chunks); i += 2 {
		content := chunks[i+1].([]byte)
		body = append(body, chunks[i].(string)...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(content)))
		body = append(body, content...)
		if len(content)%2 == 1 {
			body = append(body, 0)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// WithWebPOrientation returns a lossless WebP in the extended format, with EXIF data after the
// pixels.
func WithWebPOrientation(data []byte, w, h, orientation int) []byte {
	canvas := []byte{1 << 3, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	n := binary.LittleEndian.Uint32(data[16:])
	return RIFFOf("VP8X", canvas, "VP8L", data[20:20+n], "EXIF", EXIFWith(orientation))
}

// ModuleFiles returns the test pictures of a module that this one requires.
func ModuleFiles(tb testing.TB, module, pattern string) map[string][]byte {
	tb.Helper()
	folder, err := moduleFolder(module)
	if err != nil {
		tb.Fatalf("finding %s: %v", module, err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "testdata", pattern))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no files %s in %s: %v", pattern, folder, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		files[filepath.Base(name)] = data
	}
	return files
}

var moduleFolders sync.Map

// moduleFolder returns the folder of a module, by the go command.
func moduleFolder(module string) (string, error) {
	if folder, ok := moduleFolders.Load(module); ok {
		return folder.(string), nil
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	folder := strings.TrimSpace(string(out))
	moduleFolders.Store(module, folder)
	return folder, err
}
