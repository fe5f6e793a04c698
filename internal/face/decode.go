package face

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/gen2brain/jpegn"
	"golang.org/x/image/webp"
)

// workingSide is the length in pixels that the longer side of the picture looked at keeps at least, where the file has it. A face
// that fills a third of the frame then still has more than 100 pixels between its pupils.
const workingSide = 1000

// photo is a file whose header has been read and found acceptable.
type photo struct {
	header
	data []byte
	// full is the upright picture, once decoded, turned over if mirrored.
	full *plane
	// mirrored photos are looked at turned over (see plane.leansRight).
	mirrored bool
}

// open reads the bytes and checks them against the limits before anything is decoded. Its errors are refusals, or whatever r
// fails with.
func open(r io.Reader, opts Options) (*photo, error) {
	data, err := io.ReadAll(io.LimitReader(r, opts.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("face: reading the photo: %w", err)
	}
	if int64(len(data)) > opts.MaxBytes {
		return nil, refuse(TooLarge, fmt.Sprintf("This file has more than %d megabytes. Please choose a smaller one.", opts.MaxBytes>>20))
	}
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if err := h.check(opts); err != nil {
		return nil, err
	}
	return &photo{header: h, data: data}, nil
}

// size gives width and height of the upright picture in pixels.
func (p *photo) size() (w, h int) {
	if p.orientation >= 5 {
		return p.height, p.width
	}
	return p.width, p.height
}

// scale gives the largest of 8, 4, 2 and 1 by which the picture can be shrunk with its longer side still at least side pixels.
func (p *photo) scale(side int) int {
	for _, s := range [...]int{8, 4, 2} {
		if max(p.width, p.height)/s >= side {
			return s
		}
	}
	return 1
}

// grey gives the brightness of the upright picture at 1/scale of its size, turned over or not. The plane must not be written to.
func (p *photo) grey(scale int) (*plane, error) {
	if p.full != nil {
		return p.full.shrunk(scale), nil
	}
	img, err := p.decode()
	if err != nil {
		return nil, err
	}
	g := lumaOf(img)
	if p.format == formatWebP && hasVideoLevels(img) {
		g.stretchVideoLevels()
	}
	p.full = g.upright(p.orientation)
	if p.mirrored = p.full.leansRight(); p.mirrored {
		p.full.mirror()
	}
	return p.full.shrunk(scale), nil
}

// hasVideoLevels: a lossy WebP comes as the frame of a video, a lossless one as colours.
func hasVideoLevels(img image.Image) bool {
	switch img.(type) {
	case *image.YCbCr, *image.NYCbCrA:
		return true
	}
	return false
}

// decode calls the decoder of the format by name: image.Decode would take whichever package registered itself first. The
// decoders are other people's code on hostile input, so a panic in one of them means a damaged file.
//
// jpegn could decode at a half, a quarter or an eighth, but v0.4.0 does it wrongly: brightness and contrast come out divided by 4 or 8.
func (p *photo) decode() (img image.Image, err error) {
	defer func() {
		if v := recover(); v != nil {
			img, err = nil, refuseBecause(Corrupt, detailDamaged, fmt.Errorf("decoder panic: %v", v))
		}
	}()
	r := bytes.NewReader(p.data)
	switch p.format {
	case formatJPEG:
		img, err = jpegn.Decode(r)
	case formatPNG:
		img, err = png.Decode(r)
	case formatWebP:
		img, err = webp.Decode(r)
	}
	var unsupported png.UnsupportedError
	switch {
	case errors.Is(err, jpegn.ErrUnsupported), errors.As(err, &unsupported):
		return nil, refuseBecause(UnsupportedFormat, detailUnreadKind, err)
	case err != nil:
		return nil, refuseBecause(Corrupt, detailDamaged, err)
	case img.Bounds().Empty():
		return nil, refuse(Corrupt, detailDamaged)
	}
	return img, nil
}
