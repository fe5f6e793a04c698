package photo

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/vp8l"
	"github.com/facescan/facescan/internal/face/report"
	"golang.org/x/image/webp"
)

func TestTheChunksOfAWebP(t *testing.T) {
	t.Parallel()
	lossless := facetest.EncodeWebP(facetest.DecodeSample(t))
	pixels := lossless[20:]
	canvas := []byte{0, 0, 0, 0, 0x3f, 1, 0, 0x8f, 1, 0} // of 320 x 400
	flagged := append([]byte{1 << 4}, canvas[1:]...)
	other := append(bytes.Clone(canvas[:4]), 9, 0, 0, 9, 0, 0)
	lossy := facetest.LossyWebP(t)
	frame := lossy[20:]
	larger := bytes.Clone(lossless)
	binary.LittleEndian.PutUint32(larger[4:], uint32(len(lossless)+1000))
	for name, tt := range map[string]struct {
		data []byte
		want report.Code
	}{
		"a lossless picture":    {lossless, ""},
		"a picture with losses": {lossy, ""},
		"with a canvas":         {facetest.RIFFOf("VP8X", canvas, "VP8L", pixels), ""},
		"with a canvas that speaks of EXIF": {
			facetest.RIFFOf("VP8X", append([]byte{8}, canvas[1:]...), "VP8L", pixels), "",
		},
		"transparency announced and not there": {facetest.RIFFOf("VP8X", flagged, "VP8L", pixels), ""},
		"a canvas of another size":             {facetest.RIFFOf("VP8X", other, "VP8L", pixels), report.Corrupt},
		"an unknown chunk first":               {facetest.RIFFOf("WHAT", []byte("?"), "VP8L", pixels), ""},
		"bytes behind the end":                 {append(bytes.Clone(lossless), "more"...), ""},
		"a size that is too large":             {larger, ""},
		"EXIF that is cut":                     {append(facetest.RIFFOf("VP8L", pixels), "EXIF\xff\x00\x00\x00II"...), ""},
		"no picture":                           {facetest.RIFFOf("VP8X", canvas), report.Corrupt},
		"a picture that is cut":                {lossless[:len(lossless)-3], report.Corrupt},
		"a picture with losses that is cut":    {lossy[:len(lossy)-3], report.Corrupt},
		"half a canvas":                        {facetest.RIFFOf("VP8X", canvas[:4], "VP8L", pixels), report.Corrupt},
		"pixels missing":                       {facetest.RIFFOf("VP8L", pixels[:len(pixels)-9]), report.Corrupt},
		"pixels left over": {
			facetest.RIFFOf("VP8L", append(bytes.Clone(pixels), make([]byte, 9)...)), report.Corrupt,
		},
		"pixels missing of a picture with losses": {facetest.RIFFOf("VP8 ", frame[:len(frame)/2]), report.Corrupt},
		"an animation": {facetest.RIFFOf("VP8X", canvas, "ANIM", make([]byte, 6)), report.UnsupportedFormat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readFile(tt.data)
			if got := facetest.CodeOf(t, err); got != tt.want {
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
	for name, data := range facetest.ModuleFiles(t, "golang.org/x/image", "*lossless.webp") {
		at := bytes.Index(data, []byte("VP8L"))
		pixels := data[at+8:][:binary.LittleEndian.Uint32(data[at+4:])]
		for range 20 {
			n := r.IntN(len(pixels) - 1)
			if _, err := readFile(facetest.RIFFOf("VP8L", pixels[:n])); facetest.CodeOf(t, err) != report.Corrupt {
				t.Errorf("%s: the first %d of %d bytes: %v", name, n, len(pixels), err)
			}
		}
	}
}

// TestManyGroupsOfCodes_areCountedAndRefused has pictures whose codes take more memory and time
// than their pixels.
func TestManyGroupsOfCodes_areCountedAndRefused(t *testing.T) {
	for groups, want := range map[int]report.Code{
		1: "", 60: "", 200: report.UnsupportedFormat, 2600: report.UnsupportedFormat, 2601: report.UnsupportedFormat,
	} {
		data := facetest.ManyGroups(208, 208, groups)
		if _, err := readFile(data); facetest.CodeOf(t, err) != want {
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
		before := facetest.Allocated()
		if _, err := webp.Decode(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		if got := facetest.Allocated() - before; got > cost.Memory()+100<<10 || got < cost.Memory()/2 {
			t.Errorf("%d groups: %d bytes, want about %d", groups, got, cost.Memory())
		}
	}
}
