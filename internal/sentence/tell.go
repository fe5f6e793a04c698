package sentence

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Part is what one sentence of a text says, for programs.
type Part struct {
	// Code is the stable name of the sentence, [Other] for one without a row.
	Code string `json:"code"`
	// Params are what the sentence says it of, in its English order.
	Params []string `json:"params,omitempty"`
}

// Other is the code of a sentence without a row, as of a report by an earlier version.
const Other = "other"

// Text is one sentence or more for people.
type Text struct {
	// Detail are the sentences.
	Detail string
	// Parts are what they say, in their order.
	Parts []Part
}

// Told is one sentence for people, and what it says.
type Told struct {
	Code   string   `json:"code"`
	Detail string   `json:"detail"`
	Params []string `json:"params,omitempty"`
}

// Tell returns the English text in the language. From the first sentence on that has no row, it
// stays in English.
func Tell(lang Lang, english string) Text {
	var t Text
	var details []string
	for _, one := range Each(lang, english) {
		details = append(details, one.Detail)
		t.Parts = append(t.Parts, Part{Code: one.Code, Params: one.Params})
	}
	t.Detail = strings.Join(details, " ")
	return t
}

// Each is like [Tell] and returns each sentence by itself, none for an empty text.
func Each(lang Lang, english string) []Told {
	list := []Told{}
	for rest := english; rest != ""; {
		one, after := first(lang, rest)
		list = append(list, one)
		rest = after
	}
	return list
}

// One is like [Tell] for a text that is one sentence.
func One(lang Lang, english string) Told {
	t := Tell(lang, english)
	told := Told{Code: Other, Detail: t.Detail}
	if len(t.Parts) == 1 {
		told.Code, told.Params = t.Parts[0].Code, t.Parts[0].Params
	}
	return told
}

// first takes the first sentence off a text. It is the longest that the text begins with, since a
// row may have several full stops.
func first(lang Lang, text string) (one Told, rest string) {
	var row Row
	var params []string
	length := 0
	for _, p := range patterns() {
		found := p.begins.FindStringSubmatch(text)
		if found == nil || len(found[0]) <= length {
			continue
		}
		row, params, length = p.row, found[1:], len(found[0])
	}
	if length == 0 {
		return Told{Code: Other, Detail: text}, ""
	}
	detail := strings.TrimSuffix(text[:length], " ")
	if lang == German {
		said := slices.Clone(params)
		for i, p := range said {
			said[i] = cmp.Or(edges[p], p)
		}
		detail = inGerman(row.German, said)
	}
	if len(params) == 0 {
		params = nil
	}
	return Told{Code: row.Code, Detail: detail, Params: params}, text[length:]
}

// pattern finds a sentence.
type pattern struct {
	begins  *regexp.Regexp
	english string
	row     Row
}

// patterns find the sentences of prose at the beginning of a text.
var patterns = sync.OnceValue(func() []pattern { return patternsOf(prose, "(?: |$)") })

// anything are the sentences that fit almost any text.
var anything = []string{"is %s", "must be %s", "must be %s or %s"}

// fieldPatterns find the sentences about members with parameters, which are the whole text.
var fieldPatterns = sync.OnceValue(func() []pattern {
	withParams := map[string]Row{}
	for english, row := range rows {
		if row.Code != "" && !slices.Contains(anything, english) && verb.MatchString(english) {
			withParams[english] = row
		}
	}
	return patternsOf(withParams, "$")
})

func patternsOf(of map[string]Row, end string) []pattern {
	var list []pattern
	for english, row := range of {
		source := verb.ReplaceAllStringFunc(regexp.QuoteMeta(english), func(quoted string) string {
			if strings.HasSuffix(quoted, "s") {
				return "(.+?)"
			}
			return `(-?[0-9][0-9.e+]*?)`
		})
		list = append(list, pattern{regexp.MustCompile("^" + source + end), english, row})
	}
	slices.SortFunc(list, func(a, b pattern) int { return strings.Compare(b.english, a.english) })
	return list
}

// verb is a verb of package fmt, as it is or quoted by package regexp.
var verb = regexp.MustCompile(`%(?:\\?\.[0-9]+)?[a-z]`)

// edges are the words of prose that are parameters.
var edges = map[string]string{"left": "linken", "right": "rechten"}

// decimal is a number with decimals.
var decimal = regexp.MustCompile(`^-?[0-9]+\.[0-9]+$`)

// inGerman returns the German sentence of the parameters.
func inGerman(format string, params []string) string {
	if len(params) == 0 {
		return format
	}
	format = place.ReplaceAllStringFunc(format, func(verb string) string {
		if strings.HasSuffix(verb, "q") {
			return verb
		}
		return place.ReplaceAllString(verb, "%${1}s")
	})
	args := make([]any, len(params))
	for i, p := range params {
		args[i] = p
		if decimal.MatchString(p) {
			args[i] = strings.Replace(p, ".", ",", 1)
		}
	}
	return fmt.Sprintf(format, args...)
}
