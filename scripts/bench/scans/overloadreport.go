package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/scripts/bench/single"
)

// The bars.
const (
	// leastShare is the least part of the capacity that is accepted in the overload, for the same
	// processor time of functions and emulators: the clients and what is before the functions are on
	// the same machine, and take more of it the more requests there are. To refuse nine of ten takes
	// the functions time, too.
	leastShare = .5
	// mostMemory is how much more memory the functions' process may use than before, in bytes.
	mostMemory = 256 << 20
	// longestRecovery is how many seconds after the overload the latency is as before.
	longestRecovery = 5
	// slackOfLevel and slack are how far above the level of before the 99th percentile of a second may
	// be to count as being back.
	slackOfLevel, slack = 3, 100 * time.Millisecond
)

// second is what was sent in a second, and the answers to it.
type second struct {
	Part     part `json:"part"`
	At       int  `json:"at"` // since the first
	Offered  int  `json:"offered"`
	Accepted int  `json:"accepted"`
	// Refused are counted by status and code.
	Refused map[string]int `json:"refused,omitempty"`
	// Failed have no answer.
	Failed map[string]int `json:"failed,omitempty"`
	// P50 and P99 are those of the accepted.
	P50 float64 `json:"p50Ms"`
	P99 float64 `json:"p99Ms"`
	RSS int     `json:"rssBytes"`
	// Open are the descriptors of the functions' process: its connections, and a few more.
	Open int `json:"open"`
}

func (s second) refused() int { return sum(s.Refused) }

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// partFigures are those of a part.
type partFigures struct {
	Part     part    `json:"part"`
	Seconds  float64 `json:"seconds"`
	Offered  float64 `json:"offeredPerSecond"`
	Accepted float64 `json:"acceptedPerSecond"`
	Refused  float64 `json:"refusedPerSecond"`
	P50      float64 `json:"p50Ms"`
	P99      float64 `json:"p99Ms"`
	// RefusedP99 is how long the refused ones waited for that.
	RefusedP99 float64 `json:"refusedP99Ms"`
	RSS        int     `json:"peakRssBytes"`
	Open       int     `json:"peakOpen"`
	// CPU is the processor time of functions and emulators until the last answer, in seconds, and Each
	// how many scans were accepted for a second of it.
	CPU  float64 `json:"cpuS"`
	Each float64 `json:"acceptedPerCpuS"`
}

// overload is the report.
type overload struct {
	Command string         `json:"command"`
	Machine single.Machine `json:"machine"`
	Seconds int            `json:"seconds"`
	Parts   []partFigures  `json:"parts"`
	// Refused are all that were, by status and code, Unfit those among them that are neither 429 nor
	// 503 or have no Retry-After, and Failed the requests without an answer.
	Refused map[string]int `json:"refused"`
	Unfit   map[string]int `json:"unfit,omitempty"`
	Failed  map[string]int `json:"failed,omitempty"`
	// Accepted are all that were, and Missing those that the database does not have as answered.
	Accepted int `json:"accepted"`
	Missing  int `json:"missing"`
	// Restarts counts the ends of the functions' process.
	Restarts int `json:"restarts"`
	// Recovery is how many seconds after the overload the latency was as before, -1 if it was not.
	Recovery int `json:"recoverySeconds"`
	// Account is that of the scans that went all their way meanwhile.
	Account account `json:"account"`
	// Errors and Warnings are lines of the functions' logs.
	Errors     map[string]int `json:"errorLines,omitempty"`
	Warnings   map[string]int `json:"warningLines,omitempty"`
	EachSecond []second       `json:"eachSecond"`
	Broken     []string       `json:"broken,omitempty"`
}

