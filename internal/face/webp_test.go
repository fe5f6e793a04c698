package face

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/vp8l"
	"github.com/facescan/facescan/internal/face/report"
	"golang.org/x/image/webp"
)

func lossyWebP(tb testing.TB) []byte {
	tb.Helper()
	return moduleFiles(tb, "golang.org/x/image", "yellow_rose.lossy.webp")["yellow_rose.lossy.webp"]
}

func TestTheChunksOfAWebP(t *testing.T) {
	t.Parallel()
	lossless := encodeWebP(decodeSample(t))
	pixels := lossless[20:]
	canvas := []byte{0, 0, 0, 0, 0x3f, 1, 0, 0x8f, 1, 0} // of 320 x 400
	flagged := append([]byte{1 << 4}, canvas[1:]...)
	other := append(bytes.Clone(canvas[:4]), 9, 0, 0, 9, 0, 0)
	lossy := lossyWebP(t)
	frame := lossy[20:]
	larger := bytes.Clone(lossless)
	binary.LittleEndian.PutUint32(larger[4:], uint32(len(lossless)+1000))
	for name, tt := range map[string]struct {
		data []byte
		want report.Code
	}{
		"a lossless picture":                      {lossless, ""},
		"a picture with losses":                   {lossy, ""},
		"with a canvas":                           {riffOf("VP8X", canvas, "VP8L", pixels), ""},
		"with a canvas that speaks of EXIF":       {riffOf("VP8X", append([]byte{8}, canvas[1:]...), "VP8L", pixels), ""},
		"transparency announced and not there":    {riffOf("VP8X", flagged, "VP8L", pixels), ""},
		"a canvas of another size":                {riffOf("VP8X", other, "VP8L", pixels), report.Corrupt},
		"an unknown chunk first":                  {riffOf("WHAT", []byte("?"), "VP8L", pixels), ""},
		"bytes behind the end":                    {append(bytes.Clone(lossless), "more"...), ""},
		"a size that is too large":                {larger, ""},
		"EXIF that is cut":                        {append(riffOf("VP8L", pixels), "EXIF\xff\x00\x00\x00II"...), ""},
		"no picture":                              {riffOf("VP8X", canvas), report.Corrupt},
		"a picture that is cut":                   {lossless[:len(lossless)-3], report.Corrupt},
		"a picture with losses that is cut":       {lossy[:len(lossy)-3], report.Corrupt},
		"half a canvas":                           {riffOf("VP8X", canvas[:4], "VP8L", pixels), report.Corrupt},
		"pixels missing":                          {riffOf("VP8L", pixels[:len(pixels)-9]), report.Corrupt},
		"pixels left over":                        {riffOf("VP8L", append(bytes.Clone(pixels), make([]byte, 9)...)), report.Corrupt},
		"pixels missing of a picture with losses": {riffOf("VP8 ", frame[:len(frame)/2]), report.Corrupt},
		"an animation":                            {riffOf("VP8X", canvas, "ANIM", make([]byte, 6)), report.UnsupportedFormat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodedFile(tt.data)
			if got := codeOf(t, err); got != tt.want {
				t.Errorf("%q, want %q: %v", got, tt.want, err)
			}
		})
	}
}

// TestALosslessWebPThatIsCutIsRefused cuts the pixels at random places and leaves the container
// whole.
func TestALosslessWebPThatIsCutIsRefused(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 0))
	for name, data := range moduleFiles(t, "golang.org/x/image", "*lossless.webp") {
		at := bytes.Index(data, []byte("VP8L"))
		pixels := data[at+8:][:binary.LittleEndian.Uint32(data[at+4:])]
		for range 20 {
			n := r.IntN(len(pixels) - 1)
			if _, err := decodedFile(riffOf("VP8L", pixels[:n])); codeOf(t, err) != report.Corrupt {
				t.Errorf("%s: the first %d of %d bytes: %v", name, n, len(pixels), err)
			}
		}
	}
}

// manyGroups writes a lossless WebP that changes between groups of Huffman codes with each square
// of 4 x 4 pixels. The codes have all the symbols that there are, of one length, and the pixels are
// the same ones all over.
func manyGroups(w, h, groups int) []byte {
	b := &bitsOf{data: []byte{0x2f}, n: 8}
	b.add(uint32(w-1), 14)
	b.add(uint32(h-1), 14)
	b.add(0, 1+3+1) // no alpha, version 0, no transform
	b.add(1, 1)
	b.add(11, 4) // a cache of 2048 colours
	b.add(1, 1)  // several groups,
	b.add(0, 3)  // by squares of 4 x 4 pixels
	b.add(0, 1)  // whose picture has no cache
	b.flat(8)    // the low half of a group's number: 256 symbols of 8 bits
	b.flat(8)    // the high half
	b.single(0)
	b.single(0)
	b.single(0)
	n := 0
	for range (w + 3) / 4 * ((h + 3) / 4) {
		b.code(n%groups&255, 8)
		b.code(n%groups>>8, 8)
		n++
	}
	for range groups {
		b.flat(11)
		b.flat(8)
		b.flat(8)
		b.flat(8)
		b.single(0)
	}
	for range w * h {
		b.code(7, 11)
		b.code(7, 8)
		b.code(7, 8)
		b.code(7, 8)
	}
	return riffOf("VP8L", b.data)
}

// flat writes a code in which the first 1<<n symbols of an alphabet have n bits.
func (b *bitsOf) flat(n uint32) {
	lengths := []uint32{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11}
	at := uint32(slices.Index(lengths, n))
	b.add(0, 1)
	b.add(at+1-4, 4) // of the lengths only this one occurs, so it takes no bits
	b.add(0, uint(3*at))
	b.add(1, 3)
	b.add(1, 1) // for so many symbols:
	b.add(5, 3)
	b.add(1<<n-2, 2+2*5)
}

// single writes a code of one symbol.
func (b *bitsOf) single(symbol uint32) {
	b.add(1, 1)
	b.add(0, 1)
	b.add(1, 1)
	b.add(symbol, 8)
}

// code writes a code of n bits, the highest first.
func (b *bitsOf) code(value, n int) {
	for n--; n >= 0; n-- {
		b.add(uint32(value>>n&1), 1)
	}
}

// TestManyGroupsOfCodesAreCountedAndRefused has pictures whose codes take more memory and time than
// their pixels.
func TestManyGroupsOfCodesAreCountedAndRefused(t *testing.T) {
	for groups, want := range map[int]report.Code{
		1: "", 60: "", 200: report.UnsupportedFormat, 2600: report.UnsupportedFormat, 2601: report.UnsupportedFormat,
	} {
		data := manyGroups(208, 208, groups)
		if _, err := decodedFile(data); codeOf(t, err) != want {
			t.Errorf("%d groups: %v, want %q", groups, err, want)
		}
		if want != "" {
			continue
		}
		cost, err := vp8l.ReadCost(data[20:], 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if cost.Groups != groups || cost.Symbols != groups*(2048+3*256+1) {
			t.Errorf("%d groups: %+v", groups, cost)
		}
		before := allocated()
		if _, err := webp.Decode(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		if got := allocated() - before; got > cost.Memory()+100<<10 || got < cost.Memory()/2 {
			t.Errorf("%d groups: %d bytes, want about %d", groups, got, cost.Memory())
		}
	}
}
