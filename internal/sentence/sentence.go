// Package sentence has the sentences that the API shows to people, in English and German. The
// English sentence, which is a format of package fmt, is its own key: code is written in English,
// and a test finds each sentence in the source that lacks its row here.
//
// An error keeps its format and arguments until it is answered (see [In]). A report or failure is
// stored as its English text, and the text is taken apart when it is shown (see [Tell]).
//
// The language of an answer is that of the account's locale, then that of Accept-Language, then
// English. The locale comes first since the app sets it, for the user, while the clients of most
// systems send the system's languages as Accept-Language without being asked. So the answers are in
// the language of the inbox, the pushes and the mails, for which there is no request.
package sentence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/fault"
)

// Lang is a language of the sentences.
type Lang string

// The languages.
const (
	English Lang = "en"
	German  Lang = "de"
)

// Row is what there is of a sentence beside its English.
type Row struct {
	// Code is the stable name of what the sentence says, for programs. It is empty for the sentence of
	// a whole error, which has the error's code.
	Code string
	// German has as many verbs as the English. Where their order is another one they have an index.
	German string
}

// Of returns the row of an English sentence.
func Of(format string, args ...any) (Row, bool) {
	format, _ = resolve(format, args)
	row, ok := rows[format]
	return row, ok
}

// In returns the sentence in the language, and in English where it has no row. A sentence that is
// nothing but an argument may be a text as of [Tell].
func In(lang Lang, format string, args ...any) string {
	whole, params := resolve(format, args)
	row, ok := rows[whole]
	switch {
	case !ok && whole != format:
		return Tell(lang, whole).Detail
	case ok && lang == German:
		return inGerman(row.German, params)
	case len(args) == 0:
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Params returns what the sentence says something of, as text.
func Params(format string, args ...any) []string {
	_, params := resolve(format, args)
	return params
}

// resolve returns the format of the sentence and its parameters. Those of one that is nothing but
// an argument, such as an error, are found by its text, which is the format if it has no row.
func resolve(format string, args []any) (string, []string) {
	if (format != "%s" && format != "%v") || len(args) != 1 {
		var params []string
		for _, arg := range args {
			params = append(params, fmt.Sprint(arg))
		}
		return format, params
	}
	text := fmt.Sprint(args[0])
	if _, ok := rows[text]; ok {
		return text, nil
	}
	for _, p := range fieldPatterns() {
		if found := p.begins.FindStringSubmatch(text); found != nil {
			return p.english, found[1:]
		}
	}
	return text, nil
}

// OfLocale returns the language of a locale such as "de-AT", and false if there are no sentences in
// it.
func OfLocale(locale string) (Lang, bool) {
	base, _, _ := strings.Cut(strings.ToLower(locale), "-")
	lang := Lang(base)
	return lang, lang == English || lang == German
}

// Accepted returns the language that a value of Accept-Language (RFC 9110, 12.5.4) prefers, English
// if it prefers neither.
func Accepted(header string) Lang {
	best, weight := English, 0.0
	for one := range strings.SplitSeq(header, ",") {
		tag, parameter, weighted := strings.Cut(strings.TrimSpace(one), ";")
		q := 1.0
		if weighted {
			value, _ := strings.CutPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
			q, _ = strconv.ParseFloat(value, 64) // 0 if it is malformed
		}
		lang, ok := OfLocale(strings.TrimSpace(tag))
		if strings.TrimSpace(tag) == "*" {
			lang, ok = English, true
		}
		if ok && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// Fields returns the fields with their sentences in the language, and the sentences' codes.
func Fields(lang Lang, fields []fault.Field) []fault.Field {
	said := slices.Clone(fields)
	for i := range said {
		f := &said[i]
		row, _ := Of(f.Said.Format, f.Said.Args...)
		f.Detail, f.Code = In(lang, f.Said.Format, f.Said.Args...), row.Code
		f.Params = Params(f.Said.Format, f.Said.Args...)
	}
	return said
}
