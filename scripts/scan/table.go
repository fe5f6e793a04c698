package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/facescan/facescan/internal/face/report"
)

// printTable shows one outcome to people.
func printTable(w io.Writer, o outcome) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", o.File)
	switch {
	case o.trouble:
		fmt.Fprintf(&b, "  %s: %s\n", o.Error.Code, o.Error.Detail)
	case o.Error != nil:
		fmt.Fprintf(&b, "  refused, %s: %s\n", o.Error.Code, o.Error.Detail)
		printFixes(&b, o.fixes)
	default:
		printReport(&b, o.Report)
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}

func printReport(w io.Writer, r *report.Report) {
	columns(w, func(t io.Writer) { printMetrics(t, r) })
	fmt.Fprint(w, legend)
	columns(w, func(t io.Writer) { printChecks(t, r) })
	if !r.Rankable {
		fmt.Fprintf(w, "  not ranked: %s\n", r.NotRankableBecause)
	}
	printFixes(w, r.Fixes)
}

// legend explains the units and intervals.
const legend = `  Symmetry score: a percentile of the reference portraits. Its interval: where the mean of this person's photos lies with a
  probability of 95 %; another photo falls into it in about 85 % of cases.
  Other intervals: where points set by hand in the photo would put the measure, in 95 of 100 photos.
  IOD: the distance between the pupils of this face; the other lengths are given in it.

`

// columns aligns the cells that cells writes, each ended by a tab.
func columns(w io.Writer, cells func(io.Writer)) {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 2, 0, 2, ' ', 0)
	cells(t)
	_ = t.Flush() // to memory
	for row := range strings.Lines(b.String()) {
		fmt.Fprintln(w, strings.TrimRight(row, " \n"))
	}
}

func printMetrics(t io.Writer, r *report.Report) {
	fmt.Fprint(t, "  METRIC\tVALUE\tUNIT\tINTERVAL\tRELIABILITY\t\n")
	fmt.Fprintf(t, "  symmetry score\t%s\tpercentile\t%s to %s\t-\t%s\n",
		decimal(r.Score.Value), decimal(r.Score.Lo), decimal(r.Score.Hi), intervalBar(r.Score))
	for _, m := range r.Metrics {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s to %s\t%s\t\n",
			words(m.Name), decimal(m.Value), m.Unit, decimal(m.Lo), decimal(m.Hi), decimal(m.Reliability.ICC))
	}
}

// intervalBar shows a score and its interval on the scale from 0 to 100, such as "0
// |....=====o=======........| 100".
func intervalBar(s report.Score) string {
	const cells = 25
	cell := func(v float64) int { return int(min(max(v, 0), 100)/100*(cells-1) + 0.5) }
	bar := bytes.Repeat([]byte{'.'}, cells)
	for i := cell(s.Lo); i <= cell(s.Hi); i++ {
		bar[i] = '='
	}
	bar[cell(s.Value)] = 'o'
	return "0 |" + string(bar) + "| 100"
}

func printChecks(t io.Writer, r *report.Report) {
	fmt.Fprint(t, "  CHECK\tVALUE\tVERDICT\tWARNS AT\tREFUSES AT\n")
	for _, c := range r.Quality {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", words(c.Check), decimal(c.Value), c.Verdict, limit(c.Warn), limit(c.Reject))
	}
}

func printFixes(w io.Writer, fixes []string) {
	for _, fix := range fixes {
		fmt.Fprintf(w, "  next time: %s\n", fix)
	}
}

func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// decimal shows all the decimals that a report has, and no more.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func limit(v *float64) string {
	if v == nil {
		return "-"
	}
	return decimal(*v)
}
