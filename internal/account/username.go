package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/usertext"
)

const (
	minUsername = 3  // code points in NFKC
	maxUsername = 20 // code points in NFKC; graphemes would let a name grow to any length
	// separators are what a name may have beside letters and digits.
	separators = "._-"
)

// reserved are the names that would pass for the service, by their bare keys; see [isReserved].
var reserved = words(
	"abuse", "account", "admin", "administrator", "anonymous", "api", "billing", "contact", "deleted", "everyone",
	"facescan", "help", "hostmaster", "info", "legal", "mod", "moderator", "nobody", "noreply", "null", "official",
	"postmaster", "privacy", "root", "security", "service", "settings", "staff", "support", "sysadmin", "system",
	"team", "undefined", "user", "username", "verified", "webmaster",
)

// service is the name of the service, by its bare key. No name may contain it.
var service = bare(usertext.Key("facescan"))

func words(list ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[bare(usertext.Key(w))] = true
	}
	return set
}

// isReserved reports whether the name looks like one of the service's, in whatever case: as it is
// written, in small letters or in capitals, which small letters of Cyrillic look like. It looks
// past separators and accents, so that "ad.min" and "ádmin" are reserved with "admin", and for the
// name of the service anywhere.
func isReserved(name string) bool {
	for _, key := range []string{usertext.Key(name), usertext.Look(name), usertext.Look(strings.ToUpper(name))} {
		word := bare(key)
		if reserved[word] || strings.Contains(word, service) {
			return true
		}
	}
	return false
}

// bare returns the letters and digits of the key alone.
func bare(key string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N) {
			return r
		}
		return -1
	}, norm.NFD.String(key))
}

// UsernameKeys returns the keys under which the name is unique, one or two: how it reads in small
// letters, and how it looks as it is written where that differs. Names that have a key in common
// can be taken for each other; see [usertext.Key] and [usertext.Look].
func UsernameKeys(name string) []string {
	key, look := usertext.Key(name), usertext.Look(name)
	if look == key {
		return []string{key}
	}
	return []string{key, look}
}

// errLength means that a username is too short or too long.
var errLength = fmt.Errorf("must have %d to %d characters", minUsername, maxUsername)

// parseUsername returns the name as it is kept, in NFKC, or why no user can have it.
func parseUsername(written string) (string, error) {
	name, err := written, errLength
	// The longest name in bytes bounds what is normalised: compatibility forms can grow
	// eighteenfold.
	if len(written) <= maxUsername*utf8.UTFMax {
		name = norm.NFKC.String(written)
		err = unfit(name)
	}
	if err != nil {
		return "", fault.New(fault.CodeInvalidField, "The username is not valid.").WithField("/username", "%s", err)
	}
	return name, nil
}

// CheckUsername returns why no user can take the name now, or nil: it is no username, or it looks
// like one of the service's.
func CheckUsername(name string) error {
	if _, err := parseUsername(name); err != nil {
		return err
	}
	if isReserved(name) {
		return errTaken()
	}
	return nil
}

// unfit returns what is wrong with the name, or nil. Its first character is a letter or a digit, so
// it is a path segment of a URL and an id of a Firestore document, which "..", and "__a__" are not.
func unfit(name string) error {
	if n := utf8.RuneCountInString(name); n < minUsername || n > maxUsername {
		return errLength
	}
	return usertext.Identifier(name, separators)
}
