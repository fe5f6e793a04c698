package main

import (
	"fmt"
	"regexp"
	"strings"
)

// designFile holds the table of floors.
const designFile = "internal/README.md"

// floors has the number of each package's floor, by its folder. Imports run down.
type floors map[string]int

// name is a package in the table of floors: a folder between backquotes.
var name = regexp.MustCompile("`([a-z][a-z0-9/*]*)`")

// parseFloors returns the floors of the section "Floors" of a document. Each row of its table is a
// floor, the lowest first; the first cell is its number, and the second has the packages.
func parseFloors(document string) floors {
	_, section, _ := strings.Cut(document, "\n## Floors\n")
	section, _, _ = strings.Cut(section, "\n## ")
	f := floors{}
	for i, row := range strings.Split(section, "\n") {
		cells := strings.Split(row, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[2], -1) {
			f[m[1]] = i
		}
	}
	return f
}

// of returns the floor of the package in the folder. A row may name a group of folders by a path
// that ends in /*, which the longest of several decides.
func (f floors) of(dir string) (floor int, found bool) {
	for key := dir; key != "."; {
		if floor, found = f[key]; found {
			return floor, true
		}
		at := strings.LastIndex(strings.TrimSuffix(key, "/*"), "/")
		if at < 0 {
			break
		}
		key = key[:at] + "/*"
	}
	return 0, false
}

// upward returns a fault for each import of s that does not run down. Tests may import what they
// like: the compiler refuses circles.
func (f floors) upward(s source) []string {
	if s.test() {
		return nil
	}
	from, found := f.of(s.dir())
	if !found {
		return []string{fmt.Sprintf("%s: %s stands on no floor of %s", s.path, s.dir(), designFile)}
	}
	var faults []string
	for _, dir := range s.imports() {
		to, found := f.of(dir)
		if found && to >= from {
			faults = append(faults, fmt.Sprintf("%s: imports %s, which does not stand below it", s.path, dir))
		}
	}
	return faults
}
