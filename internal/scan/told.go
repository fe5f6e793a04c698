package scan

import (
	"maps"

	"github.com/facescan/facescan/internal/advice"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/sentence"
)

// FailureView is a failure in the reader's language.
type FailureView struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Says is what Detail says, sentence by sentence.
	Says  []sentence.Part `json:"says"`
	Fixes []advice.Fix    `json:"fixes"`
}

func newFailureView(lang sentence.Lang, f Failure) *FailureView {
	said := sentence.Tell(lang, f.Detail)
	return &FailureView{
		Code: f.Code, Detail: said.Detail, Says: said.Parts, Fixes: advice.OfFailure(lang, f.Detail, f.Fixes),
	}
}

// Members of a result that are sentences, or have some.
const (
	memberFixes       = "fixes"
	memberNotRankable = "notRankableBecause"
)

// tell returns the scan's result with its sentences in the language, each with its code. Members
// that an old report lacks stay absent.
func (s *Scan) tell(lang sentence.Lang) map[string]any {
	told := maps.Clone(s.Result)
	if texts, ok := told[memberFixes].([]any); ok {
		told[memberFixes] = advice.Of(lang, s.checks(), asTexts(texts))
	}
	if because, ok := told[memberNotRankable].(string); ok {
		told[memberNotRankable] = sentence.Each(lang, because)
	}
	tellEach(told, lang, "notMeasured", "reason")
	tellEach(told, lang, "guard", "detail")
	tellMembers(told, lang, "pace", "detail", "help")
	if image, ok := told["image"].(map[string]any); ok {
		told["image"] = tellProfile(lang, image)
	}
	return told
}

// checks returns the checks of the result, as far as fixes depend on them.
func (s *Scan) checks() []report.Check {
	var checks []report.Check
	for _, c := range s.Outcome().Quality {
		checks = append(checks, report.Check{Check: c.Check, Verdict: report.Verdict(c.Verdict)})
	}
	return checks
}

func asTexts(list []any) []string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i], _ = one.(string)
	}
	return texts
}

// tellEach tells the member of each object in a list of the result.
func tellEach(told map[string]any, lang sentence.Lang, list, member string) {
	stored, ok := told[list].([]any)
	if !ok {
		return
	}
	items := make([]any, len(stored))
	for i, one := range stored {
		items[i] = one
		if item, ok := one.(map[string]any); ok {
			items[i] = tellIn(lang, item, member)
		}
	}
	told[list] = items
}

// tellMembers tells the members of an object in the result.
func tellMembers(told map[string]any, lang sentence.Lang, object string, members ...string) {
	if of, ok := told[object].(map[string]any); ok {
		told[object] = tellIn(lang, of, members...)
	}
}

// tellIn returns the object with the members, which are English texts, in the language.
func tellIn(lang sentence.Lang, of map[string]any, members ...string) map[string]any {
	of = maps.Clone(of)
	for _, member := range members {
		if english, ok := of[member].(string); ok {
			of[member] = sentence.Tell(lang, english).Detail
		}
	}
	return of
}

// tellProfile returns what the result says of the image, with why its colour profile was not
// converted.
func tellProfile(lang sentence.Lang, image map[string]any) map[string]any {
	profile, _ := image["colorProfile"].(map[string]any)
	english, ok := profile["reason"].(string)
	if !ok {
		return image
	}
	image, profile = maps.Clone(image), maps.Clone(profile)
	profile["reason"] = sentence.One(lang, english)
	image["colorProfile"] = profile
	return image
}
