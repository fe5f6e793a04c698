package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/unicode/norm"

	"github.com/facescan/facescan/internal/fault"
)

const (
	minUsername = 3  // runes
	maxUsername = 20 // runes
)

// reserved are what nobody may be called, since they would pass for the service; see [isReserved].
var reserved = words(
	"abuse", "account", "admin", "administrator", "anonymous", "api", "billing", "contact", "deleted", "everyone",
	"facescan", "help", "hostmaster", "info", "legal", "mod", "moderator", "nobody", "noreply", "null", "official",
	"postmaster", "privacy", "root", "security", "service", "settings", "staff", "support", "sysadmin", "system", "team",
	"undefined", "user", "username", "verified", "webmaster",
)

func words(list ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[bare(Key(w))] = true
	}
	return set
}

// isReserved looks past separators and accents, so that "ad.min" and "ádmin" are reserved with "admin", and at the
// name of the service wherever it stands.
func isReserved(key string) bool {
	word := bare(key)
	return reserved[word] || strings.Contains(word, "facescan")
}

// bare is the key without separators and accents.
func bare(key string) string {
	drop := runes.Predicate(func(r rune) bool { return unicode.Is(unicode.Mn, r) || strings.ContainsRune(separators, r) })
	return norm.NFC.String(runes.Remove(drop).String(norm.NFD.String(key)))
}

// separators are what a name may have beside letters and digits.
const separators = "._-"

// Key is that under which a username is unique: names that differ in case or compatibility form only, or look alike,
// have one key. It is the idea of the skeleton of Unicode's UTS 39, with a short table for the alphabets that
// have whole words in common with Latin (Cyrillic, Greek, Armenian): characters of one group stand for its first.
func Key(name string) string {
	alike := strings.Map(func(r rune) rune {
		if like, ok := lookalikes[r]; ok {
			return like
		}
		return r
	}, Fold(name))
	// A letter that was replaced may go together with an accent behind it.
	return norm.NFC.String(pairs.Replace(norm.NFC.String(alike)))
}

var (
	// pairs look like one letter.
	pairs = strings.NewReplacer("rn", "m", "vv", "w")

	// lookalikes are alike as small or as capital letters, since a name is shown as it was written: i is among those
	// of l for its capital.
	lookalikes = groups(
		"lіiı1ӏι", "o0оοօ",
		"aаαɑ", "bвβ", "cсϲ", "dԁ", "eеε", "gɡ", "hнһηհ", "jјϳ", "kкκ", "mм", "nո", "pрρ", "qԛ", "sѕ", "tтτ", "uսυ", "vν", "wԝ",
		"xхχ", "yуγ", "zζ",
	)
)

func groups(list ...string) map[rune]rune {
	table := map[rune]rune{}
	for _, group := range list {
		first, _ := utf8.DecodeRuneInString(group)
		for _, r := range group {
			table[r] = first
		}
	}
	return table
}

// Fold makes names alike that differ in case or compatibility form only. It is the compatibility caseless match of
// Unicode's definition D146, for which folding once is not enough.
func Fold(name string) string {
	fold := cases.Fold()
	return norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFD.String(name)))))
}

// parseUsername is the name as it is kept, and its key, or why it can be nobody's.
func parseUsername(written string) (name, key string, err error) {
	// The longest name in bytes bounds what is normalised: compatibility forms can grow eighteenfold.
	if len(written) <= maxUsername*utf8.UTFMax {
		name = norm.NFKC.String(written)
	}
	if why := unfit(name); why != "" {
		return "", "", fault.New(fault.CodeInvalidField, "This cannot be a username.").WithField("/username", "%s", why)
	}
	return name, Key(name), nil
}

// unfit says what is wrong with the name, or "".
func unfit(name string) string {
	if n := utf8.RuneCountInString(name); n < minUsername || n > maxUsername {
		return fmt.Sprintf("must have %d to %d characters", minUsername, maxUsername)
	}
	// What follows from it: a name is a path segment of a URL and an id of a Firestore document, which "..", and
	// "__a__" are not.
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return "must begin with a letter or a digit"
	}
	latin, other := false, false
	for _, r := range name {
		switch {
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.IsLetter(r), unicode.IsDigit(r) && r > unicode.MaxASCII:
			other = true
		case !unicode.IsDigit(r) && !strings.ContainsRune(separators, r):
			return "must consist of letters, digits and the characters . _ -"
		}
	}
	if latin && other {
		return "must not mix Latin letters with others, which may look alike"
	}
	return ""
}
