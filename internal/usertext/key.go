package usertext

import (
	"strings"

	"go.mau.fi/util/confusable"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxRounds bounds [settle]; a test shows that every allowed character settles within it.
const maxRounds = 8

// Fold makes texts equal that differ only in case or compatibility form. It is the compatibility
// caseless match of Unicode's definition D146, for which folding once is not enough.
func Fold(text string) string {
	fold := cases.Fold()
	return norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFD.String(text)))))
}

// Skeleton returns the skeleton of UTS 39, section 4: texts that look alike have the same skeleton.
// It uses the library's table of confusables and not its Skeleton, which drops characters that are
// missing in Go's tables, and with them vowel signs that the newer table of confusables maps to
// such.
func Skeleton(text string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(text) {
		prototype := confusable.GetReplacement(r)
		switch {
		case ignorable(r):
		case prototype == "":
			b.WriteRune(r)
		default:
			b.WriteString(prototype)
		}
	}
	return norm.NFD.String(b.String())
}

// Key returns what a text has in common with all texts that differ from it in case, compatibility
// form or look-alike characters, when written in small letters. See [Look] for the other half.
func Key(text string) string { return settle(Fold(text)) }

// Look is like [Key] for the text as it is written. It differs from Key if a capital looks like
// another letter than its small one: the Greek "ΑΝΝΑ" looks like "ANNA", and "αννα" like "avva".
// Two texts can be mistaken for each other if they have the same Key, or the Look of one is the
// Look or Key of the other.
func Look(text string) string { return settle(text) }

// settle returns the skeleton that neither folding nor taking the skeleton changes, in NFC. One
// round is not enough: 0 looks like a capital O, and folding that makes o.
func settle(text string) string {
	for range maxRounds {
		next := Fold(Skeleton(text))
		if next == text {
			break
		}
		text = next
	}
	// The letter i is confusable with l for its capital, and some pairs of neighbours look like one
	// letter. Of these UTS 39 has only rn. The pairs are written out first, so that vw and wv give the
	// same.
	text = strings.NewReplacer("i", "l", "m", "rn", "w", "vv").Replace(norm.NFD.String(text))
	return norm.NFC.String(pairs.Replace(text))
}

var pairs = strings.NewReplacer("rn", "m", "vv", "w")
