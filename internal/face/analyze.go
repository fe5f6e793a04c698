package face

import "io"

// Options limits what is accepted. A zero field takes its default.
type Options struct {
	// MaxBytes is the largest file, in bytes; default 25 MiB.
	MaxBytes int64
	// MaxPixels is the largest width x height; default 50 million.
	MaxPixels int64
	// MaxSide is the longest side, in pixels; default 12000.
	MaxSide int
	// MaxMemory is how much memory decoding may take, in bytes, estimated from the header; default
	// 256 MiB: enough for a JPEG or a WebP of 50 megapixels, a PNG of 44, a progressive JPEG or a
	// lossless WebP of about 40.
	MaxMemory int64
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 25 << 20
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = 50_000_000
	}
	if o.MaxSide <= 0 {
		o.MaxSide = 12_000
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = 256 << 20
	}
	return o
}

// Analyze measures the one face in a photo (JPEG, PNG or WebP).
//
// The report is the same to the byte for the same bytes and Version. A photo that cannot be measured gives a *Refusal; any
// other error is either r's own or a fault of this build (damaged cascades), and not about the photo.
// Analyze keeps nothing between calls and may be called by any number of goroutines at once.
func Analyze(r io.Reader, opts Options) (Report, error) {
	report, _, err := analyzed(r, opts, false)
	return report, err
}

// Scan is Analyze with pictures for people, all of PictureNames in that order. The same bytes give the same pictures to the byte, as
// long as the Version and jpegn's encoder stay the same. There are none for a photo that is refused.
func Scan(r io.Reader, opts Options) (Report, []Picture, error) {
	report, m, err := analyzed(r, opts, true)
	if err != nil {
		return Report{}, nil, err
	}
	pictures, err := m.pictures()
	if err != nil {
		return Report{}, nil, err
	}
	return report, pictures, nil
}

// analyzed measures the photo and reports; if pictured, the measurement can be drawn.
func analyzed(r io.Reader, opts Options, pictured bool) (Report, *measurement, error) {
	models, err := loadModels()
	if err != nil {
		return Report{}, nil, err
	}
	p, err := open(r, opts.withDefaults())
	if err != nil {
		return Report{}, nil, err
	}
	p.pictured = pictured
	m, err := measure(p, models)
	if err != nil {
		return Report{}, nil, err
	}
	report, err := m.report()
	return report, m, err
}
