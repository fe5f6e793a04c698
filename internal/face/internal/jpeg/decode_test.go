package jpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/jpegtest"
	"pgregory.net/rapid"
)

// decoded reads and decodes a file.
func decoded(data []byte, colours bool) (image.Image, error) {
	f, err := Read(data, func(byte, []byte) {})
	if err != nil {
		return nil, err
	}
	return f.Decode(colours)
}

// picture is something with edges, slopes and grain in all colours.
func picture(w, h int, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 0))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			grain := r.IntN(40)
			c := color.RGBA{uint8(40 + x*150/w + grain), uint8(40 + y*150/h + grain), uint8(100 + grain), 255}
			if dx, dy := 2*x-w, 2*y-h; dx*dx+dy*dy < w*h/3 {
				c.R, c.B = c.B, c.R
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// differences gives the mean and the largest difference of two pictures over all pixels and
// colours, in levels.
func differences(a, b image.Image) (mean float64, most int) {
	size := a.Bounds().Size()
	if size != b.Bounds().Size() {
		return 256, 256
	}
	sum := 0
	for y := range size.Y {
		for x := range size.X {
			p, q := a.Bounds().Min.Add(image.Pt(x, y)), b.Bounds().Min.Add(image.Pt(x, y))
			r1, g1, b1, _ := a.At(p.X, p.Y).RGBA()
			r2, g2, b2, _ := b.At(q.X, q.Y).RGBA()
			for _, d := range []int{int(r1>>8) - int(r2>>8), int(g1>>8) - int(g2>>8), int(b1>>8) - int(b2>>8)} {
				sum, most = sum+max(d, -d), max(most, d, -d)
			}
		}
	}
	return float64(sum) / float64(3*size.X*size.Y), most
}

// TestHowAPhotoIsStoredMakesNoDifference writes the same coefficients in one scan and in all the
// ways there are.
func TestHowAPhotoIsStoredMakesNoDifference(t *testing.T) {
	t.Parallel()
	factor := rapid.IntRange(1, 4)
	rapid.Check(t, func(t *rapid.T) {
		o := jpegtest.Options{Step: rapid.IntRange(1, 30).Draw(t, "step")}
		for range rapid.SampledFrom([]int{1, 3}).Draw(t, "components") {
			o.Sampling = append(o.Sampling, [2]int{factor.Draw(t, "h"), factor.Draw(t, "v")})
		}
		if !interleaves(o.Sampling) {
			t.Skip("more blocks in an MCU than are allowed")
		}
		o.RGB = len(o.Sampling) == 3 && rapid.Bool().Draw(t, "RGB")
		img := picture(rapid.IntRange(1, 70).Draw(t, "width"), rapid.IntRange(1, 70).Draw(t, "height"), 1)
		want, err := decoded(jpegtest.Encode(img, o), true)
		if err != nil {
			t.Fatalf("in one scan: %v", err)
		}
		o.Wide = rapid.Bool().Draw(t, "tables of 16 bits")
		o.Restart = rapid.IntRange(0, 9).Draw(t, "restart interval")
		o.Frame = rapid.SampledFrom([]byte{0xc0, 0xc1, 0xc2}).Draw(t, "frame")
		o.Scans = drawScans(t, len(o.Sampling), o.Frame == 0xc2)
		got, err := decoded(jpegtest.Encode(img, o), true)
		if err != nil {
			t.Fatal(err)
		}
		if mean, most := differences(want, got); most > 0 {
			t.Fatalf("differs by %.2f, at most by %d levels", mean, most)
		}
	})
}

func interleaves(sampling [][2]int) bool {
	blocks := 0
	for _, s := range sampling {
		blocks += s[0] * s[1]
	}
	return len(sampling) == 1 || blocks <= 10
}

// drawScans draws the scans of a photo.
func drawScans(t *rapid.T, components int, progressive bool) (scans []jpegtest.Scan) {
	groups := [][]int{{0}}
	if components == 3 {
		groups = rapid.SampledFrom([][][]int{{{0, 1, 2}}, {{0}, {1}, {2}}, {{0}, {1, 2}}, {{2}, {0, 1}}}).Draw(t, "groups")
	}
	if !progressive {
		for _, g := range groups {
			scans = append(scans, jpegtest.Scan{Components: g, To: 63})
		}
		return scans
	}
	low := rapid.IntRange(0, 3).Draw(t, "bits that follow")
	for bit := low; bit >= 0; bit-- {
		high := bit + 1
		if bit == low {
			high = 0
		}
		for _, g := range groups {
			scans = append(scans, jpegtest.Scan{Components: g, High: high, Low: bit})
		}
		split := rapid.IntRange(1, 62).Draw(t, "end of band")
		for c := range components {
			scans = append(scans, jpegtest.Scan{Components: []int{c}, From: 1, To: split, High: high, Low: bit},
				jpegtest.Scan{Components: []int{c}, From: split + 1, To: 63, High: high, Low: bit})
		}
	}
	return scans
}

// TestPixels_areThoseOfImageJPEG compares with the decoder of Go's own library what that can read.
func TestPixels_areThoseOfImageJPEG(t *testing.T) {
	t.Parallel()
	img := picture(77, 53, 2)
	for name, o := range map[string]jpegtest.Options{
		"grey":        {Step: 4},
		"4:2:0":       {Step: 4, Sampling: jpegtest.YCbCr420()},
		"4:4:4":       {Step: 4, Sampling: [][2]int{{1, 1}, {1, 1}, {1, 1}}},
		"progressive": {Step: 4, Sampling: jpegtest.YCbCr420(), Frame: 0xc2},
		"RGB":         {Step: 4, Sampling: [][2]int{{1, 1}, {1, 1}, {1, 1}}, RGB: true},
		"restarts":    {Step: 4, Sampling: jpegtest.YCbCr420(), Restart: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := jpegtest.Encode(img, o)
			want, err := stdjpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			got, err := decoded(data, true)
			if err != nil {
				t.Fatal(err)
			}
			if mean, most := differences(want, got); mean > 0.1 || most > 4 {
				t.Errorf("differs by %.2f, at most by %d levels", mean, most)
			}
		})
	}
}

