package scan

import "github.com/facescan/facescan/internal/scan/rendition"

// Reasons of a rendition that was not made.
const (
	RenditionFailed = "render_failed"
	RenditionLate   = "out_of_time"
	// RenditionTooLarge means that it would take more than rendition.MaxMemory.
	RenditionTooLarge = "too_large"
)

// Rendered is the outcome of a requested rendition.
type Rendered struct {
	Name   string           `firestore:"name" json:"name"`
	Format rendition.Format `firestore:"format" json:"format"`
	// Failure is why it was not made, "" if it was.
	Failure string `firestore:"failure" json:"failureCode,omitempty"`
}
