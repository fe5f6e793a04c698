package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// table is a part of the report: a title, the columns and the rows.
type table struct {
	title, about string
	rows         [][]string // the first has the columns' names
}

const mb = 1e6

func (r *figures) tables() []table {
	all := []table{r.throughput(), r.processTable(), r.legTable(), r.accountTable(), r.deliveryTable(), r.firestoreTable()}
	if len(r.Warnings) > 0 {
		t := table{title: "Warnings and errors in the functions' logs", rows: [][]string{{"message", "lines"}}}
		for _, m := range slices.Sorted(maps.Keys(r.Warnings)) {
			t.rows = append(t.rows, []string{m, strconv.Itoa(r.Warnings[m])})
		}
		all = append(all, t)
	}
	return all
}

func (r *figures) throughput() table {
	columns := []string{"part", "scans", "seconds", "scans/s", "machine idle", "other programs"}
	t := table{title: "Scans a second", rows: [][]string{columns}}
	row := func(name string, s span) {
		if s.Scans > 0 {
			t.rows = append(t.rows, []string{
				name, strconv.Itoa(s.Scans), fmt.Sprintf("%.1f", s.Seconds), fmt.Sprintf("%.2f", s.PerSecond),
				fmt.Sprintf("%.1f %%", 100*s.Idle), fmt.Sprintf("%.1f %%", 100*s.Others),
			})
		}
	}
	row("from the first request to the last end", r.Whole)
	row("the middle 80 % of the ends", r.Middle)
	return t
}

func (r *figures) processTable() table {
	t := table{
		title: "Processor time and memory",
		about: fmt.Sprintf(
			"The bare engine with pictures takes %.3f s of a processor for a scan of these photos (a good one: %.3f s, and "+
				"%.3f s with nothing beside it). Times are from the first request until nothing is owed, %.1f s after the "+
				"last end. Other programs of the machine used %.1f s meanwhile.",
			r.EngineMean, r.Engine.Together, r.Engine.Alone, r.Settling, r.Others),
		rows: [][]string{{"process", "whose", "CPU s", "CPU s a scan", "over the engine", "peak memory MB"}},
	}
	whose := map[role]string{
		functions: "FaceScan", bench: "clients, the local storage and the front of the functions",
	}
	add := func(name, of string, some []process) {
		var sum process
		for _, p := range some {
			sum.CPU, sum.Each, sum.Ratio, sum.Peak = sum.CPU+p.CPU, sum.Each+p.Each, sum.Ratio+p.Ratio, sum.Peak+p.Peak
		}
		t.rows = append(t.rows, []string{
			name, of, fmt.Sprintf("%.1f", sum.CPU), fmt.Sprintf("%.3f", sum.Each), fmt.Sprintf("%.2f", sum.Ratio),
			fmt.Sprintf("%.0f", float64(sum.Peak)/mb),
		})
	}
	for _, p := range r.Processes {
		of := whose[p.Role]
		if of == "" {
			of = "an emulator"
		}
		add(string(p.Role), of, []process{p})
	}
	if len(r.Processes) == len(roles) {
		add("functions and emulators", "", r.Processes[:len(roles)-1])
		add("all", "", r.Processes)
	}
	return t
}

func (r *figures) legTable() table {
	t := table{
		title: "Latency",
		about: "From the client's side, in seconds; with -rate from when a scan was due. " +
			"Sign-up and the three after it come before the load, " + strconv.Itoa(signingUp) + " users at a time. " +
			"The end is that of the scan's document. " +
			"A delivery of analyze is by the function's log: the photo read, measured and all of it stored, with what it " +
			"waited for meanwhile.",
		rows: [][]string{{"leg", "count", "p50 s", "p95 s", "p99 s", "slowest s"}},
	}
	for _, l := range r.Legs {
		t.rows = append(t.rows, []string{
			l.Name, strconv.Itoa(l.Count), fmt.Sprintf("%.3f", l.P50), fmt.Sprintf("%.3f", l.P95),
			fmt.Sprintf("%.3f", l.P99), fmt.Sprintf("%.3f", l.Max),
		})
	}
	return t
}

