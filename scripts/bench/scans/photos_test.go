package main

import (
	"bytes"
	"errors"
	"image/jpeg"
	"io"
	"testing"
	"testing/iotest"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]int{0: 0, .1: 10, .3: 30, .25: 25, 1: 100} {
		got := map[kind]int{}
		for n := range 100 {
			got[kindOf(n, share)]++
		}
		if n := 100 - got[good]; n < want-1 || n > want { // sums of tenths are rounded
			t.Errorf("%d of 100 are corrupt with a share of %g", n, share)
		}
		for _, k := range damaged {
			if got[k] < want/len(damaged)-1 {
				t.Errorf("%d of 100 are %s with a share of %g", got[k], k, share)
			}
		}
	}
}

func TestPhotos(t *testing.T) {
	t.Parallel()
	p, err := makePhotos(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	one, two := p.file(good, 0), p.file(good, 1)
	first := read(t, one)
	if bytes.Equal(first, read(t, two)) {
		t.Error("two scans have the same photo")
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(first))
	if err != nil || size.Width != width || size.Height != height {
		t.Errorf("a photo of %d by %d: %v", size.Width, size.Height, err)
	}
	if n := len(first); n < 900_000 || n > 1_050_000 {
		t.Errorf("a photo has %d bytes", n)
	}
	if _, _, err := face.Scan(one.open(), report.Options{}); err != nil {
		t.Errorf("a good photo is refused: %v", err)
	}
	for _, k := range damaged {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			f := p.file(k, 3)
			_, _, err := face.Scan(f.open(), report.Options{MaxBytes: scan.MaxBytes})
			if refusal := new(report.Refusal); !errors.As(err, &refusal) || refusal.Code == "" {
				t.Errorf("it is not refused, but: %v", err)
			}
			read(t, f)
		})
	}
}

// read returns all of the file, which can be read again and is as long as it says.
func read(t *testing.T, f file) []byte {
	t.Helper()
	all, err := io.ReadAll(f.open())
	if err != nil || int64(len(all)) != f.size() {
		t.Errorf("%d bytes of %d: %v", len(all), f.size(), err)
	}
	if err := iotest.TestReader(f.open(), all); err != nil {
		t.Error(err)
	}
	return all
}
