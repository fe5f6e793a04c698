package main

import (
	"fmt"
	"go/ast"
	"go/token"
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

// phrases are words of comments that the Go standard library would not use. Each may begin with a
// capital.
var phrases = regexp.MustCompile(
	`\b([Tt]ells? whether|[Ss]ays? how many|[Ww]hoever|[Ss]omebody|[Nn]obody|[Ss]ees? to|` +
		`[Aa]miss|[Ff]or good|[Aa]s good|[Ww]hat became of|[Tt]hose who|[Oo]f ours|[Ss]ays? that|[Aa]s it is wont)\b`,
)

// wide returns a fault for each line of s that is too long. Lines of a raw string are text, not
// code. A comment without a blank, such as an address, cannot be broken, nor can a directive to the
// linter leave its line: both pass.
func wide(s source) []string {
	var faults []string
	text := rawStrings(s)
	for i, line := range s.lines {
		if text[i+1] {
			continue
		}
		line, _, _ = strings.Cut(line, " //nolint:")
		limit := maxCode
		trimmed := strings.TrimLeft(line, "\t ")
		comment := strings.HasPrefix(trimmed, "//")
		if comment && !strings.HasPrefix(trimmed, "//\t") { // what is preformatted is as wide as code
			limit = maxComment
		}
		unbreakable := comment && !strings.Contains(strings.TrimPrefix(trimmed, "// "), " ")
		if n := utf8.RuneCountInString(line); n > limit && !unbreakable && !strings.HasPrefix(trimmed, "//go:") {
			faults = append(faults, fmt.Sprintf("%s:%d: %d columns, more than %d", s.path, i+1, n, limit))
		}
	}
	return faults
}

// rawStrings returns the numbers of the lines on which a raw string of several lines stands.
func rawStrings(s source) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING || !strings.Contains(lit.Value, "\n") {
			return true
		}
		for line := s.fset.Position(lit.Pos()).Line; line <= s.fset.Position(lit.End()-1).Line; line++ {
			lines[line] = true
		}
		return true
	})
	return lines
}

// worded returns a fault for each phrase in a comment of s, unless it is quoted.
func worded(s source) []string {
	var faults []string
	for _, group := range s.file.Comments {
		text := group.Text()
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
