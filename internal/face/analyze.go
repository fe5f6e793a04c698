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
	// MaxMemory is how much memory decoding may take, in bytes, estimated from the header; default 256 MiB: enough for a baseline
	// JPEG of 50 megapixels, a PNG of 44, a progressive JPEG or a WebP of about 27.
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
	models, err := loadModels()
	if err != nil {
		return Report{}, err
	}
	p, err := open(r, opts.withDefaults())
	if err != nil {
		return Report{}, err
	}
	m, err := measure(p, models)
	if err != nil {
		return Report{}, err
	}
	return m.report()
}
