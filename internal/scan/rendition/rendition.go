// Package rendition makes further pictures of a photo as the user asked for them when uploading:
// resized, cropped, in grey, blurred, sharpened, with a watermark, in another format or
// compression. It is pure: a picture in, a file out.
//
// What is asked for is checked before the photo is uploaded ([Validate]), so nothing in it depends
// on the photo: crops are given in fractions of the picture, and resizing never enlarges. The same
// picture and wish give the same bytes, and a file has no metadata, as it is encoded from pixels
// alone.
//
// A rendition reads the caller's picture, and has one copy of it at most that it changes in place:
// make renditions one after the other. [MaxMemory] bounds what one takes. A process that scans a
// photo with all pictures and four renditions of all its pixels stays below 150 MB with 12
// megapixels and below 400 MB with 50, the most that is admitted (TestMemory).
package rendition

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/usertext"
)

// Limits of what can be asked for.
const (
	// MaxRenditions is the most renditions of one photo, MaxOperations the most operations of one
	// rendition.
	MaxRenditions = 5
	MaxOperations = 8
	// MaxSide is the longest side, in pixels, of a rendition and of the picture it is made from.
	MaxSide = 4096
	// MaxWebPSide is the same of a WebP, of which writing takes about 50 bytes a pixel; a larger
	// picture is shrunk to it at last.
	MaxWebPSide = 1280

	minSigma, maxSigma = 0.1, 20.0 // pixels
	maxText            = 40        // code points of a watermark
)

// Rendition is a picture to be made of a photo.
type Rendition struct {
	// Name tells the renditions of a photo apart: 1 to 32 of a-z, 0-9 and "-".
	Name   string `json:"name" firestore:"name" required:"true"`
	Format Format `json:"format" firestore:"format" required:"true"`
	// Quality is that of a JPEG, 1 to 100; 0 is 85. The other formats are written without loss and
	// have none.
	Quality int `json:"quality,omitempty" firestore:"quality,omitempty"`
	// Operations are applied in this order to the upright photo.
	Operations []Operation `json:"operations,omitempty" firestore:"operations,omitempty"`
}

// Operation is one step. Op says which of the other members it has; those must be zero otherwise.
type Operation struct {
	Op Op `json:"op" firestore:"op" required:"true"`

	// Width and Height of Resize, pixels, 0 to MaxSide; 0 is whatever keeps the proportions, and one
	// of them is not 0.
	Width  int `json:"width,omitempty" firestore:"width,omitempty"`
	Height int `json:"height,omitempty" firestore:"height,omitempty"`
	// Fit of Resize says what becomes of the proportions when both are given; "" is FitInside.
	Fit Fit `json:"fit,omitempty" firestore:"fit,omitempty" nonempty:"true"`

	// Left, Top, Right and Bottom are the edges of Crop as fractions of the picture, 0 to 1, from its
	// top left corner.
	Left   float64 `json:"left,omitempty" firestore:"left,omitempty"`
	Top    float64 `json:"top,omitempty" firestore:"top,omitempty"`
	Right  float64 `json:"right,omitempty" firestore:"right,omitempty"`
	Bottom float64 `json:"bottom,omitempty" firestore:"bottom,omitempty"`

	// Sigma of Blur and Sharpen is that of their Gaussian, pixels, 0.1 to 20.
	Sigma float64 `json:"sigma,omitempty" firestore:"sigma,omitempty"`

	// Text of Watermark is 1 to 40 printable characters of Latin, Greek or Cyrillic.
	Text string `json:"text,omitempty" firestore:"text,omitempty"`
	// Position of Watermark; "" is BottomRight.
	Position Position `json:"position,omitempty" firestore:"position,omitempty" nonempty:"true"`
}

// Op names an operation.
type Op string

// The operations. Resize, with Width, Height and Fit, never enlarges: what the picture is too small
// for becomes as large as the picture allows in the same proportions. Crop keeps what lies between
// Left, Top, Right and Bottom, at least one pixel.
const (
	Resize    Op = "resize"
	Crop      Op = "crop"
	Grayscale Op = "grayscale"
	Blur      Op = "blur"
	Sharpen   Op = "sharpen"
	Watermark Op = "watermark"
)

// Fit is how a picture gets into a box of other proportions.
type Fit string

// The fits.
const (
	FitInside Fit = "inside" // all of it within the box
	FitCover  Fit = "cover"  // the box filled, what stands out cut off on both sides alike
	FitFill   Fit = "fill"   // stretched to the box
)

// Position is where a watermark is written.
type Position string

// The positions.
const (
	TopLeft     Position = "top-left"
	TopRight    Position = "top-right"
	BottomLeft  Position = "bottom-left"
	BottomRight Position = "bottom-right"
	Center      Position = "center"
)

// Format is a kind of image file.
type Format string

// The formats. WebP is written without loss, TIFF compressed by Deflate.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	TIFF Format = "tiff"
)

// ContentType returns the format's media type.
func (f Format) ContentType() string { return "image/" + string(f) }

