package report

// Code is the reason why a photo was not analysed. Codes are stable: apps and stored scans compare
// them.
type Code string

// The codes. The first three are about the file, the next five about who is in the photo, the last
// three about the light and the focus.
const (
	UnsupportedFormat Code = "unsupported_format" // not JPEG, PNG or WebP, or a kind of these that is not read
	TooLarge          Code = "too_large"          // more bytes, pixels or memory than Options allow
	Corrupt           Code = "corrupt"            // empty, truncated or damaged
	NoFace            Code = "no_face"
	SeveralFaces      Code = "several_faces"
	FaceTooSmall      Code = "face_too_small"
	FaceTooNear       Code = "face_too_near" // cut off by the edge of the picture, or fills it
	TurnedAway        Code = "turned_away"
	TooDark           Code = "too_dark"
	TooBright         Code = "too_bright"
	Blurred           Code = "blurred"
)

// Refusal is the error for a photo that cannot be measured, as opposed to a fault of this program.
// Use errors.As to match it. The same bytes are always refused in the same way, so a retry cannot
// help.
type Refusal struct {
	Code Code `json:"code"`
	// Detail is a sentence for the person in the photo: what is wrong and what to do.
	Detail string `json:"detail"`
	// Quality holds the checks made before the refusal, in the order of Report.Quality; empty when no
	// face was measured.
	Quality []Check `json:"quality,omitempty"`
	// Fixes are what to do, most useful first, at most three.
	Fixes []string `json:"fixes,omitempty"`

	cause error
}

// Error returns the code, the sentence and, if a decoder failed, the text of its error.
func (r *Refusal) Error() string {
	if r.cause != nil {
		return "face: " + string(r.Code) + ": " + r.Detail + " (" + r.cause.Error() + ")"
	}
	return "face: " + string(r.Code) + ": " + r.Detail
}

// Unwrap returns the decoder's error, if that was the cause.
func (r *Refusal) Unwrap() error { return r.cause }

// Refuse returns the refusal of a photo for its content.
func Refuse(code Code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

// RefuseBecause returns the refusal of a photo that a decoder cannot read. Unwrap returns the
// cause.
func RefuseBecause(code Code, detail string, cause error) *Refusal {
	return &Refusal{Code: code, Detail: detail, cause: cause}
}
