package face

import (
	"bytes"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/jpegtest"
	"github.com/facescan/facescan/internal/face/report"
)

// TestWholePhoto_givesItsReport however phones and programs end it, to the byte.
func TestWholePhoto_givesItsReport(t *testing.T) {
	t.Parallel()
	src := facetest.Grained(facetest.DecodeSample(t), 3)
	encode := func(frame byte, restart int) []byte {
		return jpegtest.Encode(src, jpegtest.Options{Sampling: jpegtest.YCbCr420(), Step: 4, Frame: frame, Restart: restart})
	}
	whole := encode(0xc0, 0)
	want := facetest.AsJSON(t, analyze(t, whole))
	film := "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + strings.Repeat("\x12\xff\xd9\xff\xda\x00\x0c mdat", 500)
	samsung := "\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data1458170015363SEFHe\x00\x00\x00\x01\x00\x00\x00SEFT"
	open := func(data []byte) []byte { return data[: len(data)-2 : len(data)-2] }
	small := jpegtest.Encode(facetest.Remapped(src, 40, 50, func(x, y int) (int, int) { return 8 * x, 8 * y }),
		jpegtest.Options{Step: 9})
	mpf := facetest.WithSegments(whole, 0xe2, []byte("MPF\x00II*\x00\x08\x00\x00\x00\x00\x00"))
	thumbnail := append([]byte(exif.Prefix+"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), small...)
	separate := jpegtest.Options{Sampling: jpegtest.YCbCr420(), Step: 4, Scans: []jpegtest.Scan{
		{Components: []int{0}, To: 63}, {Components: []int{1}, To: 63}, {Components: []int{2}, To: 63},
	}}
	wide := jpegtest.Options{Sampling: jpegtest.YCbCr420(), Step: 4, Wide: true, Frame: 0xc1}

	for name, data := range map[string][]byte{
		"without an end":                               open(whole),
		"half an end":                                  append(open(whole), 0xff),
		"a film behind it":                             append(bytes.Clone(whole), film...),
		"a film instead of an end":                     append(open(whole), film...),
		"Samsung's trailer":                            append(bytes.Clone(whole), samsung...),
		"Samsung's trailer instead of an end":          append(open(whole), samsung...),
		"a gain map":                                   append(bytes.Clone(mpf), small...),
		"a gain map, and no end":                       append(open(mpf), small...),
		"another photo behind it":                      append(bytes.Clone(whole), whole...),
		"restarts":                                     encode(0xc0, 7),
		"progressive":                                  encode(0xc2, 0),
		"progressive, without an end":                  open(encode(0xc2, 0)),
		"progressive with restarts":                    encode(0xc2, 7),
		"progressive with restarts, a film for an end": append(open(encode(0xc2, 7)), film...),
		"a scan for each colour":                       jpegtest.Encode(src, separate),
		"quantisation tables of 16 bits in SOF1":       jpegtest.Encode(src, wide),
		"comments of all sizes":                        facetest.WithSegments(whole, 0xfe, nil, make([]byte, 0xffff-2)),
		"metadata of a megabyte": facetest.WithSegments(
			whole, 0xe2, facetest.ICCSegments(make([]byte, 1<<20))[1:]...,
		),
		"an end that encoders in hardware fill up":         append(open(whole), 0, 0, 0, 0xff, 0xd9),
		"a restart marker before the end":                  append(open(whole), 0xff, 0xd5, 0xff, 0xd9),
		"a thumbnail in the EXIF, with markers of its own": facetest.WithSegments(whole, 0xe1, thumbnail),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Analyze(bytes.NewReader(data), report.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := facetest.AsJSON(t, r); got != want {
				t.Errorf("another report:\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestWhatIsDamagedSaysSo has the damage that uploads suffer, each time with an end marker.
func TestWhatIsDamagedSaysSo(t *testing.T) {
	t.Parallel()
	src := facetest.Grained(facetest.DecodeSample(t), 3)
	o := jpegtest.Options{Sampling: jpegtest.YCbCr420(), Step: 4}
	whole := jpegtest.Encode(src, o)
	o.Restart = 5
	restarts := jpegtest.Encode(src, o)
	o.Restart, o.Frame = 0, 0xc2
	layers := jpegtest.Encode(src, o)
	ended := func(data []byte) []byte { return append(bytes.Clone(data), 0xff, 0xd9) }
	hole := func(data []byte) []byte {
		data = bytes.Clone(data)
		clear(data[len(data)/2:][:2048])
		return data
	}
	without := func(data []byte, from, to int) []byte { return append(bytes.Clone(data[:from]), data[to:]...) }
	place := func(marker byte) int { return bytes.Index(restarts, []byte{0xff, marker}) }
	secondScan := bytes.LastIndex(layers[:len(layers)/2], []byte{0xff, 0xda})

	for name, data := range map[string][]byte{
		"cut at 70 %":                     ended(whole[:len(whole)*7/10]),
		"cut in the last block":           ended(whole[:len(whole)-5]),
		"2 KB of zeros":                   hole(whole),
		"2 KB of zeros among restarts":    hole(restarts),
		"2 KB of zeros, progressive":      hole(layers),
		"2 KB missing":                    without(whole, len(whole)/2, len(whole)/2+2048),
		"restarts missing":                without(restarts, place(0xd2), place(0xd4)),
		"some scans of a progressive one": ended(layers[:secondScan]),
		"a film behind a photo cut short": append(ended(whole[:len(whole)/2]), "\x00\x00\x00\x18ftypmp42"...),
		"a photo behind one cut short":    append(ended(whole[:len(whole)/2]), whole...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Analyze(bytes.NewReader(data), report.Options{})
			if facetest.CodeOf(t, err) != report.Corrupt || !strings.Contains(err.Error(), "not uploaded completely") {
				t.Errorf("%v", err)
			}
		})
	}
}