var (
	formats   = []Format{JPEG, PNG, WebP, TIFF}
	ops       = []Op{Resize, Crop, Grayscale, Blur, Sharpen, Watermark}
	fits      = []Fit{FitInside, FitCover, FitFill}
	positions = []Position{TopLeft, TopRight, BottomLeft, BottomRight, Center}

	namePattern = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

// Validate checks what a request asks for in its member "renditions". It fails with invalid_field
// and every faulty member.
func Validate(list []Rendition) error {
	bad := faults{fault.New(fault.CodeInvalidField, "Some members of the renditions are not valid.")}
	if len(list) > MaxRenditions {
		return bad.WithField("/renditions", "must be at most %d", MaxRenditions)
	}
	seen := map[string]bool{}
	for i, r := range list {
		at := "/renditions/" + strconv.Itoa(i)
		bad.check(!seen[r.Name], at+"/name", "must be unique")
		seen[r.Name] = true
		bad.rendition(at, r)
	}
	return bad.Err()
}

// faults gathers faulty members.
type faults struct{ *fault.Error }

func (b faults) check(ok bool, pointer, format string, args ...any) {
	if !ok {
		_ = b.WithField(pointer, format, args...)
	}
}

func (b faults) rendition(at string, r Rendition) {
	b.check(namePattern.MatchString(r.Name), at+"/name", "must be 1 to 32 of a-z, 0-9 and -")
	b.check(slices.Contains(formats, r.Format), at+"/format", "must be one of %s", oneOf(formats))
	b.check(r.Quality >= 0 && r.Quality <= 100, at+"/quality", "must be %d to %d", 1, 100)
	b.check(
		r.Quality == 0 || r.Format == JPEG, at+"/quality", "only a jpeg has one: the other formats are written without loss",
	)
	if len(r.Operations) > MaxOperations {
		b.check(false, at+"/operations", "must be at most %d", MaxOperations)
		return
	}
	count := map[Op]int{}
	for i, o := range r.Operations {
		at := at + "/operations/" + strconv.Itoa(i)
		if !slices.Contains(ops, o.Op) {
			b.check(false, at+"/op", "must be one of %s", oneOf(ops))
			continue
		}
		count[o.Op]++
		b.check(count[o.Op] == 1 || o.Op == Resize || o.Op == Crop, at+"/op", "can be given once only")
		b.operation(at, o)
	}
}

// operation checks the members that the operation has and that the others are absent.
func (b faults) operation(at string, o Operation) {
	rest := o
	rest.Op = ""
	switch o.Op {
	case Resize:
		rest.Width, rest.Height, rest.Fit = 0, 0, ""
		b.resize(at, o)
	case Crop:
		rest.Left, rest.Top, rest.Right, rest.Bottom = 0, 0, 0, 0
		b.span(at, "left", o.Left, "right", o.Right)
		b.span(at, "top", o.Top, "bottom", o.Bottom)
	case Blur, Sharpen:
		rest.Sigma = 0
		b.check(o.Sigma >= minSigma && o.Sigma <= maxSigma, at+"/sigma", "must be 0.1 to 20")
	case Watermark:
		rest.Text, rest.Position = "", ""
		b.check(writable(o.Text), at+"/text", "must be 1 to 40 printable characters of Latin, Greek or Cyrillic")
		b.check(
			o.Position == "" || slices.Contains(positions, o.Position), at+"/position", "must be one of %s", oneOf(positions),
		)
	case Grayscale:
	}
	for _, name := range rest.given() {
		b.check(false, at+"/"+name, "is not a member of %s", o.Op)
	}
}

func (b faults) resize(at string, o Operation) {
	b.check(o.Width >= 0 && o.Width <= MaxSide, at+"/width", "must be 0 to %d", MaxSide)
	b.check(o.Height >= 0 && o.Height <= MaxSide, at+"/height", "must be 0 to %d", MaxSide)
	b.check(o.Width != 0 || o.Height != 0, at+"/width", "must be given, or height")
	b.check(o.Fit == "" || slices.Contains(fits, o.Fit), at+"/fit", "must be one of %s", oneOf(fits))
}

// span checks the two edges of a crop in one direction. NaN fails every comparison.
func (b faults) span(at, low string, from float64, high string, to float64) {
	b.check(from >= 0 && from < 1, at+"/"+low, "must be at least 0 and less than 1")
	b.check(to > 0 && to <= 1, at+"/"+high, "must be more than 0 and at most 1")
	b.check(from < to, at+"/"+high, "must be more than %s", low)
}

// given lists the members that are not zero, but for Op.
func (o Operation) given() []string {
	var names []string
	for _, m := range []struct {
		name  string
		given bool
	}{
		{"width", o.Width != 0}, {"height", o.Height != 0}, {"fit", o.Fit != ""},
		{"left", o.Left != 0}, {"top", o.Top != 0}, {"right", o.Right != 0}, {"bottom", o.Bottom != 0},
		{"sigma", o.Sigma != 0}, {"text", o.Text != ""}, {"position", o.Position != ""},
	} {
		if m.given {
			names = append(names, m.name)
		}
	}
	return names
}

// writable reports whether a watermark can be written: it is a line of text, and the font has every
// character.
func writable(text string) bool {
	if utf8.RuneCountInString(text) > maxText {
		return false
	}
	line, err := usertext.Line(text, maxText)
	return err == nil && line != "" && !strings.ContainsFunc(
		text, func(r rune) bool { return !unicode.IsPrint(r) || !hasGlyph(r) },
	)
}

func oneOf[T ~string](list []T) string {
	var b strings.Builder
	for i, v := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(v))
	}
	return b.String()
}

// inside returns the size that keeps the proportions of w x h and fits into the box, where a 0
// bounds nothing; never larger.
func inside(w, h, boxW, boxH int) (int, int) {
	scale := 1.0
	if boxW > 0 {
		scale = min(scale, float64(boxW)/float64(w))
	}
	if boxH > 0 {
		scale = min(scale, float64(boxH)/float64(h))
	}
	return scaled(w, scale), scaled(h, scale)
}

// reduced returns the largest size in the proportions of the box, both sides of which are given,
// that a picture of w x h has pixels for.
func reduced(w, h, boxW, boxH int) (int, int) {
	scale := min(1, float64(w)/float64(boxW), float64(h)/float64(boxH))
	return scaled(boxW, scale), scaled(boxH, scale)
}

func scaled(side int, scale float64) int { return max(1, int(math.Round(float64(side)*scale))) }
