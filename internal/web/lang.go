package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// Langs are the languages of the pages. The first is that of browsers that ask for none of them.
var Langs = []string{"en", "de"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// Lang returns the language of the answer: that of the query's lang, if it is one of [Langs], or
// else the browser's.
func Lang(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); slices.Contains(Langs, asked) {
		return asked
	}
	_, i := language.MatchStrings(matcher, strings.Join(r.Header.Values("Accept-Language"), ","))
	return Langs[i]
}

// WantsHTML reports whether the request asks for a page rather than for JSON, as browsers do: its
// Accept names text/html, with a higher weight than JSON.
func WantsHTML(r *http.Request) bool {
	html, json := weight(r, "text/html"), weight(r, "application/json")
	return html > 0 && html > json
}

// weight returns the weight, 0 to 1, that Accept gives the media type by name, 0 for none.
func weight(r *http.Request, media string) float64 {
	most := 0.0
	for _, one := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		name, params, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(name), media) {
			continue
		}
		most = max(most, quality(params))
	}
	return most
}

// quality returns the weight among the parameters of a media range (RFC 9110, 12.4.2), 1 if it has
// none, and 0 if it cannot be read.
func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || q < 0 || q > 1 {
			return 0
		}
		return q
	}
	return 1
}
