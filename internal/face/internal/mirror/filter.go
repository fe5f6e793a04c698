package mirror

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// withoutLight subtracts the local mean and divides by the local contrast, each from two passes of
// a box filter.
func withoutLight(f []float64, w, h, radius int, floor float64) []float64 {
	mean := smooth(smooth(f, w, h, radius), w, h, radius)
	out, square := make([]float64, len(f)), make([]float64, len(f))
	for i := range f {
		out[i] = f[i] - mean[i]
		square[i] = raster.Sq(out[i])
	}
	variance := smooth(smooth(square, w, h, radius), w, h, radius)
	for i := range out {
		out[i] /= math.Sqrt(max(0, variance[i])) + floor
	}
	return out
}

// smooth returns a box filter of side 2*radius+1; at the border it means what there is.
func smooth(f []float64, w, h, radius int) []float64 {
	rows, out := make([]float64, len(f)), make([]float64, len(f))
	for y := range h {
		slide(f[y*w:], rows[y*w:], w, 1, radius)
	}
	for x := range w {
		slide(rows[x:], out[x:], h, w, radius)
	}
	return out
}

// slide means n values, stride apart, in a sliding window.
//
//go:norace
func slide(src, dst []float64, n, stride, radius int) {
	sum, count := 0.0, 0
	for i := range min(radius, n) {
		sum += src[i*stride]
		count++
	}
	for i := range n {
		if in := i + radius; in < n {
			sum += src[in*stride]
			count++
		}
		if out := i - radius - 1; out >= 0 {
			sum -= src[out*stride]
			count--
		}
		dst[i*stride] = sum / float64(count)
	}
}

// texels adds the gradients: central differences, zero at the border.
func texels(f []float64, w, h int) []texel {
	out := make([]texel, len(f))
	for i, v := range f {
		out[i].v = v
	}
	for y := 1; y < h-1; y++ {
		for i := y*w + 1; i < y*w+w-1; i++ {
			out[i].gx, out[i].gy = (f[i+1]-f[i-1])/2, (f[i+w]-f[i-w])/2
		}
	}
	return out
}

// Mirrored swaps left and right.
func Mirrored(f []float64, w int) []float64 {
	out := make([]float64, len(f))
	for i := range f {
		y, x := i/w, i%w
		out[y*w+w-1-x] = f[i]
	}
	return out
}
