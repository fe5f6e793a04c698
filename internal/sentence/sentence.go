// Package sentence has the sentences that the API's errors show to people, in English and German.
// The English sentence, which is a format of package fmt, is its own key: code is written in
// English, and a test finds each sentence in the source that lacks its row here.
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
	// Code is the stable name of what the sentence says of a member of a request, for programs. It is
	// empty for the sentence of a whole error, which has the error's code.
	Code string
	// German has the same verbs as the English, in the same order.
	German string
}

// Of returns the row of an English sentence.
func Of(format string, args ...any) (Row, bool) {
	format, _ = key(format, args)
	row, ok := rows[format]
	return row, ok
}

// In returns the sentence in the language, and in English where it has no row.
func In(lang Lang, format string, args ...any) string {
	format, args = key(format, args)
	if row, ok := rows[format]; ok && lang == German {
		format = row.German
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// key returns the sentence itself of one that is nothing but an argument, such as an error.
func key(format string, args []any) (string, []any) {
	if (format == "%s" || format == "%v") && len(args) == 1 {
		return fmt.Sprint(args[0]), nil
	}
	return format, args
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
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if lang := Lang(base); (lang == English || lang == German) && q > weight {
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
		if f.Said.Format == "%s" || f.Said.Format == "%v" {
			continue // the argument is the sentence
		}
		for _, arg := range f.Said.Args {
			f.Params = append(f.Params, fmt.Sprint(arg))
		}
	}
	return said
}
