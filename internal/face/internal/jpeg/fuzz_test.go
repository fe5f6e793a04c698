package jpeg

import (
	"image"
	"reflect"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/jpegtest"
)

// FuzzDecode holds the decoder to its word on any bytes: memory as announced, the announced size,
// and nothing read behind the end of the last scan. The time that it takes is measured by the fuzz
// targets of package face.
func FuzzDecode(f *testing.F) {
	img := picture(40, 33, 8)
	for _, o := range []jpegtest.Options{
		{}, {Sampling: jpegtest.YCbCr420(), Step: 5}, {Sampling: jpegtest.YCbCr420(), Step: 5, Restart: 2},
		{Sampling: [][2]int{{1, 1}, {1, 1}, {1, 1}}, Step: 9, Wide: true, Frame: 0xc1, RGB: true},
		{Sampling: jpegtest.YCbCr420(), Step: 5, Scans: []jpegtest.Scan{
			{Components: []int{0}, To: 63}, {Components: []int{1, 2}, To: 63},
		}},
		{Sampling: jpegtest.YCbCr420(), Step: 5, Frame: 0xc2}, {Step: 5, Frame: 0xc2, Restart: 3},
		{Sampling: [][2]int{{2, 1}, {1, 2}, {1, 1}}, Step: 5, Frame: 0xc2},
	} {
		whole := jpegtest.Encode(img, o)
		f.Add(whole)
		f.Add(whole[:len(whole)-2])
		f.Add(append(whole[:len(whole):len(whole)], whole...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(data, func(byte, []byte) {})
		if err != nil || file.Memory() > 4<<20 {
			return
		}
		d := file.newDecoder(true)
		if err := d.decode(); err != nil {
			return
		}
		// The marker that ends the scan is kept: without it, bytes before it may be more of the scan.
		whole, end := d.image(), min(len(data), d.r.pos+2)
		if whole.Bounds() != image.Rect(0, 0, file.Width, file.Height) {
			t.Fatalf("%v decoded, %d x %d announced", whole.Bounds(), file.Width, file.Height)
		}
		alone, err := decoded(data[:end:end], true)
		if err != nil {
			t.Fatalf("without what follows the last scan: %v", err)
		}
		if !reflect.DeepEqual(whole, alone) {
			t.Fatal("other pixels without what follows the last scan")
		}
	})
}
