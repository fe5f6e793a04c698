package photo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/report"
)

func TestTheChunksOfAPNG(t *testing.T) {
	t.Parallel()
	whole := facetest.EncodePNG(t, facetest.DecodeSample(t))
	end := len(whole) - 12                             // of the end chunk
	before := func(chunk string, body []byte) []byte { // the end
		return facetest.PNGChunkOf(bytes.Clone(whole[:end]), chunk, body)
	}
	first := func(chunk string, body []byte) []byte { // even before the header
		return append(facetest.PNGChunkOf(bytes.Clone(whole[:8]), chunk, body), whole[8:]...)
	}
	text := facetest.WithPNGChunk(whole, "tEXt", []byte("Title\x00A photo"))
	turned := facetest.WithPNGOrientation(whole, 6)
	for name, tt := range map[string]struct {
		data []byte
		want report.Code
		turn int
	}{
		"as it is":                     {whole, "", 1},
		"a bad checksum of a text":     {facetest.BadCRC(text, "tEXt"), "", 1},
		"a bad checksum of the EXIF":   {facetest.BadCRC(turned, "eXIf"), "", 1},
		"EXIF":                         {turned, "", 6},
		"EXIF behind the pixels":       {append(before("eXIf", facetest.EXIFWith(8)), whole[end:]...), "", 8},
		"no end chunk":                 {whole[:end], "", 1},
		"half an end chunk":            {whole[:end+5], "", 1},
		"a text cut behind the pixels": {before("tEXt", []byte("Title\x00A"))[:end+11], "", 1},
		"another photo behind the end": {append(bytes.Clone(whole), whole...), "", 1},
		"bytes behind the end":         {append(bytes.Clone(whole), "more"...), "", 1},
		"a transparency of a bad checksum": {
			facetest.BadCRC(facetest.WithPNGChunk(whole, "tRNS", make([]byte, 6)), "tRNS"), "", 1,
		},
		"a transparency beside one by pixel": {facetest.WithPNGChunk(whole, "tRNS", make([]byte, 6)), "", 1},
		"a bad checksum of the header":       {facetest.BadCRC(whole, "IHDR"), report.Corrupt, 0},
		"a bad checksum of the pixels":       {facetest.BadCRC(whole, "IDAT"), report.Corrupt, 0},
		"no pixels":                          {append(bytes.Clone(whole[:33]), whole[end:]...), report.Corrupt, 0},
		"two headers":                        {append(bytes.Clone(whole[:33]), whole[8:]...), report.Corrupt, 0},
		"a text before the header":           {first("tEXt", nil), report.Corrupt, 0},
		"a chunk that must be known":         {facetest.WithPNGChunk(whole, "NEED", nil), report.UnsupportedFormat, 0},
		"Apple's own kind":                   {first("CgBI", make([]byte, 4)), report.UnsupportedFormat, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := readFile(tt.data)
			if got := facetest.CodeOf(t, err); got != tt.want {
				t.Fatalf("%q, want %q: %v", got, tt.want, err)
			}
			if err == nil && p.Orientation != tt.turn {
				t.Errorf("orientation %d, want %d", p.Orientation, tt.turn)
			}
		})
	}
}

// TestAPNGThatIsCutIsRefused cuts in every place: before the end chunk something is missing.
func TestAPNGThatIsCutIsRefused(t *testing.T) {
	t.Parallel()
	var small bytes.Buffer
	src := facetest.Remapped(facetest.DecodeSample(t), 30, 40, func(x, y int) (int, int) { return 9 * x, 9 * y })
	if err := png.Encode(&small, facetest.Grained(src, 3)); err != nil {
		t.Fatal(err)
	}
	whole := small.Bytes()
	for n := range len(whole) - 12 {
		if _, err := readFile(whole[:n]); facetest.CodeOf(t, err) == "" {
			t.Errorf("the first %d of %d bytes are taken for whole", n, len(whole))
		}
	}
}

