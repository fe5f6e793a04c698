package scan

import "github.com/facescan/facescan/internal/scan/rendition"

// Reasons of a rendition that was not made.
const (
	RenditionFailed = "render_failed"
	RenditionLate   = "out_of_time"
	// RenditionTooLarge is for one that would take more than rendition.MaxMemory.
	RenditionTooLarge = "too_large"
)

// Rendered is the outcome of a rendition that was asked for.
type Rendered struct {
	Name   string           `firestore:"name" json:"name"`
	Format rendition.Format `firestore:"format" json:"format"`
	// Failure is why it was not made, "" for one that was.
	Failure string `firestore:"failure" json:"failure,omitempty"`
}
