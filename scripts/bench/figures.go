package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
)

// figure is one number with its 95 % bootstrap interval over people and the bar that it has to
// reach.
type figure struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit,omitempty"`
	Value   float64 `json:"value"`
	Lo      float64 `json:"lo"`
	Hi      float64 `json:"hi"`
	N       int     `json:"n"`
	Bar     string  `json:"bar,omitempty"`
	Stretch string  `json:"stretch,omitempty"`
	// Reached is "stretch", "bar", "no", or empty where there is no bar.
	Reached string `json:"reached,omitempty"`
}

// bar is the bound of a value: at least, at most, or within.
type bar struct{ least, most float64 }

func atLeast(v float64) *bar          { return &bar{v, math.Inf(1)} }
func atMost(v float64) *bar           { return &bar{math.Inf(-1), v} }
func within(least, most float64) *bar { return &bar{least, most} }

func (b *bar) holds(v float64) bool { return v >= b.least-1e-9 && v <= b.most+1e-9 }

func (b *bar) String() string {
	switch {
	case b == nil:
		return ""
	case math.IsInf(b.most, 1):
		return fmt.Sprintf(">= %g", b.least)
	case math.IsInf(b.least, -1):
		return fmt.Sprintf("<= %g", b.most)
	}
	return fmt.Sprintf("%g to %g", b.least, b.most)
}

// judged returns the figure of a statistic over n people, or other units.
func judged(name string, n int, need, stretch *bar, statistic func(chosen []int) float64) figure {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	f := figure{Name: name, N: n, Value: statistic(all), Bar: need.String(), Stretch: stretch.String()}
	f.Lo, f.Hi = bootstrap(n, statistic)
	if math.IsNaN(f.Lo) {
		f.Lo, f.Hi = f.Value, f.Value
	}
	switch {
	case need == nil:
	case stretch != nil && stretch.holds(f.Value):
		f.Reached = "stretch"
	case need.holds(f.Value):
		f.Reached = "bar"
	default:
		f.Reached = "no"
	}
	return f
}

// averaged judges the mean of values, one a person.
func averaged(name string, v []float64, need, stretch *bar) figure {
	return judged(name, len(v), need, stretch, func(c []int) float64 { return fit.Mean(picked(v, c)) })
}

