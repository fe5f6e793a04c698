package main

import (
	"io"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/scripts/bench/single"
)

// figures are all that was measured.
type figures struct {
	Command     string         `json:"command"`
	Machine     single.Machine `json:"machine"`
	Interrupted bool           `json:"interrupted,omitempty"`
	// PhotoBytes and PhotoPixels are the size of a good photo.
	PhotoBytes  int64  `json:"photoBytes"`
	PhotoPixels int    `json:"photoPixels"`
	Engine      engine `json:"engine"`
	// EngineMean is the bare engine's time for the photos of the run, corrupt ones too, in seconds a
	// scan.
	EngineMean float64 `json:"engineMeanS"`
	Whole      span    `json:"whole"`
	Middle     span    `json:"middle80"`
	// Settling is the time from the last end of a scan until nothing was owed, in seconds.
	Settling   float64               `json:"settlingS"`
	Processes  []process             `json:"processes"`
	Others     float64               `json:"otherProgramsS"`
	Legs       []leg                 `json:"legs"`
	Account    account               `json:"account"`
	Deliveries map[string]deliveries `json:"deliveries"`
	// Firestore is what was asked of it, of all scans.
	Firestore meter.Traffic  `json:"firestore"`
	Warnings  map[string]int `json:"warnings,omitempty"`
	Outages   []outage       `json:"outages,omitempty"`
	// Began is when the load did, and Ends how many scans ended in each second after that.
	Began time.Time `json:"began"`
	Ends  []int     `json:"endsEachSecond"`

	options options
}

// span is a part of the run.
type span struct {
	Seconds   float64 `json:"seconds"`
	Scans     int     `json:"scans"`
	PerSecond float64 `json:"scansPerSecond"`
	// Idle is the share of the processors that was idle, and Others that of other programs.
	Idle   float64 `json:"idleShare"`
	Others float64 `json:"otherProgramsShare"`
}

// process is what the processes of a role have used.
type process struct {
	Role role `json:"role"`
	// CPU is the processor time from the load's begin until nothing was owed, and Each that for a
	// scan, in seconds. Ratio is Each over EngineMean.
	CPU   float64 `json:"cpuS"`
	Each  float64 `json:"cpuPerScanS"`
	Ratio float64 `json:"overEngine"`
	Peak  uint64  `json:"peakBytes"`
}

// leg is how long a part of the way took.
type leg struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	P50   float64 `json:"p50S"`
	P95   float64 `json:"p95S"`
	P99   float64 `json:"p99S"`
	Max   float64 `json:"maxS"`
}

// Bounds of what a histogram takes, in microseconds.
const (
	shortest = 1
	longest  = int64(time.Hour / time.Microsecond)
)

// legOf returns the figures of the times.
func legOf(name string, took []time.Duration) leg {
	h := hdrhistogram.New(shortest, longest, 3)
	for _, t := range took {
		_ = h.RecordValue(min(max(t.Microseconds(), shortest), longest)) // which is within the bounds
	}
	seconds := func(us int64) float64 { return float64(us) / 1e6 }
	if len(took) == 0 {
		return leg{Name: name}
	}
	return leg{
		Name: name, Count: len(took), P50: seconds(h.ValueAtPercentile(50)), P95: seconds(h.ValueAtPercentile(95)),
		P99: seconds(h.ValueAtPercentile(99)), Max: seconds(h.Max()),
	}
}

// setup adds the legs of the users' sign-up.
func (r *figures) setup(took []setup) {
	of := func(name string, of func(setup) time.Duration) leg {
		all := make([]time.Duration, len(took))
		for i, s := range took {
			all[i] = of(s)
		}
		return legOf(name, all)
	}
	r.Legs = append([]leg{
		of("sign-up", func(s setup) time.Duration { return s.signUp }),
		of("register", func(s setup) time.Duration { return s.register }),
		of("declare the birth year", func(s setup) time.Duration { return s.declare }),
		of("consent", func(s setup) time.Duration { return s.consent }),
	}, r.Legs...)
}

// fill enters what the load has come to.
func (r *figures) fill(
	all []*journey, s stored, t tallies, watch *watcher, began, quiet time.Time,
) {
	r.Began = began
	r.Account = accountFor(all, s, t)
	r.Deliveries, r.Warnings = t.of, t.warnings
	var ends []time.Time
	for _, j := range all {
		if doc := s.scans[j.id]; doc.State == scan.Completed || doc.State == scan.Failed {
			ends = append(ends, doc.FinishedAt)
		}
		r.EngineMean += r.Engine.each[j.kind] / float64(len(all))
	}
	slices.SortFunc(ends, time.Time.Compare)
	r.Ends = eachSecond(ends, began)
	r.legs(all, s, t)
	last := quiet
	if len(ends) > 0 {
		last = ends[len(ends)-1]
		r.Settling = quiet.Sub(last).Seconds()
	}
	r.Whole = spanOf(watch, began, last, len(ends))
	if n := len(ends); n >= 10 {
		r.Middle = spanOf(watch, ends[n/10], ends[n-1-n/10], n-1-2*(n/10))
	}
	total := watch.at(time.Now()).minus(watch.at(began)) // to the last look
	r.Others = total.others()
	peaks := watch.peak()
	for _, role := range roles {
		p := process{Role: role, CPU: total.of[role], Peak: peaks[role]}
		if len(ends) > 0 && r.EngineMean > 0 {
			p.Each = p.CPU / float64(len(ends))
			p.Ratio = p.Each / r.EngineMean
		}
		r.Processes = append(r.Processes, p)
	}
}

func spanOf(watch *watcher, from, to time.Time, scans int) span {
	u := watch.at(to).minus(watch.at(from))
	s := span{Seconds: to.Sub(from).Seconds(), Scans: scans, Idle: u.share(u.idle), Others: u.share(u.others())}
	if s.Seconds > 0 {
		s.PerSecond = float64(scans) / s.Seconds
	}
	return s
}

// eachSecond counts the sorted times in each second since the begin.
func eachSecond(times []time.Time, began time.Time) []int {
	var counts []int
	for _, t := range times {
		second := max(0, int(t.Sub(began)/time.Second))
		for len(counts) <= second {
			counts = append(counts, 0)
		}
		counts[second]++
	}
	return counts
}

// legs measures the parts of the way of the scans that came so far.
func (r *figures) legs(all []*journey, s stored, t tallies) {
	between := func(name string, from, to func(*journey) time.Time) {
		var took []time.Duration
		for _, j := range all {
			if a, b := from(j), to(j); !a.IsZero() && !b.IsZero() {
				took = append(took, b.Sub(a))
			}
		}
		r.Legs = append(r.Legs, legOf(name, took))
	}
	due := func(j *journey) time.Time { return j.due }
	opened := func(j *journey) time.Time { return j.opened }
	put := func(j *journey) time.Time { return j.put }
	ended := func(j *journey) time.Time { return j.ended }
	between("open the scan", due, opened)
	between("put the photo", opened, put)
	between("wait for the end", put, ended)
	between("all of the scan", due, ended)
	finished := func(j *journey) time.Time { return s.scans[j.id].FinishedAt }
	between("upload to end, by the documents", func(j *journey) time.Time { return s.scans[j.id].UploadedAt }, finished)
	between("end to the answer of the long poll", finished, ended)
	r.Legs = append(r.Legs, legOf("analyze, a delivery", t.analyze))
}

// show prints the report for people, or as JSON.
func (r *figures) show(out io.Writer, asJSON bool) error {
	if !asJSON {
		return r.text(out)
	}
	return single.PrintJSON(out, r)
}
