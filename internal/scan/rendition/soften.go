package rendition

import (
	"image"
	"math"
)

// fineSigma is the largest Gaussian, in pixels, that is computed at full size: a wider one is so
// smooth that a smaller picture holds it, and its time would grow with its width.
const fineSigma = 2.0

// grey gives every pixel its brightness, by the weights of JPEG.
//
//go:norace
func grey(img *image.RGBA) {
	w := img.Rect.Dx()
	for y := range img.Rect.Dy() {
		for row := img.Pix[y*img.Stride:][:4*w]; len(row) >= 4; row = row[4:] {
			v := uint8((19595*uint32(row[0]) + 38470*uint32(row[1]) + 7471*uint32(row[2]) + 1<<15) >> 16)
			row[0], row[1], row[2] = v, v, v
		}
	}
}

// blur blurs the picture in place.
func blur(img *image.RGBA, sigma float64) {
	soften(img, sigma, func(y int, soft []uint8) { copy(img.Pix[y*img.Stride:], soft) })
}

// sharpen adds to the picture what a blur takes away (an unsharp mask of amount 1), in place.
func sharpen(img *image.RGBA, sigma float64) {
	soften(img, sigma, func(y int, soft []uint8) { addLost(img.Pix[y*img.Stride:], soft) })
}

//go:norace
func addLost(row, soft []uint8) {
	for i, v := range soft {
		row[i] = uint8(min(255, max(0, 2*int(row[i])-int(v))))
	}
}

// soften calls done with each row of the picture blurred, from top to bottom. By then the row is
// not read any more, so that done may change it.
func soften(img *image.RGBA, sigma float64, done func(y int, soft []uint8)) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	side := min(int(math.Ceil(sigma/fineSigma)), w, h)
	if side <= 1 {
		gaussian(img, sigma, done)
		return
	}
	small := boxed(img, side)
	gaussian(small, sigma/float64(side), func(y int, soft []uint8) { copy(small.Pix[y*small.Stride:], soft) })
	enlarge(small, side, w, h, done)
}

// gaussian is soften at full size. It keeps the rows that one row depends on, blurred along
// themselves, in a ring. Beyond the border everything is transparent black: as the picture is
// opaque, the share of a sum that lies in the picture is then what its alpha says.
func gaussian(img *image.RGBA, sigma float64, done func(y int, soft []uint8)) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	weights := gaussianWeights(sigma)
	reach := len(weights) - 1
	ring := make([][]uint16, min(2*reach+1, h))
	for i := range ring {
		ring[i] = make([]uint16, 4*w)
	}
	beyond := make([]uint16, 4*w)
	at := func(y int) []uint16 {
		if y < 0 || y >= h {
			return beyond
		}
		return ring[y%len(ring)]
	}
	wide, sums, soft := make([]uint8, 4*(w+2*reach)), make([]uint32, 4*w), make([]uint8, 4*w)
	next := 0
	for y := range h {
		for ; next <= min(y+reach, h-1); next++ {
			copy(wide[4*reach:], img.Pix[next*img.Stride:][:4*w])
			clear(sums)
			for i, weight := range weights {
				addPair(sums, wide[4*(reach-i):], wide[4*(reach+i):], weight)
			}
			toWords(at(next), sums)
		}
		clear(sums)
		for i, weight := range weights {
			addPair(sums, at(y-i), at(y+i), weight)
		}
		toBytes(soft, sums)
		done(y, soft)
	}
}

// gaussianWeights returns the weights of a pixel's neighbours at distance 0, 1, ... in 1/65536.
// That at 0 is halved, as the pixel is its own neighbour on both sides; twice their sum is 65536.
func gaussianWeights(sigma float64) []uint32 {
	reach := int(math.Ceil(3 * sigma))
	share, sum := make([]float64, reach+1), 0.0
	for i := range share {
		share[i] = math.Exp(-float64(i*i) / (2 * sigma * sigma))
		if i == 0 {
			share[i] /= 2
		}
		sum += share[i]
	}
	weights, rest := make([]uint32, reach+1), uint32(1<<15)
	for i := reach; i > 0; i-- {
		weights[i] = uint32(math.Round(share[i] / sum * (1 << 15)))
		rest -= weights[i]
	}
	weights[0] = rest
	return weights
}

// addPair adds the samples of two rows, weighted.
//
//go:norace
func addPair[T uint8 | uint16](sums []uint32, a, b []T, weight uint32) {
	a, b = a[:len(sums)], b[:len(sums)]
	for i := range sums {
		sums[i] += weight * (uint32(a[i]) + uint32(b[i]))
	}
}

// toWords rounds sums of 65536 times a sample to 256 times it.
//
//go:norace
func toWords(dst []uint16, sums []uint32) {
	for i, v := range sums {
		dst[i] = uint16((v + 1<<7) >> 8)
	}
}

// toBytes rounds sums of 65536 times 256 times a sample, of pixels of which some lie beyond the
// border in part.
//
//go:norace
func toBytes(dst []uint8, sums []uint32) {
	const whole = 255 << 24
	for ; len(sums) >= 4; dst, sums = dst[4:], sums[4:] {
		share := sums[3]
		for i, v := range sums[:4] {
			if share < whole {
				v = uint32(min(whole, (uint64(v)*whole+uint64(share)/2)/uint64(share)))
			}
			dst[i] = uint8((v + 1<<23) >> 24)
		}
	}
}

// enlarge calls done with each row of w x h pixels, between which and those of small, the middles
// of boxes of side x side of them, it goes in straight lines.
func enlarge(small *image.RGBA, side, w, h int, done func(y int, soft []uint8)) {
	across, down := linesTo(w, side, small.Rect.Dx()), linesTo(h, side, small.Rect.Dy())
	mixed, soft := make([]uint32, small.Stride), make([]uint8, 4*w)
	for y, line := range down {
		mixRows(mixed, small.Pix[line.from*small.Stride:], small.Pix[line.to*small.Stride:], line.share)
		mixAlong(soft, mixed, across)
		done(y, soft)
	}
}

// line is the place of a new pixel between two others, share/256 on the way.
type line struct {
	from, to int
	share    uint32
}

// linesTo returns the places of n pixels between the means of each side of them.
func linesTo(n, side, means int) []line {
	lines := make([]line, n)
	for i := range lines {
		at := max(0, (2*i+1)*128/side-128) // 1/256
		from := min(at>>8, means-1)
		lines[i] = line{from: from, to: min(from+1, means-1), share: uint32(at & 255)}
	}
	return lines
}

//go:norace
func mixRows(dst []uint32, from, to []uint8, share uint32) {
	for i := range dst {
		dst[i] = uint32(from[i])*(256-share) + uint32(to[i])*share
	}
}

//go:norace
func mixAlong(dst []uint8, row []uint32, across []line) {
	for x, l := range across {
		from, to := row[4*l.from:][:4], row[4*l.to:][:4]
		pixel := dst[4*x:][:4]
		for i := range pixel {
			pixel[i] = uint8((from[i]*(256-l.share) + to[i]*l.share + 1<<15) >> 16)
		}
	}
}
