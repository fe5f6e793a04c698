package scan

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
)

// Reasons of a failed scan, beside those of the face engine (report.Code).
const (
	ReasonCrashed   = "analysis_crashed"
	ReasonMissing   = "photo_missing"
	ReasonExpired   = "photo_expired"
	ReasonWithdrawn = "consent_withdrawn"
	// ReasonMismatch is for a photo that is not the one that was announced.
	ReasonMismatch = "content_mismatch"
	// ReasonType is for a photo of another media type than its ticket names.
	ReasonType = "content_type_mismatch"
	// ReasonEncoded is for a photo that was put with a Content-Encoding.
	ReasonEncoded = "content_encoded"
)

// Failure is why a scan failed.
type Failure struct {
	// Code is machine-readable: a report.Code or one of the reasons of this package.
	Code string `firestore:"code" json:"code"`
	// Detail is a sentence for the user.
	Detail string `firestore:"detail" json:"detail"`
	// Fixes are what to do for a better photo, at most three.
	Fixes []string `firestore:"fixes" json:"fixes"`
}

// missing is the failure of a scan whose photo went before it was read.
var missing = Failure{Code: ReasonMissing, Detail: "The photo is not there any more. Please upload it again."}

// late is the failure of a scan that did not come to an end in time.
var late = Failure{
	Code:   ReasonExpired,
	Detail: "The photo could not be analysed in time and was deleted. Please upload it again.",
}

// Failures of a measurement.
var (
	crashed = Failure{
		Code:   ReasonCrashed,
		Detail: "The photo could not be analysed. We have been told; please try another photo.",
	}
	mismatch = Failure{
		Code:   ReasonMismatch,
		Detail: "The photo is not the one that was announced. Please upload it again.",
	}
	refused = Failure{
		Code:   ReasonWithdrawn,
		Detail: "You withdrew your consent, so the scan was stopped and its photo deleted.",
	}
	encoded = Failure{
		Code:   ReasonEncoded,
		Detail: "The photo was sent in an encoding that is not read here and was deleted. Please upload it again as it is.",
	}
	tooLarge = Failure{
		Code:   string(report.TooLarge),
		Detail: fmt.Sprintf("This file has more than %d megabytes. Please choose a smaller one.", MaxBytes>>20),
	}
)

// TypeName returns the media type as people know it, "" for one that has no such name.
func TypeName(mediaType string) string { return typeNames[mediaType] }

var typeNames = map[string]string{
	"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/heic": "HEIC", "image/heif": "HEIF",
	"image/avif": "AVIF", "image/gif": "GIF", "image/bmp": "BMP", "image/tiff": "TIFF", "application/pdf": "PDF",
	"video/mp4": "MP4", "video/webm": "WebM",
}

// notTaken is the sentence about a file of a media type that is not one of ContentTypes.
func notTaken(kind string) string {
	name := TypeName(kind)
	switch name {
	case "":
		return "Photos are taken as JPEG, PNG or WebP."
	case "HEIC", "HEIF", "AVIF":
		return "Photos are taken as JPEG, PNG or WebP, not as " + name + ". Convert it on the device."
	}
	return "Photos are taken as JPEG, PNG or WebP, not as " + name + "."
}

// otherType is the failure of a photo whose bytes are not of the announced type.
func otherType(announced, found string) Failure {
	return Failure{Code: ReasonType, Detail: fmt.Sprintf(
		"The photo was announced as %s but is %s. Please upload it again.",
		cmp.Or(TypeName(announced), announced), cmp.Or(TypeName(found), found),
	)}
}

// unfit is the error of a photo that no further attempt would measure.
type unfit struct{ Failure }

// Error returns the code and the sentence.
func (u *unfit) Error() string { return u.Code + ": " + u.Detail }

// failureOf returns the failure that the error of a measurement stands for; ok is false for a
// transient one.
func failureOf(err error) (f Failure, ok bool) {
	var photo *unfit
	var refusal *report.Refusal
	switch {
	case errors.As(err, &photo):
		return photo.Failure, true
	case errors.As(err, &refusal):
		return Failure{Code: string(refusal.Code), Detail: refusal.Detail, Fixes: refusal.Fixes}, true
	case fault.Is(err, fault.CodeAnalysisCrashed):
		return crashed, true
	}
	return Failure{}, false
}
