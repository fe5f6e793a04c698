package vp8l

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	xvp8l "golang.org/x/image/vp8l"
)

// pictures reads the lossless pictures of golang.org/x/image's tests.
func pictures(tb testing.TB) map[string][]byte {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image").Output()
	if err != nil {
		tb.Fatalf("go list: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "testdata", "*.lossless.webp"))
	if err != nil || len(names) < 5 {
		tb.Fatalf("%d pictures: %v", len(names), err)
	}
	found := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		at := bytes.Index(data, []byte("VP8L"))
		found[filepath.Base(name)] = data[at+8:][:binary.LittleEndian.Uint32(data[at+4:])]
	}
	return found
}

// TestCost_isWhatDecodingTakes compares with what the decoder allocates.
func TestCost_isWhatDecodingTakes(t *testing.T) {
	for name, data := range pictures(t) {
		cost, err := ReadCost(data, 1<<30)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		img, err := xvp8l.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if size := img.Bounds().Size(); size.X != cost.Width || size.Y != cost.Height {
			t.Errorf("%s: %d x %d pixels, want %v", name, cost.Width, cost.Height, size)
		}
		if got := int64(after.TotalAlloc - before.TotalAlloc); got > cost.Memory() {
			t.Errorf("%s: %d bytes, more than %d", name, got, cost.Memory())
		}
	}
}

func TestDataThatIsCut(t *testing.T) {
	t.Parallel()
	for name, data := range pictures(t) {
		for n := range min(60, len(data)/8) { // the codes alone take more
			if _, err := ReadCost(data[:n], 1<<30); err == nil {
				t.Errorf("%s: no error for the first %d bytes", name, n)
			}
		}
	}
}

// FuzzReadCost reads any bytes: what the decoder reads has a cost, and the decoder keeps to it.
func FuzzReadCost(f *testing.F) {
	for _, data := range pictures(f) {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cost, err := ReadCost(data, 1<<30)
		if err == nil && cost.Memory() > 32<<20 {
			return
		}
		if err != nil && len(data) >= 5 && (data[1] > 127 || data[2] > 1) {
			return // too large to be compared
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, decodeErr := xvp8l.Decode(bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		got := int64(after.TotalAlloc - before.TotalAlloc)
		if decodeErr == nil && err != nil {
			t.Fatalf("the decoder reads what has no cost: %v", err)
		}
		if err == nil && got > cost.Memory()+4096 {
			t.Fatalf("%d bytes, more than %d: %+v", got, cost.Memory(), cost)
		}
	})
}
