package face

import (
	"image"
	"io"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/draw"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/report"
)

// Analyze measures the one face in a photo (JPEG, PNG or WebP).
//
// The report is the same to the byte for the same bytes and Version. The error is a *Refusal for a
// photo that cannot be measured. Any other error comes from r or from a fault of this build, such
// as damaged cascades. Analyze keeps no state between calls and is safe for concurrent use.
func Analyze(r io.Reader, opts report.Options) (report.Report, error) {
	measured, _, err := analyzed(r, opts, false)
	return measured, err
}

// Scan is like Analyze and also returns the pictures for people, in the order of PictureNames. The
// same bytes give the same pictures to the byte, as long as the Version and jpegn's encoder stay
// the same. A photo that is refused has no pictures.
func Scan(r io.Reader, opts report.Options) (report.Report, []report.Picture, error) {
	measured, m, err := analyzed(r, opts, true)
	if err != nil {
		return report.Report{}, nil, err
	}
	defer opts.Begin("draw")()
	pictures, err := draw.Pictures(m)
	if err != nil {
		return report.Report{}, nil, err
	}
	return measured, pictures, nil
}

// analyzed measures the photo and returns its report. If pictured is set, the measurement can be
// drawn.
func analyzed(r io.Reader, opts report.Options, pictured bool) (report.Report, *measure.Measurement, error) {
	models, err := cascade.LoadModels()
	if err != nil {
		return report.Report{}, nil, err
	}
	p, err := photo.Open(r, opts.WithDefaults())
	if err != nil {
		return report.Report{}, nil, err
	}
	p.Pictured = pictured
	m, err := measure.OfPhoto(p, models)
	if err != nil {
		return report.Report{}, nil, err
	}
	measured, err := m.Report()
	return measured, m, err
}

// Upright decodes a photo as Analyze does, within the same limits, and returns it as it is
// displayed: turned by its EXIF orientation, opaque, in sRGB, and shrunk to at most side pixels
// along its longer side. It carries no metadata of the photo. The errors are those of Analyze for a
// file that cannot be read.
func Upright(r io.Reader, opts report.Options, side int) (image.Image, error) {
	return photo.Upright(r, opts, side)
}

// LandmarkNames returns the names in Report.Landmarks, in a fixed order. Left and right are as seen
// in the image.
func LandmarkNames() []string { return landmark.PublishedNames() }
