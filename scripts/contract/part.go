package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/sentence"
)

// part is a part of a file that is written between two marks.
type part struct{ begin, end, text string }

// withParts returns the file with its parts written anew. Each mark must be there once.
func withParts(root, name string, parts ...part) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(root, name)) //nolint:gosec // a file of the repository
	if err != nil {
		return nil, err
	}
	text := string(data)
	for _, p := range parts {
		before, rest, begins := strings.Cut(text, p.begin)
		_, after, ends := strings.Cut(rest, p.end)
		if !begins || !ends || strings.Contains(after, p.begin) {
			return nil, fmt.Errorf("%s: the marks %q and %q are not there once", name, p.begin, p.end)
		}
		text = before + p.begin + p.text + p.end + after
	}
	return []byte(text), nil
}

// codeTable returns the codes as a table in Markdown.
func codeTable() string {
	var b strings.Builder
	b.WriteString("\n| code | status | what it means | what the app does | repeat? |\n| --- | --- | --- | --- | --- |\n")
	for _, e := range byName() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s | %s |\n", e.Code, e.Kind.Status(), e.Meaning, e.Do, e.Repeat)
	}
	b.WriteString("\n")
	return b.String()
}

// codeEnum returns the codes as the values of an enum in YAML.
func codeEnum() string {
	var b strings.Builder
	b.WriteString("        - enum:\n")
	for _, e := range byName() {
		fmt.Fprintf(&b, "            - %s\n", e.Code)
	}
	return b.String()
}

// codesOf returns the codes of sentences as the values of an enum in YAML, each once.
func codesOf(all []sentence.Entry) string {
	var b strings.Builder
	b.WriteString("        - enum:\n")
	last := ""
	for _, e := range all {
		if e.Code != last {
			fmt.Fprintf(&b, "            - %s\n", inYAML(e.Code))
		}
		last = e.Code
	}
	return b.String()
}

// inYAML returns a text as YAML writes it, in quotes where it would be another value, such as null.
func inYAML(text string) string {
	written, _ := yaml.Marshal(text) // every text has a form
	return strings.TrimSpace(string(written))
}

// sentenceTable returns the sentences as a table in Markdown.
func sentenceTable(all []sentence.Entry) string {
	var b strings.Builder
	b.WriteString("\n| code | English | German |\n| --- | --- | --- |\n")
	for _, e := range all {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.Code, e.English, e.German)
	}
	b.WriteString("\n")
	return b.String()
}

func byName() []fault.Entry {
	all := fault.Entries()
	slices.SortFunc(all, func(a, b fault.Entry) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return all
}

// indent indents the lines of a text as the contract's description is.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