func inMs(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// of returns the figures of the part.
func (r *overload) of(p part) partFigures {
	for _, f := range r.Parts {
		if f.Part == p {
			return f
		}
	}
	return partFigures{}
}

// fill counts.
func (r *overload) fill(attacks []attack, samples []sample, used func(from, to time.Time) float64) {
	r.Refused, r.Unfit, r.Failed = map[string]int{}, map[string]int{}, map[string]int{}
	began := attacks[0].began
	for _, a := range attacks {
		f := r.part(a, samples)
		f.CPU = used(a.began, a.answered)
		if f.CPU > 0 {
			f.Each = float64(a.accepted()) / f.CPU
		}
		r.Parts = append(r.Parts, f)
		r.EachSecond = append(r.EachSecond, secondsOf(a, began, samples)...)
	}
	for i := 1; i < len(samples); i++ {
		if samples[i].pid != samples[i-1].pid {
			r.Restarts++
		}
	}
	r.Recovery = r.recovered()
}

// part returns the figures of the attack and adds its answers to the report's.
func (r *overload) part(a attack, samples []sample) partFigures {
	f := partFigures{Part: a.part, Seconds: a.ended.Sub(a.began).Seconds()}
	var took, refused []time.Duration
	for _, h := range a.hits {
		switch {
		case h.id != "":
			took = append(took, h.took)
		case h.status == 0 || h.err != "":
			r.Failed[h.err]++
		default:
			refused = append(refused, h.took)
			r.Refused[h.name()]++
			fit := h.status == http.StatusTooManyRequests || h.status == http.StatusServiceUnavailable
			if !fit || !h.comeAgain || h.code == "" {
				r.Unfit[h.name()]++
			}
		}
	}
	r.Accepted += len(took)
	f.Offered, f.Accepted = float64(len(a.hits))/f.Seconds, float64(len(took))/f.Seconds
	f.Refused = float64(len(refused)) / f.Seconds
	f.P50, f.P99 = inMs(single.Percentile(took, 50)), inMs(single.Percentile(took, 99))
	f.RefusedP99 = inMs(single.Percentile(refused, 99))
	for _, s := range samples {
		if !s.at.Before(a.began) && !s.at.After(a.ended) {
			f.RSS, f.Open = max(f.RSS, s.rss), max(f.Open, s.open)
		}
	}
	return f
}

// name returns what was answered.
func (h hit) name() string {
	name := strconv.Itoa(h.status) + " " + h.code
	if !h.comeAgain {
		name += " without Retry-After"
	}
	return name
}

// secondsOf counts the requests of each second by when they were sent.
func secondsOf(a attack, began time.Time, samples []sample) []second {
	all := make([]second, int(a.ended.Sub(a.began)/time.Second))
	took := make([][]time.Duration, len(all))
	place := func(at time.Time) int { return min(max(0, int(at.Sub(a.began)/time.Second)), len(all)-1) }
	for i := range all {
		all[i] = second{
			Part: a.part, At: int(a.began.Sub(began).Seconds()) + i, Refused: map[string]int{}, Failed: map[string]int{},
		}
	}
	for _, h := range a.hits {
		i := place(h.sent)
		s := &all[i]
		s.Offered++
		switch {
		case h.id != "":
			s.Accepted++
			took[i] = append(took[i], h.took)
		case h.status == 0 || h.err != "":
			s.Failed[h.err]++
		default:
			s.Refused[h.name()]++
		}
	}
	for _, p := range samples {
		if !p.at.Before(a.began) && p.at.Before(a.ended) {
			s := &all[place(p.at)]
			s.RSS, s.Open = max(s.RSS, p.rss), max(s.Open, p.open)
		}
	}
	for i := range all {
		all[i].P50, all[i].P99 = inMs(single.Percentile(took[i], 50)), inMs(single.Percentile(took[i], 99))
	}
	return all
}

// recovered returns after how many seconds of the last part one was as the ones before the
// overload: nothing refused, and a 99th percentile no worse than the worst of theirs by the slack,
// at half the capacity and at all of it. The slack is wide, as the emulator reads all documents of
// a collection for a query, and there are thousands more after the overload.
func (r *overload) recovered() int {
	level := 0.
	for _, s := range r.EachSecond {
		if s.Part == half || s.Part == closedLoop {
			level = max(level, s.P99)
		}
	}
	level = max(slackOfLevel*level, level+inMs(slack))
	var last []second
	for _, s := range r.EachSecond {
		if s.Part == recovery {
			last = append(last, s)
		}
	}
	return slices.IndexFunc(last, func(s second) bool {
		return s.Accepted > 0 && s.refused() == 0 && sum(s.Failed) == 0 && s.P99 <= level
	})
}

// share returns how much is accepted in the overload for the same processor time as at capacity.
func (r *overload) share() float64 {
	if capacity := r.of(closedLoop).Each; capacity > 0 {
		return r.of(over).Each / capacity
	}
	return 0
}

// judge returns the bars that are not held.
func (r *overload) judge() []string {
	var broken []string
	hold := func(holds bool, format string, args ...any) {
		if !holds {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	capacity, least, under := r.of(closedLoop), r.of(half), r.of(over)
	share := r.share()
	hold(share >= leastShare, "%.0f %% of the capacity are accepted, less than %.0f %%", 100*share, 100*leastShare)
	hold(under.Refused > 0, "nothing is refused, so this was no overload")
	hold(len(r.Unfit) == 0, "refusals are neither 429 nor 503 with Retry-After: %v", sorted(r.Unfit))
	hold(len(r.Failed) == 0, "requests have no answer: %v", sorted(r.Failed))
	grown := under.RSS - max(capacity.RSS, least.RSS)
	hold(grown <= mostMemory, "the functions use %d MB more than before", grown>>20)
	hold(r.Restarts == 0, "the functions' process ended %d times", r.Restarts)
	hold(r.Missing == 0, "%d accepted scans are not there", r.Missing)
	hold(!r.Account.broken(), "of the scans that went all their way: %v", r.Account.Examples)
	hold(r.Recovery >= 0 && r.Recovery <= longestRecovery, "it has not recovered in %d s", longestRecovery)
	hold(len(r.Errors) == 0, "the functions log errors: %v", sorted(r.Errors))
	return broken
}

// show prints the report for people, or as JSON.
func (r *overload) show(out io.Writer, asJSON bool) error {
	if asJSON {
		return single.PrintJSON(out, r)
	}
	_, _ = fmt.Fprintf(out, "\n%s\n\n", r.head())
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, row := range slices.Concat(r.partRows(), [][]string{{}}, r.accountRows()) {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	_, err := fmt.Fprintf(out, "\n%s\n%s", plotTitle, r.plot())
	return err
}

func (r *overload) head() string {
	under := r.of(over)
	return fmt.Sprintf("Requests to open a scan, %.0f a second for %d s, where %.0f a second are the capacity (of %d "+
		"clients at once), and beside them a scan a second that goes all its way.\n%s.",
		under.Offered, r.Seconds, r.of(closedLoop).Accepted, workers, r.Machine)
}

func (r *overload) partRows() [][]string {
	rows := [][]string{{
		"part", "seconds", "offered/s", "accepted/s", "refused/s", "p50 ms", "p99 ms", "refused p99 ms", "memory MB",
		"descriptors", "accepted/CPU s",
	}}
	for _, p := range r.Parts {
		rows = append(rows, []string{
			string(p.Part), fmt.Sprintf("%.0f", p.Seconds), fmt.Sprintf("%.0f", p.Offered), fmt.Sprintf("%.0f", p.Accepted),
			fmt.Sprintf("%.0f", p.Refused), fmt.Sprintf("%.0f", p.P50), fmt.Sprintf("%.0f", p.P99),
			fmt.Sprintf("%.0f", p.RefusedP99), fmt.Sprintf("%.0f", float64(p.RSS)/mb), strconv.Itoa(p.Open),
			fmt.Sprintf("%.1f", p.Each),
		})
	}
	return rows
}

func (r *overload) accountRows() [][]string {
	a := r.Account
	list := func(counts map[string]int) string {
		if len(counts) == 0 {
			return "0"
		}
		return strings.Join(sorted(counts), "; ")
	}
	recovery := "never"
	if r.Recovery >= 0 {
		recovery = fmt.Sprintf("in second %d after it", r.Recovery+1)
	}
	return [][]string{
		{"", "number"},
		{
			"accepted in the overload, of the capacity",
			fmt.Sprintf("%.0f %%", 100*r.of(over).Accepted/max(1, r.of(closedLoop).Accepted)),
		},
		{"the same, for the same processor time of functions and emulators", fmt.Sprintf("%.0f %%", 100*r.share())},
		{"refused, by answer", list(r.Refused)},
		{"among them neither 429 nor 503 with Retry-After", list(r.Unfit)},
		{"without an answer", list(r.Failed)},
		{"latency as before the overload", recovery},
		{"scans accepted", strconv.Itoa(r.Accepted)},
		{"accepted, and not in the database", strconv.Itoa(r.Missing)},
		{"ends of the functions' process", strconv.Itoa(r.Restarts)},
		{"scans that went all their way: accepted, ended", fmt.Sprintf("%d, %d", a.Accepted, a.Completed+a.Failed)},
		{"lost, doubled, without a notice, left over", fmt.Sprintf("%d, %d, %d, %d",
			a.Lost, a.Doubled, a.Unnoticed, a.Owed+a.Parked+a.DeadLetters)},
		{"requests that their clients repeated", strconv.Itoa(a.Again)},
		{"lines at ERROR", list(r.Errors)},
		{"lines at WARNING", list(r.Warnings)},
	}
}

const plotTitle = "Requests sent in each second: # accepted, . refused, ! without an answer"

// plot draws the requests of each second.
func (r *overload) plot() string {
	var b strings.Builder
	top := 1
	for _, s := range r.EachSecond {
		top = max(top, s.Offered)
	}
	before := part("")
	for _, s := range r.EachSecond {
		if s.Part != before {
			_, _ = fmt.Fprintf(&b, "%s\n", s.Part)
			before = s.Part
		}
		length := func(n int) int { return (n*barWidth + top - 1) / top }
		drawn := strings.Repeat("#", length(s.Accepted)) + strings.Repeat(".", length(s.refused())) +
			strings.Repeat("!", length(sum(s.Failed)))
		_, _ = fmt.Fprintf(&b, "%4d s %5d of %5d  p50 %5.0f p99 %5.0f ms %4.0f MB %s\n",
			s.At, s.Accepted, s.Offered, s.P50, s.P99, float64(s.RSS)/mb, drawn)
	}
	return b.String()
}

// markdown writes the run's section, without its title.
func (r *overload) markdown(out io.Writer) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // into a buffer
	printf("\n%s\n", r.head())
	for _, t := range []table{
		{title: "Parts", rows: r.partRows()}, {title: "The answers", rows: r.accountRows()},
	} {
		t.markdown(out)
	}
	printf("\n### %s\n\n```text\n%s```\n", plotTitle, r.plot())
}
