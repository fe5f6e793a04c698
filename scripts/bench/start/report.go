package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
)

// initBar is how much longer than the empty function health may take until it listens.
const initBar = 1.5

const intro = `Each function is built as Cloud Functions builds it, stripped, and started as Cloud Run starts it, with an environment that is fit
and credentials that lead nowhere; %q is a function of the framework that only answers 200. Each was started %d times, in turn
with all others. Listening is the time from the start of the process until it takes a connection; a deployed function has then read
its environment. The first answer is that of its handler, which makes all its clients first and then most often says that a token is
missing. Ratios are of the shortest times, which other work on the machine changes least, and in brackets of the medians. Times are
those of this machine, with the program in the page cache: an instance in the cloud reads it from the image first.
`

const columns = `| function | MB | budget | packages | of them with inits | inits ms | listening ms: min, median | ratio | first answer ms: min, median | ratio |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
`

// report is what was measured, as -json prints it.
type report struct {
	Command   string `json:"command"`
	Runs      int    `json:"runs"`
	Functions []row  `json:"functions"`
}

// row is one program.
type row struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`
	BudgetMB int    `json:"budgetMB,omitempty"`
	Packages int    `json:"packages"`
	Inits    int    `json:"inits"`
	InitsMs  ms     `json:"initsMs"`
	Listens  took   `json:"listens"`
	Answers  took   `json:"answers"`
}

// took is how long something takes, also in relation to the empty function.
type took struct {
	MinMs       ms      `json:"minMs"`
	MedianMs    ms      `json:"medianMs"`
	Ratio       float64 `json:"ratio"`
	MedianRatio float64 `json:"medianRatio"`
}

// newReport returns the report of the programs, of which the first is the empty one.
func newReport(command string, runs int, programs []*program) report {
	r := report{Command: command, Runs: runs}
	for _, p := range programs {
		r.Functions = append(r.Functions, row{
			Name: p.name, Bytes: p.bytes, BudgetMB: budgets[p.name], Packages: p.packages,
			Inits: p.inits.packages, InitsMs: p.inits.took,
			Listens: compare(p.starts, programs[0].starts), Answers: compare(p.firsts, programs[0].firsts),
		})
	}
	return r
}

// compare returns the times, in relation to others.
func compare(times, others []ms) took {
	times, others = slices.Sorted(slices.Values(times)), slices.Sorted(slices.Values(others))
	t := took{MinMs: times[0], MedianMs: times[len(times)/2]}
	t.Ratio, t.MedianRatio = float64(t.MinMs/others[0]), float64(t.MedianMs/others[len(others)/2])
	return t
}

// slow returns an error if health takes too long to start.
func (r report) slow() error {
	for _, f := range r.Functions {
		if f.Name == "health" && f.Listens.Ratio > initBar {
			return fmt.Errorf(
				"health takes %.2f times as long as an empty function to listen, over %.1f", f.Listens.Ratio, initBar,
			)
		}
	}
	return nil
}

// markdown writes the report.
func (r report) markdown(out io.Writer) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // into a buffer
	printf("# What the functions weigh, and how fast they start\n\n")
	printf("Written by `%s`; do not edit, run it again (`-help` tells the options).\n\n", r.Command)
	printf("%d CPUs, %s/%s, %s.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	printf(intro+"\n", empty, r.Runs)
	printf(columns)
	for _, f := range r.Functions {
		budget := ""
		if f.BudgetMB > 0 {
			budget = strconv.Itoa(f.BudgetMB)
		}
		printf("| %s | %.1f | %s | %d | %d | %.1f | %.1f, %.1f | %.2f (%.2f) | %.1f, %.1f | %.2f (%.2f) |\n",
			f.Name, float64(f.Bytes)/1e6, budget, f.Packages, f.Inits, f.InitsMs,
			f.Listens.MinMs, f.Listens.MedianMs, f.Listens.Ratio, f.Listens.MedianRatio,
			f.Answers.MinMs, f.Answers.MedianMs, f.Answers.Ratio, f.Answers.MedianRatio)
	}
	printf("\nBars: no function has over 40 MB, and health not over 24, and it listens within %.1f times ", initBar)
	printf("the empty function's time.\n")
}