// TestWithoutColoursThereIsTheSameGrey compares the two ways to decode.
func TestWithoutColoursThereIsTheSameGrey(t *testing.T) {
	t.Parallel()
	for _, frame := range []byte{0xc0, 0xc2} {
		data := jpegtest.Encode(picture(50, 40, 3), jpegtest.Options{Sampling: jpegtest.YCbCr420(), Frame: frame})
		coloured, err := decoded(data, true)
		if err != nil {
			t.Fatal(err)
		}
		grey, err := decoded(data, false)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(coloured.(*image.YCbCr).Y, grey.(*image.Gray).Pix) {
			t.Errorf("frame %#x: another grey", frame)
		}
	}
}

// placeOf finds the first marker of a kind.
func placeOf(data []byte, marker byte) int {
	return bytes.Index(data, []byte{0xff, marker})
}

// TestTheEndOfAPhoto has what may follow the last scan. Only what belongs to the photo is looked
// at.
func TestTheEndOfAPhoto(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]byte{"baseline": 0xc0, "progressive": 0xc2} {
		whole := jpegtest.Encode(picture(60, 60, 4), jpegtest.Options{Sampling: jpegtest.YCbCr420(), Frame: frame, Step: 3})
		want, err := decoded(whole, true)
		if err != nil {
			t.Fatal(err)
		}
		open := whole[:len(whole)-2]
		film := []byte("\x00\x00\x00\x18ftypmp42\xff\xff\x00\x00\xff\xd9" + strings.Repeat("\xff\x12\x00\x07", 99))
		samsung := []byte("\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data1458170015363SEFHe\x00\x00\x00SEFT")
		for ending, tail := range map[string][]byte{
			"the end marker":                      {0xff, 0xd9},
			"nothing":                             {},
			"half an end marker":                  {0xff},
			"fill bytes":                          {0xff, 0xff, 0xff, 0xd9},
			"a zero to fill a word":               {0, 0, 0, 0xff, 0xd9},
			"bytes too many":                      append(bytes.Repeat([]byte{0x12, 0xff, 0}, 5), 0xff, 0xd9),
			"a restart marker":                    {0xff, 0xd3, 0xff, 0xd9},
			"a comment":                           append(jpegtest.Segment(0xfe, 'h', 'i'), 0xff, 0xd9),
			"a comment that is cut":               jpegtest.Segment(0xfe, 'h', 'i')[:5],
			"a film":                              append([]byte{0xff, 0xd9}, film...),
			"a film without an end marker":        film,
			"another photo":                       append([]byte{0xff, 0xd9}, whole...),
			"another photo without an end":        whole,
			"Samsung's trailer without an end":    samsung,
			"many zeros behind the end":           append([]byte{0xff, 0xd9}, make([]byte, 4000)...),
			"a second scan behind the end":        append([]byte{0xff, 0xd9}, whole[placeOf(whole, 0xda):]...),
			"a text":                              []byte("made by a program that forgets the end"),
			"the same photo twice without an end": bytes.Repeat(whole, 2),
		} {
			t.Run(name+" ends on "+ending, func(t *testing.T) {
				t.Parallel()
				got, err := decoded(append(append([]byte{}, open...), tail...), true)
				if err != nil {
					t.Fatal(err)
				}
				if _, most := differences(want, got); most > 0 {
					t.Error("other pixels")
				}
			})
		}
	}
}

