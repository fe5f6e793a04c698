package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/local/faults"
)

// line is the run in one line.
func (r *runFigures) line() string {
	return fmt.Sprintf(
		"%.0f s, quiet after %.0f s and %s of the clock; %s; %d requests repeated, %d findings, %d differences",
		r.Seconds, r.Quiet, r.Moved, injected(r.Injected), r.Again, len(r.Findings), len(r.Differences),
	)
}

// injected tells the faults by seam and kind.
func injected(n faults.Counts) string {
	text := strings.ReplaceAll(strings.TrimSpace(n.String()), "\n", "; ")
	return cmp.Or(text, "no faults")
}

// markdown returns the report.
func (f *figures) markdown() string {
	var b strings.Builder
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) }
	printf("`%s`, with the faults `%s`, on %s:\n\n", f.Command, f.Faults, f.Machine)
	printf("| seed | users s | quiet s | clock moved | requests repeated | pushes, mails twice | dead letters | "+
		"findings | differences |\n| --- |%s\n", strings.Repeat(" ---: |", 8))
	for _, r := range f.Runs {
		seed := fmt.Sprint(r.Seed)
		if r.Seed == 0 {
			seed = "no faults"
		}
		printf("| %s | %.0f | %.0f | %s | %d | %d, %d | %d | %d | %d |\n", seed, r.Seconds, r.Quiet, r.Moved, r.Again,
			r.Pushes, r.Mails, r.DeadLetters, len(r.Findings), len(r.Differences))
	}
	for _, r := range f.Runs[1:] {
		printf("\nSeed %d: %s.\n", r.Seed, injected(r.Injected))
	}
	for _, r := range f.Runs {
		if !r.broken() {
			continue
		}
		printf("\nBroken in the run of seed %d:\n\n", r.Seed)
		for _, text := range slices.Concat([]string{r.Stopped}, r.Findings, r.Differences) {
			if text != "" {
				printf("- %s\n", text)
			}
		}
	}
	return b.String()
}

// begin and end are the lines between which a file has the section.
const begin, end = "<!-- figures of bench chaos -->\n", "<!-- end of the figures -->\n"

var errNoSection = errors.New("the file has no lines that begin and end the section")

// writeSection replaces the section of the file.
func writeSection(file, text string) error {
	before, err := os.ReadFile(file) //nolint:gosec // the caller's own file
	if err != nil {
		return fmt.Errorf("read the file of the section: %w", err)
	}
	head, rest, there := strings.Cut(string(before), begin)
	_, tail, ends := strings.Cut(rest, end)
	if !there || !ends {
		return fmt.Errorf("%s: %w", file, errNoSection)
	}
	//nolint:gosec // figures are for everybody
	return os.WriteFile(file, []byte(head+begin+"\n"+text+"\n"+end+tail), 0o644)
}
