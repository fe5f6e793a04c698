package mail

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// encodedBytes is how much of a text an encoded word has, so that it and the longest name of a
	// header fit into the 76 characters of RFC 2047.
	encodedBytes = 36
	// plainWord is the length of a word that a line can begin with, and maxLink that of a URL that
	// fits into a line of RFC 5322, which has 998 characters.
	plainWord = 60
	maxLink   = 900
)

// headerText returns a text for a header. It has no control characters and no run of white space,
// and is encoded where it could not be read or folded as it is.
func headerText(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	words := strings.Fields(text)
	text = strings.Join(words, " ")
	plain := !strings.Contains(text, "=?")
	for _, w := range words {
		plain = plain && len(w) <= plainWord
	}
	if plain && strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return text
	}
	return encoded(text)
}

// encoded returns the text as encoded words of RFC 2047. A word of them never ends inside a
// character.
func encoded(text string) string {
	var words []string
	for text != "" {
		n := min(len(text), encodedBytes)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(words, " ")
}

// linkable reports whether the text is a URL of the scheme that can stand in a header as it is.
func linkable(text, scheme string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"\`, r) }
	u, err := url.Parse(text)
	return err == nil && u.Scheme == scheme && u.Host != "" && len(text) <= maxLink && strings.IndexFunc(text, odd) < 0
}
