package scan

import (
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/sentence"
)

// View is a scan as its owner sees it.
type View struct {
	ID ID `json:"id"`
	// SeriesID is the series of the photo.
	SeriesID   SeriesID       `json:"seriesId,omitempty"`
	State      State          `json:"state"`
	Stage      Stage          `json:"stage,omitempty"`
	Revision   int64          `json:"revision"`
	CreatedAt  string         `json:"createdAt"`
	UpdatedAt  string         `json:"updatedAt"`
	FinishedAt string         `json:"finishedAt,omitempty"`
	Result     map[string]any `json:"result,omitempty"`
	Failure    *FailureView   `json:"failure,omitempty"`
	// DuplicateOf is the earlier scan of the same photo.
	DuplicateOf ID `json:"duplicateOf,omitempty"`
	// Renditions are the requested ones, once the scan is completed.
	Renditions []Rendered `json:"renditions,omitempty"`

	Verification *verificationView `json:"verification,omitempty"`
	Previous     *Previous         `json:"previous,omitempty"`
}

// NewView returns the scan for its owner, with its sentences in the language.
func NewView(s Scan, lang sentence.Lang) View {
	v := View{
		ID: s.ID, SeriesID: s.SeriesID, State: s.State, Stage: s.Stage, Revision: s.Version,
		Result:      showResult(s.tell(lang)),
		DuplicateOf: s.DuplicateOf, Renditions: s.Rendered,
		CreatedAt: httpapi.Time(s.CreatedAt), UpdatedAt: httpapi.Time(s.UpdatedAt), FinishedAt: OptionalTime(s.FinishedAt),
		Verification: showVerification(s.Verification), Previous: s.Previous,
	}
	if s.Failure != nil {
		v.Failure = newFailureView(lang, *s.Failure)
	}
	return v
}
