package usertext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// scripts is a set of scripts, a bit each. The constants are generated.
type scripts uint64

const (
	// The writing systems of several scripts, which UTS 39 (5.1) adds to the sets of their
	// characters.
	writingHanb scripts = 1 << (63 - iota) // Han and Bopomofo
	writingJpan                            // Han, Hiragana and Katakana
	writingKore                            // Han and Hangul

	// everyScript is the set of characters that go with all scripts, those of Common and Inherited.
	everyScript = ^scripts(0)
)

// span is a range of characters that the same scripts use.
type span struct {
	first, last rune
	scripts     scripts
}

// The reasons why a text is not an identifier.
var (
	ErrEmpty        = errors.New("must not be empty")
	ErrCharacter    = errors.New("must consist of letters and digits of scripts in modern use and of . _ -")
	ErrStart        = errors.New("must begin with a letter or a digit")
	ErrMixedScripts = errors.New("must not mix scripts whose letters may look alike")
	ErrMixedDigits  = errors.New("must not mix digits of several scripts")
	ErrMarks        = errors.New("must not have more than 4 marks on a letter, or one of them twice")
)

// maxMarks is how many nonspacing marks may follow one another, by UTS 39, 5.4.
const maxMarks = 4

// Identifier returns an error unless the text, which must be in NFKC, is an identifier. Identifiers
// are the default identifiers of UAX 31 whose characters have the Identifier_Status Allowed of UTS
// 39, with the separators between them. They are highly restrictive in the sense of UTS 39, 5.2: of
// one script, or of Latin with the scripts of Chinese, Japanese or Korean. No default-ignorable
// character is allowed, so no joiner either. The errors wrap those of this package.
func Identifier(text, separators string) error {
	if text == "" {
		return ErrEmpty
	}
	sets := make([]scripts, 0, len(text))
	for i, r := range text {
		set, known := scriptsOf(r)
		isSeparator := strings.ContainsRune(separators, r)
		switch {
		case !known && !isSeparator:
			return fmt.Errorf("%w (%U is none)", ErrCharacter, r)
		case i == 0 && !unicode.In(r, unicode.L, unicode.Nd):
			return ErrStart
		case !isSeparator:
			sets = append(sets, set)
		}
	}
	switch {
	case !highlyRestrictive(sets):
		return ErrMixedScripts
	case mixedDigits(text):
		return ErrMixedDigits
	case overloaded(text):
		return ErrMarks
	}
	return nil
}

// scriptsOf returns the augmented script set of the character, or false unless it is allowed.
func scriptsOf(r rune) (scripts, bool) {
	at, found := slices.BinarySearchFunc(allowed, r, func(s span, r rune) int {
		switch {
		case s.last < r:
			return -1
		case s.first > r:
			return 1
		}
		return 0
	})
	if !found {
		return 0, false
	}
	return augment(allowed[at].scripts), true
}

// augment adds the writing systems that a script is a part of, by UTS 39, 5.1.
func augment(set scripts) scripts {
	if set&scriptHan != 0 {
		set |= writingHanb | writingJpan | writingKore
	}
	if set&(scriptHiragana|scriptKatakana) != 0 {
		set |= writingJpan
	}
	if set&scriptHangul != 0 {
		set |= writingKore
	}
	if set&scriptBopomofo != 0 {
		set |= writingHanb
	}
	return set
}

// highlyRestrictive reports whether one script or writing system covers all the sets, or Latin
// together with Chinese, Japanese or Korean does.
func highlyRestrictive(sets []scripts) bool {
	all, besideLatin := everyScript, everyScript
	for _, set := range sets {
		all &= set
		if set&scriptLatin == 0 {
			besideLatin &= set
		}
	}
	return all != 0 || besideLatin&(writingHanb|writingJpan|writingKore) != 0
}

// mixedDigits reports whether the text has digits of more than one decimal system (UTS 39, 5.3).
func mixedDigits(text string) bool {
	zero := rune(-1)
	for _, r := range text {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		if z := zeroOf(r); zero >= 0 && z != zero {
			return true
		}
		zero = zeroOf(r)
	}
	return false
}

// zeroOf returns the zero of the decimal system that the digit is of. Unicode encodes the digits of
// a system in order, and adjacent systems one after the other.
func zeroOf(digit rune) rune {
	first := digit
	for unicode.Is(unicode.Nd, first-1) {
		first--
	}
	return digit - (digit-first)%10
}

// overloaded reports whether more than maxMarks nonspacing marks follow one another, or one of them
// follows itself, which makes letters overlap their neighbours or look like others.
func overloaded(text string) bool {
	n, last := 0, rune(-1)
	for _, r := range norm.NFD.String(text) {
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			n, last = 0, -1
			continue
		}
		n++
		if n > maxMarks || r == last {
			return true
		}
		last = r
	}
	return false
}
