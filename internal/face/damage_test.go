package face

import (
	"bytes"
	"flag"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/jpegtest"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/report"
)

var damagePlaces = flag.Int("damage", 20, "in how many places TestDamageIsNoticed damages each photo")

// damaged are the ways in which a file of a photo is changed at a random place.
var damaged = []struct {
	name string
	// most is the largest share of such files that may be taken for whole; 1 where a JPEG has no
	// means to tell.
	most   float64
	change func(r *rand.Rand, data []byte) []byte
}{
	{"cut", 0.01, func(r *rand.Rand, data []byte) []byte { return data[:r.IntN(len(data)-2)] }},
	{"cut, with an end marker", 0.01, func(r *rand.Rand, data []byte) []byte {
		return append(bytes.Clone(data[:r.IntN(len(data)-2)]), 0xff, 0xd9)
	}},
	{"2 KB of zeros", 0.01, zeroed(2048)},
	{"8 KB of zeros", 0.01, zeroed(8192)},
	{"zeros to the end", 0.01, zeroed(1 << 30)},
	{"2 KB of ones", 0.01, func(r *rand.Rand, data []byte) []byte {
		return overwritten(r, data, 2048, func() byte { return 0xff })
	}},
	{"2 KB missing", 1, func(r *rand.Rand, data []byte) []byte {
		at := r.IntN(len(data) - 2048)
		return append(bytes.Clone(data[:at]), data[at+2048:]...)
	}},
	{"2 KB of other bytes", 1, func(r *rand.Rand, data []byte) []byte {
		return overwritten(r, data, 2048, func() byte { return byte(r.IntN(255)) })
	}},
	{"1 bit flipped", 1, func(r *rand.Rand, data []byte) []byte {
		data = bytes.Clone(data)
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		return data
	}},
	{"1 byte of another value", 1, func(r *rand.Rand, data []byte) []byte { return flipped(r, data, 1) }},
	{"8 bytes of other values", 1, func(r *rand.Rand, data []byte) []byte { return flipped(r, data, 8) }},
	{"64 bytes of other values", 1, func(r *rand.Rand, data []byte) []byte { return flipped(r, data, 64) }},
	{"1 byte zeroed", 1, zeroed(1)},
	{"8 bytes zeroed", 1, zeroed(8)},
	{"64 bytes zeroed", 1, zeroed(64)},
}

// zeroed writes up to n zeros at a random place.
func zeroed(n int) func(*rand.Rand, []byte) []byte {
	return func(r *rand.Rand, data []byte) []byte { return overwritten(r, data, n, func() byte { return 0 }) }
}

// overwritten writes up to n bytes at a random place.
func overwritten(r *rand.Rand, data []byte, n int, value func() byte) []byte {
	data = bytes.Clone(data)
	at := r.IntN(len(data) - 2)
	for i := range data[at:min(at+n, len(data))] {
		data[at+i] = value()
	}
	return data
}

// flipped changes n bytes in a row, each to another value.
func flipped(r *rand.Rand, data []byte, n int) []byte {
	data = bytes.Clone(data)
	at := r.IntN(len(data) - n)
	for i := range n {
		data[at+i] ^= byte(1 + r.IntN(255))
	}
	return data
}

// TestDamageIsNoticed counts how many files, damaged at random places, are taken for whole. It
// prints the shares with
// -v: "go test ./internal/face -run TestDamageIsNoticed -v -damage 500".
func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	photos := damagedPhotos(t)
	for _, tt := range damaged {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			worst, of, taken := 0, "", 0
			for name, photo := range photos {
				n := 0
				r := rand.New(rand.NewPCG(1, 0))
				for range *damagePlaces {
					if _, err := decodedFile(tt.change(r, photo)); facetest.CodeOf(t, err) == "" {
						n++
					}
				}
				taken += n
				if n > worst {
					worst, of = n, name
				}
			}
			share := float64(taken) / float64(*damagePlaces*len(photos))
			t.Logf("%.2f %% of all, at most %.1f %%: %s", 100*share, 100*float64(worst)/float64(*damagePlaces), of)
			if share > tt.most {
				t.Errorf("%.2f %% are taken for whole, at most %.0f %% may be", 100*share, 100*tt.most)
			}
		})
	}
}

// decodedFile opens and decodes a file within the usual limits.
func decodedFile(data []byte) (*photo.Photo, error) {
	p, err := photo.Open(bytes.NewReader(data), report.Options{}.WithDefaults())
	if err != nil {
		return nil, err
	}
	return p, p.Load()
}

// damagedPhotos are photos as phones and programs store them: of several qualities, with and
// without restarts.
func damagedPhotos(tb testing.TB) map[string][]byte {
	tb.Helper()
	src := facetest.DecodeSample(tb)
	photos := map[string][]byte{}
	for _, o := range []struct {
		name string
		img  image.Image
		jpegtest.Options
	}{
		{"4:2:0, fine", facetest.Grained(src, 4), jpegtest.Options{Step: 2, Sampling: jpegtest.YCbCr420()}},
		{"4:2:0, coarse", facetest.Enlarged(src, 640, 800), jpegtest.Options{Step: 14, Sampling: jpegtest.YCbCr420()}},
		{"4:2:2, restarts", src, jpegtest.Options{Step: 4, Sampling: [][2]int{{2, 1}, {1, 1}, {1, 1}}, Restart: 20}},
		{"4:4:4, finest", src, jpegtest.Options{Step: 1, Sampling: [][2]int{{1, 1}, {1, 1}, {1, 1}}}},
		{"grey, grainy", facetest.Grained(src, 12), jpegtest.Options{Step: 8}},
	} {
		photos["baseline, "+o.name] = jpegtest.Encode(o.img, o.Options)
		o.Frame = 0xc2
		photos["progressive, "+o.name] = jpegtest.Encode(o.img, o.Options)
	}
	photos["baseline, usual tables"] = facetest.EncodeJPEG(tb, facetest.Grained(src, 6), 90)
	photos["progressive, pigo's sample"] = facetest.SampleJPEG(tb)
	for name, data := range photos {
		if _, err := Analyze(
			bytes.NewReader(data), report.Options{},
		); err != nil && facetest.CodeOf(tb, err) == report.Corrupt {
			tb.Fatalf("%s: %v", name, err)
		}
	}
	return photos
}
