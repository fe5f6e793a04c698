package report

// Options limits the files that are accepted. A zero field takes its default.
type Options struct {
	// MaxBytes is the largest file, in bytes; default 25 MiB.
	MaxBytes int64
	// MaxPixels is the largest width x height; default 50 million.
	MaxPixels int64
	// MaxSide is the longest side, in pixels; default 12000.
	MaxSide int
	// MaxMemory is the most memory that decoding may take, in bytes, estimated from the header;
	// default 256 MiB: enough for a JPEG or a WebP of 50 megapixels, a PNG of 44, a progressive
	// JPEG or a lossless WebP of about 40.
	MaxMemory int64
	// Stage, where set, is called with the name of each stage of the analysis when it begins, and what
	// it returns when it ends. The report does not depend on it.
	Stage func(name string) (end func())
}

// Begin calls Stage, if it is set.
func (o Options) Begin(stage string) (end func()) {
	if o.Stage == nil {
		return func() {}
	}
	return o.Stage(stage)
}

// WithDefaults returns o with its zero fields set.
func (o Options) WithDefaults() Options {
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
