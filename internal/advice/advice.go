// Package advice shows what to do for a better photo: the fixes of a report, of a failed scan and
// of the coach, in one shape and in the reader's language.
package advice

import (
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/sentence"
)

// Gain is the known effect of a fix.
type Gain string

// The gains. None is given in points or in the width of the interval: the standard error of a photo
// depends on all of its conditions, and a preview does not have the photo's pixels to estimate it.
const (
	Measured Gain = "measured" // the photo is refused without it
	Ranked   Gain = "ranked"   // the photo is measured but not ranked without it
)

// Fix is one thing to do.
type Fix struct {
	// Code names the advice, and Params are what it says it of.
	Code   string   `json:"code"`
	Params []string `json:"params,omitempty"`
	// Check is the check that it is about, "" if unknown.
	Check string `json:"check,omitempty"`
	// Detail is a sentence for the person in the photo.
	Detail string `json:"detail"`
	// Gain is "" if unknown.
	Gain Gain `json:"gain,omitempty"`
}

// NewFix returns the fix of an English sentence.
func NewFix(lang sentence.Lang, english string, gain Gain) Fix {
	said := sentence.One(lang, english)
	return Fix{Code: said.Code, Params: said.Params, Detail: said.Detail, Gain: gain}
}

// Of returns the fixes of a Report or a Refusal, each with its check. Both come from the same
// checks: fixes begin with what is rejected and go on with what is warned of, each in the order of
// the checks.
func Of(lang sentence.Lang, checks []report.Check, fixes []string) []Fix {
	list := []Fix{}
	for _, v := range [...]report.Verdict{report.VerdictReject, report.VerdictWarn} {
		for _, c := range checks {
			if c.Verdict != v || len(list) == len(fixes) {
				continue
			}
			f := NewFix(lang, fixes[len(list)], gainOf(c))
			f.Check = c.Check
			list = append(list, f)
		}
	}
	for _, text := range fixes[len(list):] { // of a report by other rules
		list = append(list, NewFix(lang, text, ""))
	}
	return list
}

// gainOf returns the gain of what mends the check.
func gainOf(c report.Check) Gain {
	switch {
	case c.Verdict == report.VerdictReject:
		return Measured
	case report.Ranks(c.Check):
		return Ranked
	}
	return ""
}

// OfFailure returns the fixes of a failed scan, of which the checks are not kept. Those that its
// detail names, too, are what it failed for.
func OfFailure(lang sentence.Lang, detail string, fixes []string) []Fix {
	named := map[string]bool{}
	for _, part := range sentence.Tell(lang, detail).Parts {
		named[part.Code] = true
	}
	list := make([]Fix, len(fixes))
	for i, english := range fixes {
		list[i] = NewFix(lang, english, "")
		if named[list[i].Code] && list[i].Code != sentence.Other {
			list[i].Gain = Measured
		}
	}
	return list
}
