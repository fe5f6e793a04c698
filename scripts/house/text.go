package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// maxComment is the last column of a comment's line, and maxCode that of code, in characters; a
	// tab is one. The linter lll knows one width only.
	maxComment, maxCode = 100, 120
	// quotes stand around a phrase that is mentioned and not used.
	quotes = "\"`“”"
)

// phrases are words of comments that the Go standard library would not use, in lower case.
var phrases = regexp.MustCompile(`\b(tells? whether|says? how many|whoever|somebody|nobody|sees? to|amiss|for good|` +
	`as good|what became of|those who|of ours|says? that|as it is wont)\b`)

// wide returns a fault for each line of s that is too long. A line without a blank, such as one
// with an address, cannot be broken and passes.
func wide(s source) []string {
	var faults []string
	for i, line := range s.lines {
		limit := maxCode
		text := strings.TrimLeft(line, "\t ")
		comment := strings.HasPrefix(text, "//")
		if comment {
			limit = maxComment
		}
		unbreakable := comment && !strings.Contains(strings.TrimPrefix(text, "// "), " ")
		if n := utf8.RuneCountInString(line); n > limit && !unbreakable && !strings.HasPrefix(text, "//go:") {
			faults = append(faults, fmt.Sprintf("%s:%d: %d columns, more than %d", s.path, i+1, n, limit))
		}
	}
	return faults
}

// worded returns a fault for each phrase in a comment of s, unless it is quoted.
func worded(s source) []string {
	var faults []string
	for _, group := range s.file.Comments {
		text := strings.ToLower(group.Text())
		for _, at := range phrases.FindAllStringIndex(strings.ReplaceAll(text, "\n", " "), -1) {
			if quoted(text, at) {
				continue
			}
			line := s.fset.Position(group.Pos()).Line + strings.Count(text[:at[0]], "\n")
			phrase := strings.ReplaceAll(text[at[0]:at[1]], "\n", " ")
			faults = append(faults, fmt.Sprintf("%s:%d: says %q", s.path, line, phrase))
		}
	}
	return faults
}

// quoted reports whether the text at the place stands between quotes.
func quoted(text string, at []int) bool {
	return at[0] > 0 && at[1] < len(text) && strings.ContainsAny(text[at[0]-1:at[0]], quotes) &&
		strings.ContainsAny(text[at[1]:at[1]+1], quotes)
}
