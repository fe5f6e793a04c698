package signin

import (
	"regexp"
	"strings"
	"unicode"
)

// The longest e-mail address and the longest part before its "@", in bytes (RFC 5321, 4.5.3.1.1 and
// 4.5.3.1.3, the latter without the angle brackets).
const (
	maxAddress = 254
	maxLocal   = 64
)

// address matches what browsers accept in a field for an e-mail address
// (https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address): no comments, quotes and
// spaces, and a domain of letters, digits and hyphens, to which they convert other scripts. In
// addition the domain is one of the Internet's: several labels, the last of them of two characters
// or more and not a number (RFC 3696, 2).
var address = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:" + label + `\.)+` + topLevel + "$")

const (
	label    = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
	topLevel = "[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])"
)

// isAddress reports whether a user can be created with the address. Identity Toolkit has
// unpublished rules of its own, and the Auth emulator almost none; one rule for both gives the same
// behaviour everywhere. The pattern admits dots at the ends of the local part and in a row, which
// RFC 5321, 4.1.2, does not.
func isAddress(text string) bool {
	local, _, _ := strings.Cut(text, "@")
	return looksLikeAddress(text) && len(local) <= maxLocal && address.MatchString(text) &&
		!strings.HasPrefix(local, ".") && !strings.HasSuffix(local, ".") && !strings.Contains(local, "..")
}

// looksLikeAddress reports whether the text may be the address of a user who was created elsewhere,
// under other rules: it has two parts, and no separators, control characters or invisible
// characters.
func looksLikeAddress(text string) bool {
	local, domain, _ := strings.Cut(text, "@")
	return len(text) <= maxAddress && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.In(r, unicode.Z, unicode.C) || r == unicode.ReplacementChar
		})
}
