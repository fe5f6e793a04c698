package usertext

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordList has the insults of 24 languages as keys, a line each. scripts/words writes it.
//
//go:embed words.txt
var wordList string

// List is a list of words that names may not have.
type List struct {
	whole, inside map[string]bool
	// lengths are the lengths of the words of inside, in bytes.
	lengths map[int]bool
}

// longWord is the number of letters, of a key, from which a word is looked for within others.
// Shorter ones are found by chance in places and family names, such as Scunthorpe.
const longWord = 7

// NewList returns the list of the words. Those of less than 3 letters are left out, or of less than
// 2 where words stand without spaces.
func NewList(words ...string) *List {
	l := &List{whole: map[string]bool{}, inside: map[string]bool{}, lengths: map[int]bool{}}
	for _, w := range words {
		key := Key(w)
		n := utf8.RuneCountInString(key)
		if n < 2 || n < 3 && !strings.ContainsFunc(key, unspaced) {
			continue
		}
		l.whole[key] = true
		if n >= longWord && !strings.ContainsFunc(key, unspaced) {
			l.inside[key], l.lengths[len(key)] = true, true
		}
	}
	return l
}

// unspaced reports whether the letter is of a script whose words stand without spaces, so that a
// word's part is often another word.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// Find returns the words of the list that the text has, as their keys: as a word by itself, or
// with digits at its ends, or as the whole text but for its separators; and words of 7 letters or
// more anywhere. Case, look-alikes and accents that are added make no difference.
func (l *List) Find(text string) []string {
	var found []string
	tokens := append(strings.FieldsFunc(text, separates), strings.Join(strings.FieldsFunc(text, separates), ""))
	for _, token := range tokens {
		for _, t := range []string{token, strings.TrimFunc(token, unicode.IsDigit)} {
			for _, key := range []string{Key(t), Key(withoutMarks(t))} {
				if l.whole[key] {
					found = append(found, key)
				}
				found = l.within(found, key)
			}
		}
	}
	return found
}

// within appends the long words that the key has.
func (l *List) within(found []string, key string) []string {
	for i := range key {
		for n := range l.lengths {
			if i+n <= len(key) && l.inside[key[i:i+n]] {
				found = append(found, key[i:i+n])
			}
		}
	}
	return found
}

// separates reports whether the character stands between words.
func separates(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }

func withoutMarks(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(text))
}

var insults = sync.OnceValue(func() *List {
	var words []string
	for line := range strings.Lines(wordList) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			words = append(words, line)
		}
	}
	return NewList(words...)
})

// Insults reports whether the text has a word of the list of insults. The list is of single words:
// what is said by several, or by ordinary ones, is not found.
func Insults(text string) bool { return len(insults().Find(text)) > 0 }
