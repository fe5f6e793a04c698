// Package coach suggests, from a small preview, how the photo could be better before it is taken:
// checks and at most three fixes, most useful first. It gives no score and no geometry, and stores
// nothing: the preview is in memory only during its request.
package coach

import (
	"errors"
	"slices"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
)

// Verdict is what to do with a photo like the preview.
type Verdict string

// The verdicts.
const (
	Good    Verdict = "good"    // take it
	Improve Verdict = "improve" // it can be measured, and fixes would make it better
	Retake  Verdict = "retake"  // it would be refused
)

// Gain is the known effect of a fix.
type Gain string

// The gains. None is given in points or in the width of the interval: the standard error of a photo
// depends on all of its conditions, and a preview does not have the photo's pixels to estimate it.
const (
	Measured Gain = "measured" // the photo is refused without it
	Ranked   Gain = "ranked"   // the photo is measured but not ranked without it
)

// View is the answer to a preview.
type View struct {
	Verdict Verdict `json:"verdict"`
	// Reason is why a photo would be refused, nil unless Retake.
	Reason *Reason `json:"reason,omitempty"`
	// Checks are the engine's checks, empty if it found no face.
	Checks []Check `json:"checks"`
	// Fixes are at most three, most useful first. There are none if Good.
	Fixes []Fix `json:"fixes"`
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
}

// Fix is one thing to do.
type Fix struct {
	// Check is the check that it is about, "" if it is about the whole picture.
	Check string `json:"check,omitempty"`
	// Advice is a sentence for the person in the photo.
	Advice string `json:"advice"`
	// Gain is "" if unknown.
	Gain Gain `json:"gain,omitempty"`
}

// answer returns the answer for the engine's report or error. It returns errors that are not about
// the contents of the picture.
func answer(r report.Report, err error) (View, error) {
	var refusal *report.Refusal
	switch {
	case err == nil:
		a := View{Verdict: Good, Checks: newChecks(r.Quality), Fixes: fixes(r.Quality, r.Fixes)}
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
	a := View{
		Verdict: Retake, Reason: &Reason{Code: refusal.Code, Detail: refusal.Detail},
		Checks: newChecks(refusal.Quality), Fixes: fixes(refusal.Quality, refusal.Fixes),
	}
	if len(a.Fixes) == 0 {
		a.Fixes = []Fix{{Advice: refusal.Detail, Gain: Measured}}
	}
	return a, nil
}

func fixes(checks []report.Check, texts []string) []Fix {
	list := []Fix{}
	for _, a := range face.AdviceOf(checks, texts) {
		f := Fix{Check: a.Check, Advice: a.Text}
		switch {
		case a.Rejected:
			f.Gain = Measured
		case a.Ranks:
			f.Gain = Ranked
		}
		list = append(list, f)
	}
	return list
}
