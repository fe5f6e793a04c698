package face

import (
	"bytes"
	"flag"
	"image"
	"runtime"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/report"
)

var soak = flag.Int("soak", 30, "how many scans TestScans_leaveNothingBehind makes; 2000 take a minute or two")

// TestScans_leaveNothingBehind watches goroutines and memory over many scans of all kinds, refusals
// included.
func TestScans_leaveNothingBehind(t *testing.T) {
	src := facetest.DecodeSample(t)
	files := [][]byte{
		facetest.SampleJPEG(t), facetest.EncodePNG(t, src), facetest.EncodeWebP(src), facetest.EncodeJPEG(t, src, 80)[:4000],
		facetest.EncodePNG(t, facetest.Grained(facetest.OnCanvas(90, 90, image.Point{}), 100)),
	}
	scan := func(n int) {
		var group sync.WaitGroup
		for worker := range 2 {
			group.Go(func() {
				for i := worker; i < n; i += 2 {
					_, _, _ = Scan(bytes.NewReader(files[i%len(files)]), report.Options{})
				}
			})
		}
		group.Wait()
	}
	scan(2 * len(files)) // fills the decoders' pools
	goroutines, before := runtime.NumGoroutine(), liveHeap()
	scan(*soak)
	const most = 2 << 20 // bytes; the pools may hold a little more or less
	if after := liveHeap(); after > before+most {
		t.Errorf("%d bytes are live after %d scans, %d before", after, *soak, before)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines after %d scans, %d before", n, *soak, goroutines)
	}
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // the second one empties pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
