package measure

import "github.com/facescan/facescan/internal/face/report"

// Advice is one of a photo's fixes with the check that it is about.
type Advice struct {
	Check string // one of the Check... names
	Text  string // what to do, a sentence for the person in the photo
	// Rejected: without this the photo is refused. Ranks: without this it is measured, but not ranked.
	Rejected, Ranks bool
}

// AdviceOf returns the checks that the fixes of a Report or a Refusal are about. Both come from the
// same checks: fixes begin with what is rejected and go on with what is warned of, each in the
// order of the checks.
func AdviceOf(checks []report.Check, fixes []string) []Advice {
	var list []Advice
	for _, v := range [...]report.Verdict{report.VerdictReject, report.VerdictWarn} {
		for _, c := range checks {
			if c.Verdict == v && len(list) < len(fixes) {
				list = append(list, Advice{
					Check: c.Check, Text: fixes[len(list)], Rejected: v == report.VerdictReject, Ranks: ranks(c.Check),
				})
			}
		}
	}
	return list
}

// ranks reports whether a warning of a check keeps a photo from being ranked.
func ranks(check string) bool {
	for i := range CheckRules {
		if CheckRules[i].name == check {
			return CheckRules[i].ranks
		}
	}
	return false
}
