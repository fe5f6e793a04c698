package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/scripts/bench/single"
)

const intro = `The events are the result of a scan, the failure of one, an export, a new device and a registration, in equal parts: each is told of
by push and mail. %d are delivered at a time, as by an instance of the function, by the function's own code. Firestore, Auth and the
sinks are on this machine, so times are good for comparing rows with each other, and are not production's.

Where there are faults, %.0f %% of the calls to FCM and to the mail server fail, for each device and mailbox by itself: 503 and 429, some
with a Retry-After of 1 to 30 s, 451 at RCPT and at DATA, and connections that are reset before the message is taken. An event that
fails is delivered again after %v, then after twice as long, as by Pub/Sub. The clock is the measurement's own and is moved on
for that: nothing sleeps.
`

const columns = `| users with | events | deliveries | provider calls | faults | calls an event | taken an event | reads an event | writes an event | events/s | messages/s | p50 ms | p99 ms |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
`

const counted = `Reads and writes are those of Firestore, counted at the client, each delivery by itself. A delivery is the time of one call of the
function, and p50 and p99 are of all of them.
`

const ofNights = `%d users with %d devices have %d results each in their quiet hours. These are in the inbox at once; when the hours are over the sweep
has them delivered by one push to each device and one mail. An event is a result, and times are those of the digests.
`

const ofBars = `What was taken is compared for each event and recipient, reads for each delivery, and writes for each event and each digest; the writes
that are shown are means. An attempt by a channel is claimed and ended, a write each, so an event without faults may have 1 + 2 * 2. Both
channels are claimed by one write, and what that saves is for the pace, which a result and a new device write with the first claim. A
digest writes it once.
`

// bar is a limit that a tally keeps to or not.
type bar struct {
	what, got string
	met       bool
}

// bars compares the tally with what is asked of the delivery.
func (y tally) bars() []bar {
	want := y.messages * (y.devices + 1)
	return []bar{
		{
			"taken: one push for each device and one mail",
			fmt.Sprintf("%.2f", each(y.sent, y.messages)), y.wrong == 0 && y.sent == want,
		},
		{
			"provider calls: those, and the injected faults",
			fmt.Sprintf("%d + %d", y.calls-y.injected, y.injected), y.calls == want+y.injected,
		},
		{
			"reads of a delivery: 4 + devices at most, for each event in it",
			fmt.Sprintf("%.1f of %d", y.dearest, 4+y.devices), y.dearest <= float64(4+y.devices),
		},
		{
			"writes of an event: the inbox item, and 2 for each attempt by a channel",
			fmt.Sprintf("%.2f of %.2f", each(y.writes, y.events), each(y.allowed, y.events)), y.over == 0,
		},
		{"deletes: none", strconv.FormatInt(y.deletes, 10), y.deletes == 0},
		{
			"at the end: each event in the inbox, none open",
			fmt.Sprintf("%d, %d", y.items, y.events-y.ended), y.ended == y.events && y.items == y.events,
		},
	}
}

// missed reports whether a bar is.
func (r report) missed() bool {
	return slices.ContainsFunc(slices.Concat(r.rows, r.nights), func(y tally) bool {
		return slices.ContainsFunc(y.bars(), func(b bar) bool { return !b.met })
	})
}

// each returns the mean of n things.
func each[T int | int64](sum T, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

// perSecond returns the events a second of all passes.
func (y tally) perSecond() float64 {
	var sum time.Duration
	for _, took := range y.passes {
		sum += took
	}
	return float64(y.events) / sum.Seconds()
}

// ratio is how many events a second there are of a row for each of another.
type ratio struct {
	of, to        load
	all, low, top float64
}

// ratioOf compares two rows: all passes, and pass by pass.
func ratioOf(a, b tally) ratio {
	r := ratio{of: a.load, to: b.load, all: a.perSecond() / b.perSecond()}
	for i := range min(len(a.passes), len(b.passes)) {
		one := b.passes[i].Seconds() / a.passes[i].Seconds()
		if i == 0 {
			r.low, r.top = one, one
		}
		r.low, r.top = min(r.low, one), max(r.top, one)
	}
	return r
}

// markdown writes the report.
func (r report) markdown(out io.Writer) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // into a buffer
	printf("# What a notice costs\n\n")
	printf("Written by `%s`; do not edit, run it again (`-help` tells the options).\n\n", r.Command)
	printf("%d CPUs, %s/%s, %s.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	printf(intro+"\n", r.concurrency, 100*faults, catalog.MinBackoff)
	printf("## Costs and speed\n\n%s\n", counted)
	table(out, r.rows)
	printf("\n## Ratios of events a second\n\n")
	printf("Each row was measured %d times, in turn with the others; the range is that of the passes.\n\n", passes)
	printf("| of | to | ratio | range |\n| --- | --- | ---: | ---: |\n")
	for _, c := range r.ratios() {
		printf("| %s | %s | %.2f | %.2f to %.2f |\n", c.of, c.to, c.all, c.low, c.top)
	}
	printf("\n## Results of a night\n\n")
	printf(ofNights+"\n", r.nights[0].messages, r.nights[0].devices, aNight)
	table(out, r.nights)
	printf("\n## Bars\n\n%s\n", ofBars)
	barTable(out, r.rows)
	printf("\nOf the results of a night:\n\n")
	barTable(out, r.nights)
}

// table writes the rows' figures.
func table(out io.Writer, rows []tally) {
	_, _ = io.WriteString(out, columns)
	for _, y := range rows {
		p := func(percent int) float64 { return single.Percentile(y.took, percent).Seconds() * 1e3 }
		_, _ = fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %.2f | %.2f | %.2f | %.2f | %.1f | %.0f | %.0f | %.0f |\n",
			y.load, y.events, y.deliveries, y.calls, y.injected, each(y.calls, y.events), each(y.sent, y.events),
			each(y.reads, y.events), each(y.writes, y.events), y.perSecond(),
			y.perSecond()*each(y.sent, y.events), p(50), p(99))
	}
}

// barTable writes the bars of the rows, a column for each row.
func barTable(out io.Writer, rows []tally) {
	lines := []string{"| bar |", "| --- |"}
	for _, y := range rows {
		lines[0] += fmt.Sprintf(" %s |", y.load)
		lines[1] += " --- |"
		for i, b := range y.bars() {
			if len(lines) == i+2 {
				lines = append(lines, "| "+b.what+" |")
			}
			verdict := "met"
			if !b.met {
				verdict = "**missed**"
			}
			lines[i+2] += fmt.Sprintf(" %s: %s |", verdict, b.got)
		}
	}
	_, _ = fmt.Fprintln(out, strings.Join(lines, "\n"))
}

// ratios compares numbers of devices without faults, and faults for each number of devices.
func (r report) ratios() []ratio {
	n := len(r.rows) / 2
	all := []ratio{ratioOf(r.rows[1], r.rows[0]), ratioOf(r.rows[2], r.rows[0])}
	for i := range n {
		all = append(all, ratioOf(r.rows[n+i], r.rows[i]))
	}
	return all
}
