package cheat

import (
	"errors"
	"image"
	"math/bits"
	"slices"

	"github.com/corona10/goimagehash/etcs"
	"github.com/corona10/goimagehash/transforms"
	"github.com/kovidgoyal/imaging"

	"github.com/facescan/facescan/internal/face/report"
)

// Observation is what the guard compares of one scan.
type Observation struct {
	// Engine is the major version of the engine. Ratios are compared within one version only.
	Engine int
	// Hash is the perceptual hash of the face, hashBits of them, and Mirrored the hash of the mirrored
	// face.
	Hash, Mirrored []byte
	// Likeness is the correlation, -1 to 1, of the fine texture of one half of the face with the
	// mirror image of the other.
	Likeness float64
	// SeriesID is the series of the scan, "" for none. Content is the keyed hash of the photo, and
	// Version that of the engine. Observe leaves them empty.
	SeriesID, Content, Version string
	// Ratios are lengths of the face over the distance between the pupils, in the order of ratioNames.
	Ratios []float64
}

// innerFace is where the engine's crop (report.PictureCrop: pupils level, 200 pixels apart, in row
// 300 and on both sides of the middle of 600 columns) shows the face from the brows to below the
// mouth, which every way to crop a selfie keeps.
var innerFace = image.Rect(110, 220, 490, 600)

const (
	hashSide  = 16 // frequencies along each side
	hashBits  = hashSide * hashSide
	hashInput = 64 // pixels along each side of the picture that is transformed
)

// errCrop is returned for a picture that is not like report.PictureCrop.
var errCrop = errors.New("guard: the crop is missing or too small")

// Observe returns the observation of a scan from its report and the pixels of the engine's picture
// report.PictureCrop.
func Observe(r report.Report, crop *image.YCbCr) (Observation, error) {
	if crop == nil || !innerFace.In(crop.Rect) {
		return Observation{}, errCrop
	}
	part := brightness(crop, innerFace)
	low := frequencies(part)
	return Observation{
		Engine: report.MajorVersion(), Hash: signs(low), Mirrored: signs(mirrored(low)),
		Likeness: likeness(greys(part)), Ratios: ratiosOf(r.Landmarks),
	}, nil
}

// brightness returns an area of the picture in grey. It shares the picture's memory.
func brightness(picture *image.YCbCr, area image.Rectangle) *image.Gray {
	first := picture.YOffset(area.Min.X, area.Min.Y)
	return &image.Gray{Pix: picture.Y[first:], Stride: picture.YStride, Rect: image.Rectangle{Max: area.Size()}}
}

// frequencies returns the lowest frequencies of the picture's discrete cosine transform, row by
// row, those along x in a row. With signs it makes the pHash of goimagehash, which would transform
// 16 times as many pixels, and once more for the mirror image.
func frequencies(picture image.Image) []float64 {
	pixels := transforms.Rgb2Gray(imaging.Resize(picture, hashInput, hashInput, imaging.Linear))
	return transforms.FlattenPixels(transforms.DCT2D(pixels, hashInput, hashInput), hashSide, hashSide)
}

// mirrored returns the frequencies of the mirrored picture: cosines with an odd number of half
// waves change their sign.
func mirrored(low []float64) []float64 {
	other := slices.Clone(low)
	for i := range other {
		if i%hashSide%2 == 1 {
			other[i] = -other[i]
		}
	}
	return other
}

// signs returns a bit for each frequency, set if it is above the median. The first is the highest
// bit of its byte.
func signs(low []float64) []byte {
	median, hash := etcs.MedianOfPixels(low), make([]byte, hashBits/8)
	for i, v := range low {
		if v > median {
			hash[i/8] |= 0x80 >> (i % 8)
		}
	}
	return hash
}

// distance returns the number of bits in which two hashes differ. Hashes of different lengths
// differ in all.
func distance(a, b []byte) int {
	if len(a) != len(b) {
		return hashBits
	}
	n := 0
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// texture is a grey picture without its coarse and its finest parts.
type texture struct {
	w, h int
	v    []float64
}

func greys(picture *image.Gray) texture {
	t := texture{w: picture.Rect.Dx(), h: picture.Rect.Dy(), v: make([]float64, 0, picture.Rect.Dx()*picture.Rect.Dy())}
	for y := range t.h {
		for _, v := range picture.Pix[y*picture.Stride:][:t.w] {
			t.v = append(t.v, float64(v))
		}
	}
	return t
}

// The band of the texture, as radii of box filters in pixels, and the range around the middle of
// the crop in which the middle of the face is searched.
const (
	fineRadius, coarseRadius = 1, 4
	middleSearch             = 6 // pixels
)

// likeness returns the correlation of the texture with its mirror image, at the middle where they
// agree best. The halves of a real face share coarse shapes, but neither pores nor hairs.
func likeness(picture texture) float64 {
	fine, coarse := picture.smoothed(fineRadius), picture.smoothed(coarseRadius)
	for i := range fine.v {
		fine.v[i] -= coarse.v[i]
	}
	best := -1.0
	for shift := -middleSearch; shift <= middleSearch; shift++ {
		best = max(best, fine.mirrorCorrelation(shift))
	}
	return best
}

// mirrorCorrelation compares the column x with w-1-x+shift.
func (t texture) mirrorCorrelation(shift int) float64 {
	var cross, square float64
	for y := range t.h {
		row := t.v[y*t.w:][:t.w]
		for x, v := range row {
			if other := t.w - 1 - x + shift; other >= 0 && other < t.w {
				cross += v * row[other]
				square += v * v
			}
		}
	}
	if square == 0 {
		return 0
	}
	return cross / square
}

// smoothed returns the mean over squares of 2*radius+1 pixels. The border is repeated.
func (t texture) smoothed(radius int) texture {
	return t.averaged(radius, 1, t.w, t.h, t.w).averaged(radius, t.w, t.h, t.w, 1)
}

// averaged returns running means along lines of n values that are step apart. The lines are next
// apart.
func (t texture) averaged(radius, step, n, lines, next int) texture {
	out := texture{w: t.w, h: t.h, v: make([]float64, len(t.v))}
	for line := range lines {
		at := func(i int) float64 { return t.v[line*next+min(max(i, 0), n-1)*step] }
		sum := 0.0
		for i := -radius; i <= radius; i++ {
			sum += at(i)
		}
		for i := range n {
			out.v[line*next+i*step] = sum / float64(2*radius+1)
			sum += at(i+radius+1) - at(i-radius)
		}
	}
	return out
}
