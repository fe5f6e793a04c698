package scan

import "github.com/facescan/facescan/internal/event"

// Reasons of a failed scan, in addition to those of the face engine (report.Code).
const (
	ReasonCrashed   = "analysis_crashed"
	ReasonMissing   = "photo_missing"
	ReasonExpired   = "photo_expired"
	ReasonWithdrawn = "consent_withdrawn"
	// ReasonHeld means that the account was put under review or banned while the scan was under way.
	ReasonHeld = "account_held"
	// ReasonMismatch means that the photo is not the announced one.
	ReasonMismatch = "content_mismatch"
	// ReasonType means that the photo's media type is not the one of its ticket.
	ReasonType = "content_type_mismatch"
	// ReasonEncoded means that the photo was uploaded with a Content-Encoding.
	ReasonEncoded = "content_encoded"
)

// Failure is why a scan failed.
type Failure struct {
	// Code is machine-readable: a report.Code or a reason of this package.
	Code string `firestore:"code" json:"code"`
	// Detail is a sentence for the user.
	Detail string `firestore:"detail" json:"detail"`
	// Fixes are suggestions for a better photo, at most three.
	Fixes []string `firestore:"fixes" json:"fixes"`
}

// FailedEvent returns the event of a failed scan.
func FailedEvent(s Scan) event.ScanFailedV1 {
	return event.ScanFailedV1{UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, Code: s.Failure.Code}
}

// PhotoMissing is the failure of a scan whose photo was deleted before it was read.
var PhotoMissing = Failure{Code: ReasonMissing, Detail: "The photo is not there any more. Please upload it again."}

// TypeName returns the common name of the media type, "" if it has none.
func TypeName(mediaType string) string { return typeNames[mediaType] }

var typeNames = map[string]string{
	"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/heic": "HEIC", "image/heif": "HEIF",
	"image/avif": "AVIF", "image/gif": "GIF", "image/bmp": "BMP", "image/tiff": "TIFF", "application/pdf": "PDF",
	"video/mp4": "MP4", "video/webm": "WebM",
}
