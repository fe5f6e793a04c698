// Package username has the rules of usernames: which ones there are, which look like the service's,
// and which can be mistaken for each other.
package username

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/usertext"
)

const (
	shortest = 3  // code points in NFKC
	longest  = 20 // code points in NFKC; counting graphemes would let a name grow to any length
	// separators are the characters that a name may have besides letters and digits.
	separators = "._-"
)

// reserved are the names that would pass for the service, by their bare keys; see [Reserved].
var reserved = words(
	"abuse", "account", "admin", "administrator", "anonymous", "api", "billing", "contact", "deleted", "everyone",
	"facescan", "help", "hostmaster", "info", "legal", "mod", "moderator", "nobody", "noreply", "null", "official",
	"postmaster", "privacy", "root", "security", "service", "settings", "staff", "support", "sysadmin", "system",
	"team", "undefined", "user", "username", "verified", "webmaster",
)

// service is the bare key of the service's name. No name may contain it.
var service = bare(usertext.Key("facescan"))

func words(list ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[bare(usertext.Key(w))] = true
	}
	return set
}

// Reserved reports whether the name looks like one of the service's in any case: as it is
// written, in small letters, or in capitals, which small letters of Cyrillic look like. It ignores
// separators and accents, so that "ad.min" and "ádmin" are reserved with "admin". The name of the
// service may not occur anywhere in the name.
func Reserved(name string) bool {
	for _, key := range []string{usertext.Key(name), usertext.Look(name), usertext.Look(strings.ToUpper(name))} {
		word := bare(key)
		if reserved[word] || strings.Contains(word, service) {
			return true
		}
	}
	return false
}

// bare returns only the letters and digits of the key.
func bare(key string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N) {
			return r
		}
		return -1
	}, norm.NFD.String(key))
}

// Keys returns the keys under which the name is unique, one or two: its form in small
// letters, and its look as written if that differs. Names with a common key can be mistaken for
// each other; see [usertext.Key] and [usertext.Look].
func Keys(name string) []string {
	key, look := usertext.Key(name), usertext.Look(name)
	if look == key {
		return []string{key}
	}
	return []string{key, look}
}

// errLength means that a username is too short or too long.
var errLength = fmt.Errorf("must have %d to %d characters", shortest, longest)

// ErrInsults means that a name has a word of the list of insults, which is not repeated.
var ErrInsults = errors.New("must not have a word that insults others")

// Parse returns the name in NFKC, or an error if no user can have it.
func Parse(written string) (string, error) {
	name, err := written, errLength
	// The longest name in bytes bounds what is normalized: compatibility forms can grow eighteenfold.
	if len(written) <= longest*utf8.UTFMax {
		name = norm.NFKC.String(written)
		err = unfit(name)
	}
	if err == nil && usertext.Insults(name) {
		err = ErrInsults
	}
	if err != nil {
		return "", fault.New(fault.CodeInvalidField, "The username is not valid.").WithField("/username", "%s", err)
	}
	return name, nil
}

// Check returns an error if no user can take the name now: it is not a username, or it
// looks like one of the service's.
func Check(name string) error {
	if _, err := Parse(name); err != nil {
		return err
	}
	if Reserved(name) {
		return ErrTaken()
	}
	return nil
}

// unfit returns an error if the name is not a username. Its first character is a letter or a digit,
// so it can be a path segment of a URL and an id of a Firestore document, which ".." and "__a__"
// cannot.
func unfit(name string) error {
	if n := utf8.RuneCountInString(name); n < shortest || n > longest {
		return errLength
	}
	return usertext.Identifier(name, separators)
}

// ErrTaken returns the error for a name that the user cannot have, for whatever reason.
func ErrTaken() error { return fault.New(fault.CodeUsernameTaken, "This username is not available.") }