func share(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (s *study) figures() []figure {
	if len(s.records) == 0 {
		return s.wildFigures()
	}
	list := s.detectionFigures()
	list = append(list, s.pointFigures()...)
	list = append(list, s.yawFigures()...)
	list = append(list, s.scoreFigures()...)
	list = append(list, s.rankedFigures()...)
	list = append(list, s.shiftFigures()...)
	list = append(list, s.unevenFigures()...)
	list = append(list, s.intervalFigures()...)
	list = append(list, s.metricFigures()...)
	return append(list, s.wildFigures()...)
}

func (s *study) detectionFigures() []figure {
	bySet := map[string][]float64{}
	var sets []string
	var every []float64
	for i := range s.entries {
		e := &s.entries[i]
		if !e.studio() {
			continue
		}
		if bySet[e.Set] == nil {
			sets = append(sets, e.Set)
		}
		found := share(s.faceIn(e.File))
		bySet[e.Set], every = append(bySet[e.Set], found), append(every, found)
	}
	list := []figure{averaged("detection recall, studio", every, atLeast(1), nil)}
	for _, set := range sets {
		list = append(list, averaged("detection recall, "+set, bySet[set], nil, nil))
	}
	var painted, none []float64
	for _, p := range s.people {
		painted = append(painted, share(s.taken(s.copies[p.id]["painted over"])))
	}
	list = append(list, averaged("false faces, portraits painted over", painted, atMost(0.01), atMost(0.005)))
	for _, found := range s.nofaces {
		none = append(none, share(s.taken(found)))
	}
	if len(none) > 0 {
		slices.Sort(none)
		list = append(list, averaged("false faces, photos without a face", none, atMost(0.01), atMost(0.005)))
	}
	return list
}

func (s *study) pointFigures() []figure {
	nme := s.each(func(r *record) float64 {
		sum := 0.0
		for _, name := range face.LandmarkNames() {
			sum += r.errors[name]
		}
		return sum / float64(len(r.errors))
	})
	near := s.each(func(r *record) float64 {
		return (share(r.errors["pupil_left"] < 0.05) + share(r.errors["pupil_right"] < 0.05)) / 2
	})
	yaw := s.each(func(r *record) float64 { return r.neutral.Yaw - r.yaw })
	return []figure{
		averaged("NME over 15 points, IOD", nme, atMost(0.024), atMost(0.02)),
		averaged("pupils within .05 IOD", near, atLeast(0.97), atLeast(0.99)),
		judged(
			"yaw against manual points, RMS degrees", len(yaw), nil, nil,
			func(c []int) float64 { return fit.RootMeanSquare(picked(yaw, c)) },
		),
	}
}

// pairs returns the people with both photos: scores and indices, neutral and smiling.
func (s *study) pairs(value func(r fit.Reading) float64) (a, b []float64) {
	for _, r := range s.records {
		if r.smiling != nil {
			a, b = append(a, value(r.neutral)), append(b, value(*r.smiling))
		}
	}
	return a, b
}

func scoreOf(r fit.Reading) float64 { return r.Report.Score.Value }
func indexOf(r fit.Reading) float64 { return r.Index }

func (s *study) scoreFigures() []figure {
	agreement := func(name string, value func(fit.Reading) float64, need, stretch *bar) figure {
		a, b := s.pairs(value)
		return judged(name, len(a), need, stretch, func(c []int) float64 { return fit.ICC(picked(a, c), picked(b, c)) })
	}
	correlation := func(name string, a, b []float64, need, stretch *bar) figure {
		return judged(name, len(a), need, stretch, func(c []int) float64 { return spearman(picked(a, c), picked(b, c)) })
	}
	score := s.each(func(r *record) float64 { return -r.neutral.Report.Score.Value })
	before := s.each(func(r *record) float64 { return -r.neutral.Report.Score.BeforeYaw })
	free := s.each(func(r *record) float64 { return r.person.neutral.YawFree })
	whole := s.each(func(r *record) float64 { return r.person.neutral.Asymmetry })
	return []figure{
		agreement(figureICC, scoreOf, atLeast(0.72), atLeast(0.80)),
		agreement("index: ICC(2,1) neutral vs smiling", indexOf, nil, nil),
		correlation("score: Spearman with manual_asymmetry_yawfree", score, free, atLeast(0.52), atLeast(0.70)),
		correlation("beforeYaw: Spearman with manual_asymmetry", before, whole, atLeast(0.70), atLeast(0.78)),
	}
}

// rankedFigures returns the mean and the spread of the scores that the reference portraits are
// ranked by, each person counted once.
func (s *study) rankedFigures() []figure {
	var score []float64
	for _, r := range s.records {
		if rankable(r.neutral) {
			score = append(score, scoreOf(r.neutral))
		}
	}
	for _, set := range []string{setPortraits, setOrdinary} {
		score = append(score, each(s.rankedIn(s.setOf(set)), scoreOf)...)
	}
	return []figure{
		averaged(figureMean, score, nil, nil),
		judged(figureSD, len(score), nil, nil,
			func(c []int) float64 { return fit.Deviation(picked(score, c)) }),
	}
}

// reference returns the reading that a copy is compared with: copies are made of the photo at half
// size, but for scale.
func (r *record) reference(copied string) (fit.Reading, bool) {
	if strings.HasPrefix(copied, "scale") {
		return r.neutral, true
	}
	half, ok := r.copies["half"]
	return half, ok
}

// shifts returns the changes of a value under copies, of all people.
func (s *study) shifts(copied string, value func(fit.Reading) float64) []float64 {
	var list []float64
	for _, r := range s.records {
		c, ok := r.copies[copied]
		ref, ok2 := r.reference(copied)
		if ok && ok2 {
			list = append(list, value(c)-value(ref))
		}
	}
	return list
}

func (s *study) shiftFigures() []figure {
	sd := fit.Deviation(s.each(func(r *record) float64 { return scoreOf(r.neutral) }))
	var list []figure
	for _, k := range []struct {
		copied        string
		need, stretch float64
	}{
		{"mirror", 0, 0}, {"JPEG 50", 0.10, 0.05}, {"roll 5", 0.10, 0.05}, {"roll 10", 0.10, 0.05}, {"roll 20", 0.10, 0.05},
		{"scale 0.4", 0.2, 0.1},
		{"blur 2", 0.25, 0.125}, {"noise 8", 0.15, 0.075}, {"gamma .6", 0.15, 0.075}, {"gamma 1.6", 0.15, 0.075},
		{"yaw +8", 0.35, 0.175},
		{"yaw -8", 0.35, 0.175},
	} {
		v := s.shifts(k.copied, scoreOf)
		list = append(list, judged("score shift, RMS in SD: "+k.copied, len(v), atMost(k.need), atMost(k.stretch),
			func(c []int) float64 { return fit.RootMeanSquare(picked(v, c)) / sd }))
	}
	v := s.shifts("blur 2", scoreOf)
	return append(list, judged("score shift, mean in SD (up = blur helps): blur 2", len(v), nil, nil,
		func(c []int) float64 { return fit.Mean(picked(v, c)) / sd }))
}

func (s *study) unevenFigures() []figure {
	var list []figure
	for _, part := range []string{"mouth", "eye"} {
		var falls []float64
		for _, r := range s.records {
			if f, ok := r.falls(part); ok {
				falls = append(falls, share(f))
			}
		}
		list = append(
			list, averaged("uneven "+part+" .03 < .06 < .10 IOD: index rises at each step", falls, atLeast(0.92), atLeast(1)),
		)
	}
	return list
}

func (r *record) falls(part string) (falls, known bool) {
	last := math.Inf(-1)
	for _, d := range steps {
		c, ok := r.copies[fmt.Sprintf("%s %g", part, d)]
		if !ok {
			return false, false
		}
		if c.Index <= last {
			return false, true
		}
		last = c.Index
	}
	return true, true
}

// recaptured returns the readings of the simulated recaptures.
func (r *record) recaptured() []fit.Reading {
	var list []fit.Reading
	for i := range recaptures {
		if c, ok := r.copies[recaptureName(i)]; ok {
			list = append(list, c)
		}
	}
	return list
}

func (s *study) intervalFigures() []figure {
	var cover, size, three, pairs []float64
	for _, r := range s.records {
		copies := r.recaptured()
		middle := 0.0
		for _, c := range copies {
			middle += c.Report.Score.Value / float64(len(copies))
		}
		inside := 0.0
		for _, c := range copies {
			inside += share(c.Report.Score.Lo <= middle && middle <= c.Report.Score.Hi)
		}
		if len(copies) > 1 {
			cover = append(cover, inside/float64(len(copies)))
		}
		own := r.neutral.Report.Score
		size = append(size, own.Hi-own.Lo)
		series, _ := report.Mean([]report.Score{shown(own), shown(own), shown(own)})
		three = append(three, series.Hi-series.Lo)
		if b := r.smiling; b != nil {
			reach := 1.96 * math.Hypot(r.neutral.DeviationSE, b.DeviationSE)
			pairs = append(pairs, share(math.Abs(r.neutral.Deviation-b.Deviation) <= reach))
		}
	}
	return []figure{
		averaged("95 % interval covers the mean of simulated recaptures", cover, within(0.93, 0.97), nil),
		averaged("neutral and smiling differ by less than 1.96 SE of the difference", pairs, within(0.90, 0.98), nil),
		averaged("width of the 95 % interval, score points", size, nil, nil),
		averaged("width of the interval of a series of 3, studio", three, atMost(34), nil),
	}
}

func (s *study) metricFigures() []figure {
	var list []figure
	for _, m := range s.records[0].neutral.Report.Metrics {
		got := s.each(func(r *record) float64 { return metric(r.neutral, m.Name) })
		want := s.each(func(r *record) float64 { return r.manual[m.Name] })
		list = append(list, judged(m.Name+": ICC(2,1) with manual points", len(got), atLeast(0.6), nil,
			func(c []int) float64 { return fit.ICC(picked(got, c), picked(want, c)) }))
	}
	return list
}

func metric(r fit.Reading, name string) float64 {
	for _, m := range r.Report.Metrics {
		if m.Name == name {
			return m.Value
		}
	}
	return math.NaN()
}

func printFigures(w io.Writer, list []figure) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tvalue\t95 % interval\tn\tbar\tstretch\treached")
	for _, f := range list {
		fmt.Fprintf(
			t, "%s\t%.4g\t%.3g to %.3g\t%d\t%s\t%s\t%s\n", f.Name, f.Value, f.Lo, f.Hi, f.N, f.Bar, f.Stretch, f.Reached,
		)
	}
	return t.Flush()
}
