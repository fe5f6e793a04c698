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
// The report is the same to the byte for the same bytes and Version. A photo that cannot be
// measured gives a *Refusal; any other error is either r's own or a fault of this build (damaged
// cascades), and not about the photo. Analyze keeps nothing between calls and may be called by any
// number of goroutines at once.
func Analyze(r io.Reader, opts report.Options) (report.Report, error) {
	measured, _, err := analyzed(r, opts, false)
	return measured, err
}

// Scan is like Analyze, with pictures for people, all of PictureNames in that order. The same bytes
// give the same pictures to the byte, as long as the Version and jpegn's encoder stay the same.
// There are none for a photo that is refused.
func Scan(r io.Reader, opts report.Options) (report.Report, []report.Picture, error) {
	measured, m, err := analyzed(r, opts, true)
	if err != nil {
		return report.Report{}, nil, err
	}
	pictures, err := draw.Pictures(m)
	if err != nil {
		return report.Report{}, nil, err
	}
	return measured, pictures, nil
}

// analyzed measures the photo and reports; if pictured, the measurement can be drawn.
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

// Upright decodes a photo as Analyze does, within the same limits, and returns it as people see it:
// turned by its EXIF orientation, opaque, in sRGB, and shrunk to at most side pixels along its
// longer side. It carries nothing of the photo's metadata. The errors are those of Analyze for a
// file that cannot be read.
func Upright(r io.Reader, opts report.Options, side int) (image.Image, error) {
	return photo.Upright(r, opts, side)
}

// LandmarkNames returns the names in Report.Landmarks, in a fixed order. Left and right are as seen
// in the image.
func LandmarkNames() []string { return landmark.PublishedNames() }

// Advice is one of a photo's fixes with the check that it is about.
type Advice = measure.Advice

// AdviceOf returns what the fixes of a Report or a Refusal are about. Both come from the same
// checks: fixes begin with what is rejected and go on with what is warned of, each in the order of
// the checks.
func AdviceOf(checks []report.Check, fixes []string) []Advice { return measure.AdviceOf(checks, fixes) }
