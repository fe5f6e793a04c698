package face

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/jpegtest"
	"github.com/facescan/facescan/internal/face/internal/photo"
)

// raceDetected is whether the race detector is at work, with which nothing takes its usual time.
var raceDetected bool

var worstFile = flag.String("worst", "", "a file to which fuzzing writes the inputs that took most time")

// honest is the processor time for a byte or a pixel of an honest photo, by format.
var honest = sync.OnceValue(func() map[photo.Format]time.Duration {
	tb := new(testing.B)
	src := facetest.Grained(facetest.Repeated(facetest.DecodeSample(tb), 2), 7)
	times := map[photo.Format]time.Duration{}
	for kind, data := range map[photo.Format][]byte{
		photo.FormatJPEG: jpegtest.Encode(src, jpegtest.Options{Sampling: jpegtest.YCbCr420(), Step: 4}),
		photo.FormatPNG:  facetest.EncodePNG(tb, src), photo.FormatWebP: facetest.EncodeWebP(src),
	} {
		least := time.Hour
		for range 5 {
			started := processorTime()
			if _, err := decodedFile(data); err != nil {
				panic(err)
			}
			least = min(least, processorTime()-started)
		}
		times[kind] = least * 1000 / time.Duration(len(data)+src.Rect.Dx()*src.Rect.Dy()) // in thousandths
	}
	return times
})

// fuzzedOnce opens and decodes a file and holds it to the memory that its header announces, and to
// twenty times the processor time of an honest photo of as many bytes and pixels.
func fuzzedOnce(t *testing.T, data []byte) (*photo.Photo, error) {
	t.Helper()
	kind, pixels, memory := photo.FormatJPEG, 0, int64(0)
	if h, err := photo.ReadHeader(
		data, fuzzOptions.WithDefaults(),
	); err == nil && h.Check(fuzzOptions.WithDefaults()) == nil {
		kind, pixels, memory = h.Format, h.Width*h.Height, h.Memory
	}
	run := func() (p *photo.Photo, err error) {
		if p, err = photo.Open(bytes.NewReader(data), fuzzOptions.WithDefaults()); err == nil {
			err = p.Load()
		}
		return p, err
	}
	const tables = 300 << 10
	before := facetest.Allocated()
	p, err := run()
	if got, most := facetest.Allocated()-before, memory+int64(
		photo.OwnPlanes*pixels+3*len(data)+photo.MaxICC*2+tables,
	); got > most {
		t.Fatalf("%d bytes were allocated, at most %d should be", got, most)
	}
	if raceDetected {
		return p, err
	}
	const times, free = 20, 3 * time.Millisecond // free for what a file takes at the least
	each := honest()[kind]
	most := free + times*each*time.Duration(len(data)+pixels)/1000
	ratio := func(took time.Duration) float64 {
		return float64(took) * 1000 / float64(len(data)+pixels) / float64(each)
	}
	least := time.Hour
	for try := 0; try < 4 && (least > most || ratio(least) > times/2); try++ {
		started := processorTime()
		_, _ = run()
		least = min(least, processorTime()-started)
	}
	if least > most {
		t.Fatalf("%v for %d bytes and %d pixels, at most %v should be", least, len(data), pixels, most)
	}
	noteWorst(t, data, pixels, least, ratio(least))
	return p, err
}

var worst struct {
	sync.Mutex
	ratio float64
	time  time.Duration
}

// noteWorst writes a new worst time to the file of -worst. Times below a millisecond say nothing.
func noteWorst(t *testing.T, data []byte, pixels int, took time.Duration, ratio float64) {
	t.Helper()
	worst.Lock()
	defer worst.Unlock()
	if *worstFile == "" || took < time.Millisecond || ratio <= worst.ratio && took <= worst.time {
		return
	}
	worst.ratio, worst.time = max(ratio, worst.ratio), max(took, worst.time)
	f, err := os.OpenFile(*worstFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%.1f times an honest photo's for each byte and pixel: %v for %d bytes and %d pixels, %.200q\n",
		ratio, took, len(data), pixels, data)
}
