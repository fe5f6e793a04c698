package usertext

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// maxRunesPerCharacter bounds the code points of a line, as a multiple of its characters: an emoji
// of a family has 7, and a line has few of those.
const maxRunesPerCharacter = 4

// The reasons why a text is not a line.
var (
	ErrBlank     = errors.New("must have a character that can be seen")
	ErrLong      = errors.New("is too long")
	ErrControl   = errors.New("must not have control characters or line breaks")
	ErrInvisible = errors.New("must not have characters that cannot be seen or that change the direction of text")
	ErrNoText    = errors.New("must not have code points that are no characters")
)

// Line returns the text in NFC and without white space at its ends, or an error if it is not a line
// of free text of at most limit characters. Characters are counted as readers do, as the grapheme
// clusters of UAX 29; their code points are bounded at four times as many. The empty text is a
// line; one of nothing but white space and blanks is not.
//
// Control characters and line breaks are refused, and so are private and default-ignorable
// characters and those of the category Cf, which cannot be seen or reorder what others read. The
// exceptions are those that people write with: joiners and selectors in emoji, the tags of a flag,
// joiners behind a virama, the non-joiner between letters of the Arabic family, and the selectors
// of Han and Mongolian. No character may have more than four nonspacing marks.
func Line(text string, limit int) (string, error) {
	if len(text) > limit*maxRunesPerCharacter*4 { // before the work of normalising it
		return "", tooLong(limit)
	}
	line := strings.TrimFunc(norm.NFC.String(text), func(r rune) bool { return unicode.Is(unicode.Zs, r) })
	if line == "" && text != "" {
		return "", ErrBlank
	}
	runes := []rune(line)
	if uniseg.GraphemeClusterCount(line) > limit || len(runes) > limit*maxRunesPerCharacter {
		return "", tooLong(limit)
	}
	for i := range runes {
		if err := judge(runes, i); err != nil {
			return "", fmt.Errorf("%w (%U)", err, runes[i])
		}
	}
	switch {
	case line != "" && !strings.ContainsFunc(line, visible):
		return "", ErrBlank
	case overloaded(line):
		return "", ErrMarks
	}
	return line, nil
}

func tooLong(limit int) error {
	return fmt.Errorf("%w: at most %d characters, and %d code points", ErrLong, limit, limit*maxRunesPerCharacter)
}

// visible reports whether the character is visible by itself.
func visible(r rune) bool {
	const brailleBlank = '\u2800' // a symbol by its category, but blank
	return r != brailleBlank && !unicode.IsSpace(r) && !ignorable(r) && !unicode.In(r, unicode.M, unicode.C)
}

// judge returns an error if the character at i is not allowed there. Unassigned code points are
// allowed, since emoji are newer than Go's tables on many phones.
func judge(runes []rune, i int) error {
	r := runes[i]
	switch {
	case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
		return ErrControl
	case unicode.In(r, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point) || r == unicode.ReplacementChar:
		return ErrNoText
	case !ignorable(r) && !unicode.Is(unicode.Cf, r):
		return nil
	case legitimate(runes, i):
		return nil
	}
	return ErrInvisible
}

// ignorable reports whether the character has the property Default_Ignorable_Code_Point, which the
// standard library does not have, by its derivation in DerivedCoreProperties.txt.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector) &&
		!unicode.In(r, unicode.White_Space, unicode.Prepended_Concatenation_Mark) &&
		(r < 0xFFF9 || r > 0xFFFB) && (r < 0x13430 || r > 0x1343F)
}

const (
	nonJoiner = '\u200C'
	joiner    = '\u200D'
	textStyle = '\uFE0E'
	emojiLook = '\uFE0F'
	keycap    = '\u20E3'
	flag      = '\U0001F3F4'
	tagFirst  = '\U000E0030'
	tagLast   = '\U000E007A'
	tagEnd    = '\U000E007F'
	// virama is the canonical combining class of the signs that join consonants.
	virama = 9
)

// legitimate reports whether the neighbours of the invisible character at i justify it.
func legitimate(runes []rune, i int) bool {
	if i == 0 {
		return false
	}
	switch r, before := runes[i], runes[i-1]; {
	case r == joiner:
		return isVirama(before) || between(runes, i, pictographic)
	case r == nonJoiner:
		return isVirama(before) || between(runes, i, cursive)
	case r == textStyle || r == emojiLook:
		return pictographic(before) || i+1 < len(runes) && runes[i+1] == keycap
	case r >= tagFirst && r <= tagEnd:
		return inFlag(runes, i)
	case unicode.Is(unicode.Variation_Selector, r):
		return unicode.Is(unicode.Han, before) || unicode.Is(unicode.Mongolian, before) && unicode.Is(unicode.Mongolian, r)
	}
	return false
}

// between reports whether the characters on both sides of the one at i are of the kind.
func between(runes []rune, i int, kind func(rune) bool) bool {
	return i+1 < len(runes) && kind(lastBase(runes[:i])) && kind(runes[i+1])
}

func isVirama(r rune) bool { return norm.NFD.PropertiesString(string(r)).CCC() == virama }

// lastBase returns the last character that is neither a mark nor a modifier of an emoji's skin.
func lastBase(runes []rune) rune {
	for i := len(runes) - 1; i >= 0; i-- {
		if r := runes[i]; !unicode.In(r, unicode.M) && (r < 0x1F3FB || r > 0x1F3FF) {
			return r
		}
	}
	return -1
}

// pictographic reports whether the character can be an emoji: a symbol or punctuation mark that is
// not ASCII, or a code point of later versions where emoji are.
func pictographic(r rune) bool {
	return r > unicode.MaxASCII && unicode.In(r, unicode.S, unicode.P) || r >= 0x1F000 && r <= 0x1FAFF
}

// cursive reports whether the character is a letter or mark of a script whose letters join.
func cursive(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M) && unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mandaic,
		unicode.Mongolian, unicode.Nko, unicode.Adlam, unicode.Hanifi_Rohingya)
}

// inFlag reports whether the tag at i belongs to the flag of a region: a black flag, the letters
// and digits of the region's code as tags, such as gbsct, and the tag that ends it.
func inFlag(runes []rune, i int) bool {
	const longest = 6
	start := i
	for start > 0 && runes[start] >= tagFirst && runes[start] <= tagEnd {
		start--
	}
	code := runes[start+1:]
	n := 0
	for n < len(code) && code[n] >= tagFirst && code[n] <= tagLast {
		n++
	}
	return runes[start] == flag && n >= 1 && n <= longest && n < len(code) && code[n] == tagEnd && i <= start+1+n
}
