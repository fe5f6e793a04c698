package face

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"runtime"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
)

// badCRC flips a bit of the checksum of the first chunk of a name.
func badCRC(data []byte, name string) []byte {
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte(name))
	n := int(data[at-4])<<24 | int(data[at-3])<<16 | int(data[at-2])<<8 | int(data[at-1])
	data[at+4+n] ^= 1
	return data
}

func TestTheChunksOfAPNG(t *testing.T) {
	t.Parallel()
	whole := encodePNG(t, decodeSample(t))
	end := len(whole) - 12                             // of the end chunk
	before := func(chunk string, body []byte) []byte { // the end
		return pngChunkOf(bytes.Clone(whole[:end]), chunk, body)
	}
	first := func(chunk string, body []byte) []byte { // even before the header
		return append(pngChunkOf(bytes.Clone(whole[:8]), chunk, body), whole[8:]...)
	}
	text := withPNGChunk(whole, "tEXt", []byte("Title\x00A photo"))
	turned := withPNGOrientation(whole, 6)
	for name, tt := range map[string]struct {
		data []byte
		want report.Code
		turn int
	}{
		"as it is":                           {whole, "", 1},
		"a bad checksum of a text":           {badCRC(text, "tEXt"), "", 1},
		"a bad checksum of the EXIF":         {badCRC(turned, "eXIf"), "", 1},
		"EXIF":                               {turned, "", 6},
		"EXIF behind the pixels":             {append(before("eXIf", exifWith(8)), whole[end:]...), "", 8},
		"no end chunk":                       {whole[:end], "", 1},
		"half an end chunk":                  {whole[:end+5], "", 1},
		"a text cut behind the pixels":       {before("tEXt", []byte("Title\x00A"))[:end+11], "", 1},
		"another photo behind the end":       {append(bytes.Clone(whole), whole...), "", 1},
		"bytes behind the end":               {append(bytes.Clone(whole), "more"...), "", 1},
		"a transparency of a bad checksum":   {badCRC(withPNGChunk(whole, "tRNS", make([]byte, 6)), "tRNS"), "", 1},
		"a transparency beside one by pixel": {withPNGChunk(whole, "tRNS", make([]byte, 6)), "", 1},
		"a bad checksum of the header":       {badCRC(whole, "IHDR"), report.Corrupt, 0},
		"a bad checksum of the pixels":       {badCRC(whole, "IDAT"), report.Corrupt, 0},
		"no pixels":                          {append(bytes.Clone(whole[:33]), whole[end:]...), report.Corrupt, 0},
		"two headers":                        {append(bytes.Clone(whole[:33]), whole[8:]...), report.Corrupt, 0},
		"a text before the header":           {first("tEXt", nil), report.Corrupt, 0},
		"a chunk that must be known":         {withPNGChunk(whole, "NEED", nil), report.UnsupportedFormat, 0},
		"Apple's own kind":                   {first("CgBI", make([]byte, 4)), report.UnsupportedFormat, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := decodedFile(tt.data)
			if got := codeOf(t, err); got != tt.want {
				t.Fatalf("%q, want %q: %v", got, tt.want, err)
			}
			if err == nil && p.orientation != tt.turn {
				t.Errorf("orientation %d, want %d", p.orientation, tt.turn)
			}
		})
	}
}

// TestAPNGThatIsCutIsRefused cuts in every place: before the end chunk something is missing.
func TestAPNGThatIsCutIsRefused(t *testing.T) {
	t.Parallel()
	var small bytes.Buffer
	src := remapped(decodeSample(t), 30, 40, func(x, y int) (int, int) { return 9 * x, 9 * y })
	if err := png.Encode(&small, grained(src, 3)); err != nil {
		t.Fatal(err)
	}
	whole := small.Bytes()
	for n := range len(whole) - 12 {
		if _, err := decodedFile(whole[:n]); codeOf(t, err) == "" {
			t.Errorf("the first %d of %d bytes are taken for whole", n, len(whole))
		}
	}
}

// TestMemoryOfImages holds the decoders of all formats to the estimate.
func TestMemoryOfImages(t *testing.T) {
	src := repeated(decodeSample(t), 2)
	grey, grey16 := image.NewGray(src.Rect), image.NewGray16(src.Rect)
	clear, deep := image.NewNRGBA(src.Rect), image.NewNRGBA64(src.Rect)
	clear.SetNRGBA(0, 0, color.NRGBA{1, 2, 3, 4})
	deep.SetNRGBA64(0, 0, color.NRGBA64{1, 2, 3, 4})
	indexed := image.NewPaletted(src.Rect, color.Palette{color.Gray{0}, color.Gray{255}})
	for name, data := range map[string][]byte{
		"grey PNG": encodePNG(t, grey), "grey PNG of 16 bits": encodePNG(t, grey16),
		"PNG with a palette": encodePNG(t, indexed), "PNG": encodePNG(t, src), "PNG with transparency": encodePNG(t, clear), "PNG of 16 bits": encodePNG(t, deep),
		"interlaced PNG":             encodeInterlacedPNG(t, src),
		"grey PNG with transparency": withPNGChunk(encodePNG(t, grey), "tRNS", []byte{0, 9}),
		"JPEG":                       encodeJPEG(t, src, 90), "lossless WebP": encodeWebP(src),
	} {
		h, err := readHeader(data, report.Options{}.WithDefaults())
		if err != nil {
			t.Fatal(err)
		}
		before := allocated()
		if _, err := h.decode(true); err != nil {
			t.Fatal(err)
		}
		const tables = 300 << 10
		if got := allocated() - before; got > h.memory+tables || got < h.memory/2 {
			t.Errorf("%s: %d bytes, want about %d", name, got, h.memory)
		}
	}
}

// allocated is how many bytes this process has allocated so far.
func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// TestAPNGInManyPartsIsRefused: what lies between the parts of a picture is left out, but each part
// takes memory.
func TestAPNGInManyPartsIsRefused(t *testing.T) {
	t.Parallel()
	whole := encodePNG(t, decodeSample(t))
	at := bytes.Index(whole, []byte("IDAT")) - 4
	for name, tt := range map[string]struct {
		parts int
		want  report.Code
	}{
		"some chunks between": {20, ""}, "thousands": {100_000, report.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			between := pngChunkOf(pngChunkOf(nil, "IDAT", nil), "tEXt", nil)
			data := slices.Insert(bytes.Clone(whole), at, bytes.Repeat(between, tt.parts)...)
			if _, err := decodedFile(data); codeOf(t, err) != tt.want {
				t.Errorf("%v, want code %q", err, tt.want)
			}
		})
	}
}

// TestALargeGreyPNGIsNotTooLarge: it takes a quarter of the memory of a coloured one.
func TestALargeGreyPNGIsNotTooLarge(t *testing.T) {
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
			data := pngChunkOf([]byte(pngSignature), "IHDR", append(size, tt.depth, tt.colour, 0, 0, 0))
			_, err := open(bytes.NewReader(pngChunkOf(data, "IDAT", nil)), report.Options{}.WithDefaults())
			if got := codeOf(t, err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