// TestStructuresThatAreRefused has files that no camera writes.
func TestStructuresThatAreRefused(t *testing.T) {
	t.Parallel()
	img := picture(40, 40, 5)
	baseline := jpegtest.Options{Sampling: jpegtest.YCbCr420(), Step: 3}
	progressive := baseline
	progressive.Frame = 0xc2
	whole, layers := jpegtest.Encode(img, baseline), jpegtest.Encode(img, progressive)
	with := func(data []byte, marker byte, more ...byte) []byte { // before the first segment of a kind
		at := placeOf(data, marker)
		return append(append(append([]byte{}, data[:at]...), more...), data[at:]...)
	}
	beforeEnd := func(data []byte, more ...byte) []byte {
		return append(append(append([]byte{}, data[:len(data)-2]...), more...), 0xff, 0xd9)
	}
	frame := whole[placeOf(whole, 0xc0):][:19]
	lastScan := layers[bytes.LastIndex(layers, []byte{0xff, 0xda}) : len(layers)-2]
	bits12, cmyk := bytes.Clone(whole), bytes.Clone(whole)
	bits12[placeOf(whole, 0xc0)+4] = 12
	cmyk[placeOf(whole, 0xc0)+9] = 4
	as := func(frame byte) []byte { return bytes.Replace(whole, []byte{0xff, 0xc0}, []byte{0xff, frame}, 1) }
	script := func(scans ...jpegtest.Scan) []byte {
		o := progressive
		o.Scans = scans
		return jpegtest.Encode(img, o)
	}
	usual := jpegtest.UsualScans()

	for name, tt := range map[string]struct {
		data []byte
		want error // nil stands for damage
	}{
		"nothing":                             {nil, nil},
		"the start marker alone":              {whole[:2], nil},
		"a second start before the scan":      {with(whole, 0xda, 0xff, 0xd8), nil},
		"a second start that hides a scan":    {with(layers, 0xda, 0xff, 0xd8, 0, 4, 0xff, 0xd9), nil},
		"a start behind the scan":             {beforeEnd(whole, 0xff, 0xd8, 0, 4), nil},
		"a restart marker before the scan":    {with(whole, 0xda, 0xff, 0xd0), nil},
		"a marker without content":            {with(whole, 0xda, 0xff, 0x01), nil},
		"a reserved marker":                   {with(whole, 0xda, 0xff, 0x02, 0, 2), nil},
		"an extension's marker":               {with(whole, 0xda, 0xff, 0xf0, 0, 2), nil},
		"two frames":                          {with(whole, 0xda, frame...), nil},
		"two frames, one behind the scan":     {beforeEnd(whole, frame...), nil},
		"no frame":                            {bytes.Replace(whole, frame, nil, 1), nil},
		"the end before the scan":             {with(whole, 0xda, 0xff, 0xd9), nil},
		"a scan too many":                     {beforeEnd(whole, whole[placeOf(whole, 0xda):len(whole)-2]...), nil},
		"a progressive scan too many":         {beforeEnd(layers, lastScan...), nil},
		"a segment shorter than its length":   {with(whole, 0xda, 0xff, 0xfe, 0, 1), nil},
		"a restart interval of three bytes":   {with(whole, 0xda, jpegtest.Segment(0xdd, 0, 0, 0)...), nil},
		"a quantisation table with a zero":    {with(whole, 0xda, jpegtest.Segment(0xdb, make([]byte, 65)...)...), nil},
		"half a quantisation table":           {with(whole, 0xda, jpegtest.Segment(0xdb, make([]byte, 33)...)...), nil},
		"half a Huffman table":                {with(whole, 0xda, jpegtest.Segment(0xc4, make([]byte, 9)...)...), nil},
		"17 bytes too many behind the scan":   {beforeEnd(whole, bytes.Repeat([]byte{7}, 17)...), nil},
		"17 bytes too many between scans":     {betweenScans(layers, 17), nil},
		"a hole where a segment should begin": {with(whole, 0xda, make([]byte, 99)...), nil},
		"the first scan of ten":               {script(usual[:1]...), nil},
		"nine scans of ten":                   {script(usual[:9]...), nil},
		"a scan twice":                        {script(append([]jpegtest.Scan{usual[0]}, usual...)...), nil},
		"a further bit before the first":      {script(append([]jpegtest.Scan{usual[6]}, usual...)...), nil},
		"a progressive scan of DC and AC":     {script(jpegtest.Scan{Components: []int{0}, To: 63}), nil},
		"12 bits":                             {bits12, ErrUnsupported},
		"arithmetic coding":                   {as(0xc9), ErrUnsupported},
		"lossless":                            {as(0xc3), ErrUnsupported},
		"hierarchical":                        {with(whole, 0xc0, jpegtest.Segment(0xde, 0)...), ErrUnsupported},
		"four colours":                        {cmyk, ErrCMYK},
		"more scans than any encoder writes":  {script(manyScans()...), ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decoded(tt.data, true)
			if err == nil {
				t.Fatal("decoded")
			}
			if tt.want == nil && errors.Is(err, ErrUnsupported) || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// betweenScans puts bytes behind the first scan of several.
func betweenScans(layers []byte, n int) []byte {
	first := placeOf(layers, 0xda)
	at := first + placeOf(layers[first:], 0xc4)
	return append(append(bytes.Clone(layers[:at]), bytes.Repeat([]byte{7}, n)...), layers[at:]...)
}

// TestFewBytesBetweenScans_areNotMissed: they are not part of the photo.
func TestFewBytesBetweenScans_areNotMissed(t *testing.T) {
	t.Parallel()
	layers := jpegtest.Encode(picture(40, 40, 5), jpegtest.Options{Sampling: jpegtest.YCbCr420(), Frame: 0xc2})
	if _, err := decoded(betweenScans(layers, 16), true); err != nil {
		t.Error(err)
	}
}

// manyScans is a legal script in which each coefficient has scans of its own for each bit.
func manyScans() (scans []jpegtest.Scan) {
	for bit := 13; bit >= 0; bit-- {
		high := bit + 1
		if bit == 13 {
			high = 0
		}
		scans = append(scans, jpegtest.Scan{Components: []int{0, 1, 2}, High: high, Low: bit})
		for k := 1; k < 64; k++ {
			for c := range 3 {
				scans = append(scans, jpegtest.Scan{Components: []int{c}, From: k, To: k, High: high, Low: bit})
			}
		}
	}
	return scans
}

// TestAFileWithoutTables is a frame of a film: its decoder knows the usual tables.
func TestAFileWithoutTables(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := stdjpeg.Encode(&file, picture(40, 40, 6), nil); err != nil {
		t.Fatal(err)
	}
	from, to := bytes.Index(file.Bytes(), []byte{0xff, 0xc4}), bytes.Index(file.Bytes(), []byte{0xff, 0xda})
	bare := append(bytes.Clone(file.Bytes()[:from]), file.Bytes()[to:]...)
	want, err := decoded(file.Bytes(), true)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decoded(bare, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, most := differences(want, got); most > 0 {
		t.Error("other pixels")
	}
}

// TestMemory holds Decode to what File.Memory says.
func TestMemory(t *testing.T) {
	for name, o := range map[string]jpegtest.Options{
		"grey":             {},
		"4:2:0":            {Sampling: jpegtest.YCbCr420()},
		"progressive":      {Sampling: jpegtest.YCbCr420(), Frame: 0xc2},
		"RGB":              {Sampling: [][2]int{{1, 1}, {1, 1}, {1, 1}}, RGB: true},
		"unusual sampling": {Sampling: [][2]int{{3, 1}, {1, 2}, {1, 1}}},
	} {
		f, err := Read(jpegtest.Encode(picture(333, 333, 7), o), func(byte, []byte) {})
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(t, f)
		if want := f.Memory(); got > want+tableBytes || got < want/2 {
			t.Errorf("%s: %d bytes, want about %d", name, got, want)
		}
	}
}

// allocated is how many bytes decoding a file takes.
func allocated(t *testing.T, f *File) int64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := f.Decode(true); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestTablesThatNoScanUsesTakeNoMemory defines the tables of a file over and over before its scan.
func TestTablesThatNoScanUsesTakeNoMemory(t *testing.T) {
	whole := jpegtest.Encode(picture(40, 33, 7), jpegtest.Options{})
	const tables = 3000
	one := append([]byte{0, 1}, make([]byte, 15+1)...) // a code of one bit, for 0
	flood := jpegtest.Segment(markerDHT, bytes.Repeat(one, tables)...)
	f, err := Read(slices.Insert(bytes.Clone(whole), 2, flood...), func(byte, []byte) {})
	if err != nil {
		t.Fatal(err)
	}
	if got, most := allocated(t, f), f.Memory()+tableBytes; got > most {
		t.Errorf("%d bytes for %d tables, at most %d should be", got, tables, most)
	}
}

// tableBytes is what the tables of a file may take.
const tableBytes = 200 << 10
