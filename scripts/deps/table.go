package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// table is the file with the direct requirements and the allowed licences.
const table = "internal/DEPENDENCIES.md"

// The headings of the lists that are read.
const (
	headingModules    = "## Modules"
	headingLicences   = "## Licences"
	headingTools      = "## Licences of npm's tools"
	headingExceptions = "## Exceptions"
)

// row is a direct requirement as the table has it.
type row struct {
	module string
	// deployed is set if a function links it.
	deployed bool
	// held is the version that it is held at, "" if it is brought up to date.
	held   string
	reason string
}

// document is what the table's file says.
type document struct {
	rows []row
	// allowed are the SPDX ids of the licences that any module may have.
	allowed []string
	// tools are those that npm packages of commands and tests may have, too.
	tools []string
	// exceptions are the modules and packages that a person looked at, which no function may link.
	exceptions []string
}

// read returns what the file in the repository at root says.
func read(root string) (document, error) {
	text, err := os.ReadFile(filepath.Join(root, table)) //nolint:gosec // of the repository
	if err != nil {
		return document{}, err
	}
	return parse(string(text))
}

func parse(text string) (document, error) {
	var d document
	heading := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			heading = line
		case strings.HasPrefix(line, "| `") && heading == headingModules:
			r, err := parseRow(line)
			if err != nil {
				return document{}, err
			}
			d.rows = append(d.rows, r)
		case strings.HasPrefix(line, "| `") && heading == headingLicences:
			d.allowed = append(d.allowed, code(cells(line)[0]))
		case strings.HasPrefix(line, "| `") && heading == headingTools:
			d.tools = append(d.tools, code(cells(line)[0]))
		case strings.HasPrefix(line, "| `") && heading == headingExceptions:
			d.exceptions = append(d.exceptions, code(cells(line)[0]))
		}
	}
	return d, nil
}

// parseRow reads a row: the module, where it is linked, why it is held at a version, the reason.
func parseRow(line string) (row, error) {
	c := cells(line)
	if len(c) != 4 {
		return row{}, fmt.Errorf("%s: %q has %d cells, not 4", table, line, len(c))
	}
	r := row{module: code(c[0]), deployed: c[1] == "functions", reason: c[3]}
	if strings.HasPrefix(c[2], "`") {
		r.held = code(c[2])
	}
	return r, nil
}

// cells returns the cells of a row without the space around them.
func cells(line string) []string {
	all := strings.Split(strings.Trim(line, "|"), "|")
	for i, c := range all {
		all[i] = strings.TrimSpace(c)
	}
	return all
}

// code returns what the backquotes at the begin of the cell enclose.
func code(cell string) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(cell, "`"), "`")
	return text
}