func (r *figures) accountTable() table {
	a := r.Account
	t := table{title: "What became of the scans", rows: [][]string{{"", "number"}}}
	row := func(name string, n any) { t.rows = append(t.rows, []string{name, fmt.Sprint(n)}) }
	row("scans", a.Scans)
	row("photos accepted", a.Accepted)
	row("completed", a.Completed)
	reasons := make([]string, 0, len(a.Reasons))
	for _, code := range slices.Sorted(maps.Keys(a.Reasons)) {
		reasons = append(reasons, fmt.Sprintf("%s %d", code, a.Reasons[code]))
	}
	failed := strconv.Itoa(a.Failed)
	if len(reasons) > 0 {
		failed += ": " + strings.Join(reasons, ", ")
	}
	row("failed", failed)
	row("lost: accepted, and no end", a.Lost)
	row("doubled: two ends or two notices", a.Doubled)
	row("ended otherwise than the photo has it", a.Wrong)
	row("failed without a reason", a.Untyped)
	row("ended without a notice in the inbox", a.Unnoticed)
	row("ended, and the long poll did not tell", a.Unseen)
	row("never accepted", a.Refused)
	row("taken for duplicates", a.Duplicates)
	row("left over: events owed, parked, dead letters", fmt.Sprintf("%d, %d, %d", a.Owed, a.Parked, a.DeadLetters))
	row("analyses begun that did not give the scan back", a.Claims)
	changes := float64(a.Versions) / float64(max(1, a.Completed+a.Failed))
	row("changes of the scans' documents, each scan", fmt.Sprintf("%.2f", changes))
	row("found waiting by the sweep, and left in the backlog", a.Left)
	row("published again by the sweep", a.Driven)
	row("requests that clients repeated", a.Again)
	return t
}

func (r *figures) deliveryTable() table {
	t := table{
		title: "Deliveries of events",
		about: "As the functions log them; those that a process did not live to answer are not among them.",
		rows:  [][]string{{"function", "done", "to be tried again", "parked", "not the first attempt", "highest attempt"}},
	}
	for _, name := range slices.Sorted(maps.Keys(r.Deliveries)) {
		d := r.Deliveries[name]
		t.rows = append(t.rows, []string{
			name, strconv.Itoa(d.Done), strconv.Itoa(d.Retry), strconv.Itoa(d.Parked), strconv.Itoa(d.Again),
			strconv.Itoa(d.Most),
		})
	}
	return t
}

// firestoreTable is what was asked of Firestore. An attempt that did not commit met another one, or
// had nothing to write.
func (r *figures) firestoreTable() table {
	f, scans := r.Firestore, float64(max(1, r.Account.Completed+r.Account.Failed))
	t := table{
		title: "What Firestore was asked for",
		about: "Of all scans and of each, with what ranks and notices ask for, and the sweep, which comes once a minute.",
		rows:  [][]string{{"", "number", "a scan"}},
	}
	row := func(name string, n int64) {
		t.rows = append(t.rows, []string{name, strconv.FormatInt(n, 10), fmt.Sprintf("%.2f", float64(n)/scans)})
	}
	row("transactions that committed", f.Transactions)
	row("transactions that were begun", f.Attempts)
	row("calls", f.RPCs)
	row("documents read", f.Reads())
	row("documents that listeners were told", f.Listened)
	row("documents written", f.Writes)
	row("documents deleted", f.Deletes)
	return t
}

// head describes the run in a few words.
func (r *figures) head() string {
	o := r.options
	how := "all at once"
	if o.rate > 0 {
		how = fmt.Sprintf("%g a second", o.rate)
	}
	text := fmt.Sprintf("%d scans of %d users, %s, of photos of %.2f MB and %.1f MP", o.scans, o.users, how,
		float64(r.PhotoBytes)/mb, float64(r.PhotoPixels)/1e6)
	if o.corrupt > 0 {
		text += fmt.Sprintf("; %g %% of the photos are corrupt", 100*o.corrupt)
	}
	if o.slow > 0 {
		text += fmt.Sprintf("; each delivery of an event is late by up to %s", o.slow)
	}
	if r.Interrupted {
		text += "; interrupted"
	}
	return text + ".\n" + r.Machine.String() + "."
}

