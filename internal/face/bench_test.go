package face

import (
	"bytes"
	"testing"
)

func BenchmarkAnalyze(b *testing.B) {
	photos := []struct {
		name string
		data []byte
	}{
		{"sample 0.1 MP progressive JPEG", sampleJPEG(b)},
		{"portrait 12 MP baseline JPEG", encodeJPEG(b, enlarged(decodeSample(b), 3000, 3750), 90)},
		{"wall without a face 1 MP", encodeJPEG(b, noise(1000, 1000, 1), 90)},
	}
	for _, p := range photos {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Analyze(bytes.NewReader(p.data), Options{})
			}
		})
	}
}
