package rendition

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	"github.com/HugoSmits86/nativewebp"
	"github.com/kovidgoyal/imaging"
	"golang.org/x/image/tiff"
)

// defaultQuality is that of a JPEG for which none was asked.
const defaultQuality = 85

// fineSigma is the largest Gaussian, in pixels, that is computed at full size: a wider one is so smooth that a smaller picture holds it, and
// its time would grow with its width.
const fineSigma = 2.0

// Render makes the rendition of an upright picture; one over MaxSide is shrunk first. The rendition has passed Validate. It keeps nothing of
// the picture but its pixels.
func Render(picture image.Image, r Rendition) ([]byte, error) {
	img := resized(picture, Operation{Width: MaxSide, Height: MaxSide})
	for i, o := range r.Operations {
		next, err := apply(img, o)
		if err != nil {
			return nil, fmt.Errorf("rendition: operation %d: %w", i, err)
		}
		img = next
	}
	data, err := encode(img, r)
	if err != nil {
		return nil, fmt.Errorf("rendition: encode %s: %w", r.Format, err)
	}
	return data, nil
}

func apply(img *image.NRGBA, o Operation) (*image.NRGBA, error) {
	switch o.Op {
	case Resize:
		return resized(img, o), nil
	case Crop:
		return imaging.Crop(img, o.rectangle(img.Rect.Dx(), img.Rect.Dy())), nil
	case Grayscale:
		return imaging.Grayscale(img), nil
	case Blur:
		return blurred(img, o.Sigma), nil
	case Sharpen:
		return sharpened(img, o.Sigma), nil
	case Watermark:
		return watermarked(img, o.Text, o.Position)
	}
	return nil, fmt.Errorf("unknown operation %q", o.Op)
}

func resized(img image.Image, o Operation) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if o.Width == 0 || o.Height == 0 || o.Fit == "" || o.Fit == FitInside {
		newW, newH := inside(w, h, o.Width, o.Height)
		return imaging.Resize(img, newW, newH, imaging.CatmullRom)
	}
	newW, newH := reduced(w, h, o.Width, o.Height)
	if o.Fit == FitCover {
		return imaging.Fill(img, newW, newH, imaging.Center, imaging.CatmullRom)
	}
	return imaging.Resize(img, newW, newH, imaging.CatmullRom)
}

// rectangle is what a crop keeps of w x h pixels.
func (o Operation) rectangle(w, h int) image.Rectangle {
	span := func(from, to float64, side int) (int, int) {
		lo := min(int(math.Round(from*float64(side))), side-1)
		return lo, max(int(math.Round(to*float64(side))), lo+1)
	}
	x0, x1 := span(o.Left, o.Right, w)
	y0, y1 := span(o.Top, o.Bottom, h)
	return image.Rect(x0, y0, x1, y1)
}

func blurred(img *image.NRGBA, sigma float64) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	times := min(sigma/fineSigma, float64(min(w, h)))
	if times <= 1 {
		return imaging.Blur(img, sigma)
	}
	small := imaging.Resize(img, scaled(w, 1/times), scaled(h, 1/times), imaging.Box)
	return imaging.Resize(imaging.Blur(small, sigma/times), w, h, imaging.Linear)
}

// sharpened adds to the picture what a blur takes away (an unsharp mask of amount 1).
func sharpened(img *image.NRGBA, sigma float64) *image.NRGBA {
	soft := blurred(img, sigma)
	for i, v := range img.Pix {
		if i%4 == 3 {
			soft.Pix[i] = v
			continue
		}
		soft.Pix[i] = uint8(min(255, max(0, 2*int(v)-int(soft.Pix[i]))))
	}
	return soft
}

func encode(img *image.NRGBA, r Rendition) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch r.Format {
	case JPEG:
		quality := r.Quality
		if quality == 0 {
			quality = defaultQuality
		}
		err = jpeg.Encode(&b, opaque(img), &jpeg.Options{Quality: quality})
	case PNG:
		err = png.Encode(&b, img)
	case WebP:
		w, h := inside(img.Rect.Dx(), img.Rect.Dy(), MaxWebPSide, MaxWebPSide)
		err = nativewebp.Encode(&b, imaging.Resize(img, w, h, imaging.CatmullRom), nil)
	case TIFF:
		err = tiff.Encode(&b, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	default:
		err = fmt.Errorf("unknown format %q", r.Format)
	}
	return b.Bytes(), err
}

// opaque lays a picture that is transparent somewhere on white, as JPEG has no transparency. Without any, NRGBA and RGBA are the same, and
// the encoder is several times faster with the latter.
func opaque(img *image.NRGBA) *image.RGBA {
	if !img.Opaque() {
		img = imaging.Overlay(imaging.New(img.Rect.Dx(), img.Rect.Dy(), color.White), img, image.Point{}, 1)
	}
	return &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
}
