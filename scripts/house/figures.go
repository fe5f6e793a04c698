package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const (
	// maxPackage is the size of a package in lines, without tests and generated files. The emulators
	// and the operators' tools are not deployed and may be larger: each is read as a whole by the
	// few who change it.
	maxPackage, maxTool = 1800, 4200
	// twiceLines is the least number of equal lines that count as written twice.
	twiceLines = 6
	// shown is the number of packages in the list of sizes.
	shown = 12
)

// tools are the folders of what is not deployed.
var tools = []string{"scripts/", "internal/local/", "internal/deploy/"}

// large returns a fault for each package that is too large.
func (t tree) large() []string {
	var faults []string
	for dir, n := range t.packages() {
		limit := maxPackage
		if slices.ContainsFunc(tools, func(tool string) bool { return strings.HasPrefix(dir+"/", tool) }) {
			limit = maxTool
		}
		if n > limit {
			faults = append(faults, fmt.Sprintf("%s: %d lines without tests, more than %d", dir, n, limit))
		}
	}
	return faults
}

// figures prints the sizes of the largest packages and the lines that occur twice.
func (t tree) figures(w io.Writer) {
	sizes := t.packages()
	dirs := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int { return sizes[b] - sizes[a] })
	fmt.Fprintf(w, "lines without tests, the largest of %d packages\n", len(dirs))
	for _, dir := range dirs[:min(shown, len(dirs))] {
		fmt.Fprintf(w, "%6d  %s\n", sizes[dir], dir)
	}
	twice := t.twice()
	fmt.Fprintf(w, "%d passages of %d or more equal lines in two product files\n", len(twice), twiceLines)
	for _, p := range twice {
		fmt.Fprintf(w, "%6d  %s:%d  %s:%d\n", p.lines, p.a, p.aLine, p.b, p.bLine)
	}
}

// passage is a run of equal lines in two files; line numbers count from 1.
type passage struct {
	a, b                string
	aLine, bLine, lines int
}

// numbered is a line of code without its indent, and its number.
type numbered struct {
	text string
	at   int
}

// code returns the file's lines of code after its imports: no blank line and no comment.
func code(s source) []numbered {
	first := 0
	for _, i := range s.file.Imports {
		first = s.fset.Position(i.End()).Line
	}
	var lines []numbered
	for i, line := range s.lines {
		text := strings.TrimSpace(line)
		if i+1 > first && text != "" && text != ")" && !strings.HasPrefix(text, "//") {
			lines = append(lines, numbered{text, i + 1})
		}
	}
	return lines
}

// twice returns the passages that occur in two product files, each counted once.
func (t tree) twice() []passage {
	type place struct {
		path  string
		lines []numbered
		at    int
	}
	seen := map[string]place{}
	var found []passage
	for _, s := range t.sources {
		if s.test() || s.generated {
			continue
		}
		lines := code(s)
		for i := 0; i+twiceLines <= len(lines); i++ {
			key := join(lines[i : i+twiceLines])
			p, known := seen[key]
			if !known {
				seen[key] = place{s.path, lines, i}
				continue
			}
			if p.path == s.path {
				continue
			}
			n := twiceLines
			for i+n < len(lines) && p.at+n < len(p.lines) && lines[i+n].text == p.lines[p.at+n].text {
				n++
			}
			found = append(found, passage{p.path, s.path, p.lines[p.at].at, lines[i].at, n})
			i += n - 1
		}
	}
	return found
}

// join returns the texts of the lines as one key.
func join(lines []numbered) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.String()
}
