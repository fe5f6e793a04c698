// Package coach suggests, from a small preview, how the photo could be better before it is taken:
// checks and at most three fixes, most useful first. It gives no score and no geometry, and stores
// nothing: the preview is in memory only during its request.
package coach

import (
	"errors"
	"slices"

	"github.com/facescan/facescan/internal/advice"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/sentence"
)

// Verdict is what to do with a photo like the preview.
type Verdict string

// The verdicts.
const (
	Good    Verdict = "good"    // take it
	Improve Verdict = "improve" // it can be measured, and fixes would make it better
	Retake  Verdict = "retake"  // it would be refused
)

// View is the answer to a preview.
type View struct {
	Verdict Verdict `json:"verdict"`
	// Reason is why a photo would be refused, nil unless Retake.
	Reason *Reason `json:"reason,omitempty"`
	// Checks are the engine's checks, empty if it found no face.
	Checks []Check `json:"checks"`
	// Fixes are at most three, most useful first. There are none if Good.
	Fixes []advice.Fix `json:"fixes"`
}

// Check is a check of the engine. Warn and Reject are absent where it has no such limit.
type Check struct {
	Check   string         `json:"check"`
	Value   float64        `json:"value"`
	Warn    *float64       `json:"warn,omitempty"`
	Reject  *float64       `json:"reject,omitempty"`
	Verdict report.Verdict `json:"verdict"`
}

func newChecks(all []report.Check) []Check {
	checks := make([]Check, len(all))
	for i, c := range all {
		checks[i] = Check(c)
	}
	return checks
}

// Reason is why a photo is refused.
type Reason struct {
	Code   report.Code `json:"code"`
	Detail string      `json:"detail"`
	// Says is what Detail says, sentence by sentence.
	Says []sentence.Part `json:"says"`
}

// answer returns the answer in the language for the engine's report or error. It returns errors
// that are not about the contents of the picture.
func answer(lang sentence.Lang, r report.Report, err error) (View, error) {
	var refusal *report.Refusal
	switch {
	case err == nil:
		a := View{Verdict: Good, Checks: newChecks(r.Quality), Fixes: advice.Of(lang, r.Quality, r.Fixes)}
		if len(a.Fixes) > 0 {
			a.Verdict = Improve
		}
		return a, nil
	case !errors.As(err, &refusal):
		return View{}, err
	}
	if unreadable := []report.Code{
		report.UnsupportedFormat, report.TooLarge, report.Corrupt,
	}; slices.Contains(unreadable, refusal.Code) {
		return View{}, err
	}
	said := sentence.Tell(lang, refusal.Detail)
	a := View{
		Verdict: Retake, Reason: &Reason{Code: refusal.Code, Detail: said.Detail, Says: said.Parts},
		Checks: newChecks(refusal.Quality), Fixes: advice.Of(lang, refusal.Quality, refusal.Fixes),
	}
	if len(a.Fixes) == 0 {
		a.Fixes = []advice.Fix{advice.NewFix(lang, refusal.Detail, advice.Measured)}
	}
	return a, nil
}
