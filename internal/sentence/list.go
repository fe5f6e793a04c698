package sentence

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Entry is a sentence as the guide lists it: the places of its parameters are {1}, {2} and so on.
type Entry struct{ Code, English, German string }

// Sentences returns the sentences of answers that are no errors, sorted by their codes.
func Sentences() []Entry { return entries(prose) }

// OfFields returns the sentences about members of requests, sorted by their codes, of which several
// may be one's.
func OfFields() []Entry { return entries(rows) }

func entries(of map[string]Row) []Entry {
	var list []Entry
	for english, row := range of {
		if row.Code != "" {
			list = append(list, Entry{Code: row.Code, English: numbered(english), German: numbered(row.German)})
		}
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.English, b.English))
	})
	return list
}

// place is a verb of package fmt, perhaps with an index.
var place = regexp.MustCompile(`%(?:\.[0-9]+)?(\[[0-9]\])?[a-z]`)

// numbered returns the format with the number of each parameter in its place.
func numbered(format string) string {
	n := 0
	return place.ReplaceAllStringFunc(format, func(verb string) string {
		n++
		if index := place.FindStringSubmatch(verb)[1]; index != "" {
			return "{" + strings.Trim(index, "[]") + "}"
		}
		return fmt.Sprintf("{%d}", n)
	})
}