// TestMemoryOfImages holds the decoders of all formats to the estimate.
func TestMemoryOfImages(t *testing.T) {
	src := facetest.Repeated(facetest.DecodeSample(t), 2)
	grey, grey16 := image.NewGray(src.Rect), image.NewGray16(src.Rect)
	clear, deep := image.NewNRGBA(src.Rect), image.NewNRGBA64(src.Rect)
	clear.SetNRGBA(0, 0, color.NRGBA{1, 2, 3, 4})
	deep.SetNRGBA64(0, 0, color.NRGBA64{1, 2, 3, 4})
	indexed := image.NewPaletted(src.Rect, color.Palette{color.Gray{0}, color.Gray{255}})
	for name, data := range map[string][]byte{
		"grey PNG": facetest.EncodePNG(t, grey), "grey PNG of 16 bits": facetest.EncodePNG(t, grey16),
		"PNG with a palette": facetest.EncodePNG(t, indexed), "PNG": facetest.EncodePNG(t, src),
		"PNG with transparency": facetest.EncodePNG(t, clear), "PNG of 16 bits": facetest.EncodePNG(t, deep),
		"interlaced PNG":             facetest.EncodeInterlacedPNG(t, src),
		"grey PNG with transparency": facetest.WithPNGChunk(facetest.EncodePNG(t, grey), "tRNS", []byte{0, 9}),
		"JPEG":                       facetest.EncodeJPEG(t, src, 90), "lossless WebP": facetest.EncodeWebP(src),
	} {
		h, err := ReadHeader(data, report.Options{}.WithDefaults())
		if err != nil {
			t.Fatal(err)
		}
		before := facetest.Allocated()
		if _, err := h.decode(true); err != nil {
			t.Fatal(err)
		}
		const tables = 300 << 10
		if got := facetest.Allocated() - before; got > h.Memory+tables || got < h.Memory/2 {
			t.Errorf("%s: %d bytes, want about %d", name, got, h.Memory)
		}
	}
}

// TestAPNGInManyParts_isRefused: what lies between the parts of a picture is left out, but each
// part takes memory.
func TestAPNGInManyParts_isRefused(t *testing.T) {
	t.Parallel()
	whole := facetest.EncodePNG(t, facetest.DecodeSample(t))
	at := bytes.Index(whole, []byte("IDAT")) - 4
	for name, tt := range map[string]struct {
		parts int
		want  report.Code
	}{
		"some chunks between": {20, ""}, "thousands": {100_000, report.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			between := facetest.PNGChunkOf(facetest.PNGChunkOf(nil, "IDAT", nil), "tEXt", nil)
			data := slices.Insert(bytes.Clone(whole), at, bytes.Repeat(between, tt.parts)...)
			if _, err := readFile(data); facetest.CodeOf(t, err) != tt.want {
				t.Errorf("%v, want code %q", err, tt.want)
			}
		})
	}
}

// TestLargeGreyPNG_isNotTooLarge: it takes a quarter of the memory of a coloured one.
func TestLargeGreyPNG_isNotTooLarge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		depth, colour byte
		want          report.Code
	}{
		"grey": {8, 0, ""}, "grey of 1 bit": {1, 0, ""}, "coloured": {8, 2, report.TooLarge}, "grey of 16 bits": {16, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			size := []byte{0, 0, 0x1b, 0x58, 0, 0, 0x1b, 0x58} // 7000 x 7000
			data := facetest.PNGChunkOf([]byte(pngSignature), "IHDR", append(size, tt.depth, tt.colour, 0, 0, 0))
			_, err := Open(bytes.NewReader(facetest.PNGChunkOf(data, "IDAT", nil)), report.Options{}.WithDefaults())
			if got := facetest.CodeOf(t, err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// readFile opens and decodes a file within the usual limits.
func readFile(data []byte) (*Photo, error) {
	p, err := Open(bytes.NewReader(data), report.Options{}.WithDefaults())
	if err != nil {
		return nil, err
	}
	return p, p.Load()
}