// text prints the report for people.
func (r *figures) text(out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n", r.head())
	for _, t := range r.tables() {
		fmt.Fprintf(out, "\n%s\n", t.title)
		if t.about != "" {
			fmt.Fprintln(out, t.about)
		}
		w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
		for _, row := range t.rows {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nEnds of scans in each second\n%s", r.plot())
	for _, e := range r.Account.Examples {
		fmt.Fprintln(out, e)
	}
	return nil
}

// barWidth is the length of the longest bar, mostRows bounds the rows of a plot, and a gap of as
// many rows as longGap or more is drawn as one.
const (
	barWidth = 60
	mostRows = 100
	longGap  = 4
)

// plot draws how many scans ended over time, with the faults marked.
func (r *figures) plot() string {
	var b strings.Builder
	step := max(1, (len(r.Ends)+mostRows-1)/mostRows)
	rows := make([]int, (len(r.Ends)+step-1)/step)
	for second, n := range r.Ends {
		rows[second/step] += n
	}
	top := max(1, slices.Max(append(rows, 0)))
	for i := 0; i < len(rows); i++ {
		n, last := rows[i], i
		mark := r.faulty(i*step, step)
		for n == 0 && last+1 < len(rows) && rows[last+1] == 0 && r.faulty((last+1)*step, step) == mark {
			last++
		}
		if last-i >= longGap {
			fmt.Fprintf(&b, "%4d s %s 0, until %d s\n", i*step, mark, (last+1)*step)
			i = last
			continue
		}
		fmt.Fprintf(&b, "%4d s %s %s%d\n", i*step, mark, bar(n, top), n)
	}
	for _, f := range r.Outages {
		from, to := f.Began.Sub(r.Began).Seconds(), f.Ended.Sub(r.Began).Seconds()
		fmt.Fprintf(&b, "! %s: from %.1f s to %.1f s\n", f.What, from, to)
	}
	return b.String()
}

func bar(n, top int) string {
	if n == 0 {
		return ""
	}
	return strings.Repeat("#", (n*barWidth+top-1)/top) + " "
}

// faulty returns the mark of so many seconds since the begin: whether a fault was in them.
func (r *figures) faulty(from, lasting int) string {
	begin := r.Began.Add(time.Duration(from) * time.Second)
	for _, f := range r.Outages {
		if f.Began.Before(begin.Add(time.Duration(lasting)*time.Second)) && f.Ended.After(begin) {
			return "!"
		}
	}
	return " "
}

const intro = `# Scans under load

Each section is written by the command that is its title, with -o; do not edit, run it again (-help tells the options,
-json prints it for programs). A run writes its own section anew and leaves the others.

The functions run in a process of their own, beside the three emulators and the measurement's own process, which has the
clients, the local Cloud Storage and what stands before the functions. All share one machine, so scans a second are for
comparing versions of the code. What belongs to FaceScan is the processor time and the memory of the functions; the
emulators' shows what they are asked for, and production's services take other times.

`

// sectionHead begins a section, with the rest of a command.
const sectionHead = "\n## `" + program

// writeSection writes the section of the command, without its title, into the file.
func writeSection(file, command string, markdown func(io.Writer)) error {
	before, err := os.ReadFile(file) //nolint:gosec // the caller's own file
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the file of the sections: %w", err)
	}
	var own bytes.Buffer
	markdown(&own)
	text := intro + withSection(string(before), command, own.String())
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // figures are for everybody
}

// withSection returns the sections of the file's text, with the one of the command replaced, or
// added at the end.
func withSection(text, command, section string) string {
	parts := strings.Split("\n"+text, sectionHead)[1:]
	own := "## `" + command + "`\n" + section
	var all []string
	for _, p := range parts {
		title, _, _ := strings.Cut(p, "`")
		if program+title == command {
			all, own = append(all, own), ""
			continue
		}
		all = append(all, strings.TrimPrefix(sectionHead, "\n")+strings.TrimSuffix(p, "\n")+"\n")
	}
	if own != "" {
		all = append(all, own)
	}
	return strings.Join(all, "\n")
}

// markdown writes the run's section, without its title.
func (r *figures) markdown(out io.Writer) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // into a buffer
	printf("\n%s\n", r.head())
	for _, t := range r.tables() {
		t.markdown(out)
	}
	printf("\n### Ends of scans in each second\n\n```text\n%s```\n", r.plot())
}

// markdown writes the table under its title.
func (t table) markdown(out io.Writer) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // into a buffer
	printf("\n### %s\n\n", t.title)
	if t.about != "" {
		printf("%s\n\n", t.about)
	}
	for i, row := range t.rows {
		printf("| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			printf("| --- |%s\n", strings.Repeat(" ---: |", len(row)-1))
		}
	}
}
