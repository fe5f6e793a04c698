package face

import (
	"bytes"
	"errors"
	"image"
	"testing"
)

// FuzzAnalyze feeds damaged files: each gives a report or a refusal, never a panic, and the same twice.
func FuzzAnalyze(f *testing.F) {
	jpg, src := sampleJPEG(f), decodeSample(f)
	png := encodePNG(f, enlarged(src, 96, 120))
	for _, seed := range [][]byte{
		nil, jpg, jpg[:len(jpg)/2], encodeJPEG(f, src, 60), withJPEGOrientation(encodeJPEG(f, enlarged(src, 80, 100), 60), 6),
		png, withPNGOrientation(png, 5), encodePNG(f, onCanvas(3, 2, image.Point{})), []byte("RIFF\x24\x00\x00\x00WEBPVP8 "),
		[]byte("\x00\x00\x00\x18ftypheic"),
	} {
		f.Add(seed)
	}
	opts := Options{MaxBytes: 1 << 20, MaxPixels: 1 << 18, MaxMemory: 16 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Analyze(bytes.NewReader(data), opts)
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("neither a report nor a refusal: %v", err)
		}
		first := asJSON(t, r)
		again, err2 := Analyze(bytes.NewReader(data), opts)
		if asJSON(t, again) != first || (err == nil) != (err2 == nil) {
			t.Fatal("the second report is another one")
		}
	})
}
