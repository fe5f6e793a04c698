package main

import (
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
)

// mildConditions are those of the Yale set that an app's photos have; harderConditions come with
// them to eight, and all eleven are the set.
var (
	mildConditions   = []string{"normal", "glasses", "noglasses", "sad", "sleepy"}
	harderConditions = append(slices.Clone(mildConditions), "happy", "centerlight", "wink")
)

// refusalOf returns the code of a photo that is not measured, or an empty one.
func (s *study) refusalOf(file string) report.Code {
	seen := s.files[file]
	switch r, ok := s.wild[file]; {
	case seen.refusal != nil:
		return seen.refusal.Code
	case ok && r.Refusal != nil:
		return r.Refusal.Code
	}
	return ""
}

// faceIn reports whether a face was found in a photo, whatever else was wrong.
func (s *study) faceIn(file string) bool {
	code := s.refusalOf(file)
	return code != report.NoFace && (code != "" || s.files[file].Observation != nil)
}

// taken reports whether something was taken for a face in what was seen, whatever became of it.
func (s *study) taken(v seen) bool {
	refusal := v.refusal
	switch {
	case v.Observation == nil && refusal == nil: // not looked at
		return false
	case v.Observation != nil:
		c := s.whole
		if c == nil {
			c = fit.Fitted()
		}
		refusal = v.Read(c).Refusal
	}
	return refusal == nil || slices.Contains(
		[]report.Code{report.SeveralFaces, report.FaceTooSmall, report.FaceTooNear}, refusal.Code,
	)
}

// photos returns the chosen photos.
func (s *study) photos(chosen func(e *entry) bool) (list []*entry) {
	for i := range s.entries {
		if e := &s.entries[i]; chosen(e) {
			list = append(list, e)
		}
	}
	return list
}

// setOf returns the photos of a set.
func (s *study) setOf(set string) []*entry {
	return s.photos(func(e *entry) bool { return e.Set == set })
}

// ordinarySets names the sets of portraits as people take them, in the order of the index.
func (s *study) ordinarySets() (names []string) {
	for _, e := range s.photos((*entry).ordinary) {
		if !slices.Contains(names, e.Set) {
			names = append(names, e.Set)
		}
	}
	return names
}

// rankable reports whether a reading gets a rank.
func rankable(r fit.Reading) bool { return r.Refusal == nil && r.Report.Rankable }

// rankedIn returns the readings of a set that get a rank.
func (s *study) rankedIn(list []*entry) (ranked []fit.Reading) {
	for _, e := range list {
		if r, ok := s.wild[e.File]; ok && rankable(r) {
			ranked = append(ranked, r)
		}
	}
	return ranked
}

func each[T any](list []T, f func(T) float64) []float64 {
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

func (s *study) wildFigures() []figure {
	var list []figure
	for _, set := range s.ordinarySets() {
		entries := s.setOf(set)
		list = append(list, s.foundFigures(set, entries)...)
		list = append(list, s.spreadFigures(set, entries)...)
		list = append(list, s.sameFigures(set, entries)...)
		list = append(list, s.plantedFigures(set, entries)...)
		list = append(list, s.spoiledFigures(set, entries)...)
		list = append(list, s.pairFigures(set, entries)...)
	}
	if entries := s.photos(func(e *entry) bool { return e.Covered }); len(entries) > 0 {
		ranked := func(e *entry) float64 { return share(rankable(s.wild[e.File])) }
		list = append(list, averaged("masks: ranked", each(entries, ranked), atMost(.02), atMost(0)))
	}
	if entries := s.setOf(setNoFaces); len(entries) > 0 {
		measured := func(e *entry) float64 {
			_, seen := s.wild[e.File]
			return share(seen && s.refusalOf(e.File) == "")
		}
		list = append(list, averaged("things and animals: measured", each(entries, measured), atMost(.01), atMost(.003)))
	}
	if entries := s.setOf(setTight); len(entries) > 0 {
		none := func(e *entry) float64 { return share(s.refusalOf(e.File) == report.NoFace) }
		list = append(list, averaged("tight: no_face", each(entries, none), nil, nil))
		list = append(list, s.pairFigures("tight", entries)...)
	}
	if entries := s.photos(func(e *entry) bool { return e.Condition != "" }); len(entries) > 0 {
		list = append(list, s.conditionFigures(entries)...)
	}
	return list
}

func (s *study) foundFigures(set string, entries []*entry) []figure {
	is := func(code report.Code) func(e *entry) float64 {
		return func(e *entry) float64 { return share(s.refusalOf(e.File) == code) }
	}
	ranked := func(e *entry) float64 { return share(rankable(s.wild[e.File])) }
	list := []figure{
		averaged(set+": no_face", each(entries, is(report.NoFace)), atMost(.04), atMost(.01)),
		averaged(set+": measured", each(entries, is("")), atLeast(.88), atLeast(.95)),
		averaged(set+": ranked", each(entries, ranked), atLeast(.40), atLeast(.60)),
	}
	if set == setOrdinary {
		for i := range list {
			list[i].Bar, list[i].Stretch, list[i].Reached = "", "", ""
		}
	}
	return list
}

// spreadFigures compare the scores with a percentile, whose spread is even.
func (s *study) spreadFigures(set string, entries []*entry) []figure {
	ranked := s.rankedIn(entries)
	score := each(ranked, scoreOf)
	width := each(ranked, func(r fit.Reading) float64 { return r.Report.Score.Hi - r.Report.Score.Lo })
	var narrow []float64
	for _, e := range entries {
		if r, ok := s.wild[e.File]; ok && r.Refusal == nil {
			narrow = append(narrow, share(r.Report.Score.Hi-r.Report.Score.Lo < 5))
		}
	}
	return []figure{
		judged(set+": median score of those ranked", len(score), within(35, 65), within(45, 55),
			func(c []int) float64 { return quantile(picked(score, c), .5) }),
		averaged(
			set+": ranked below 10", each(score, func(v float64) float64 { return share(v < 10) }), atMost(.2), atMost(.12),
		),
		averaged(
			set+": ranked above 90", each(score, func(v float64) float64 { return share(v > 90) }), atMost(.2), atMost(.12),
		),
		judged(set+": Kolmogorov-Smirnov distance to a percentile", len(score), atMost(.2), atMost(.1),
			func(c []int) float64 { return evenDistance(picked(score, c)) }),
		averaged(set+": interval narrower than 5 points", narrow, atMost(0), atMost(0)),
		judged(set+": median width of the interval of those ranked", len(width), atMost(80), atMost(60),
			func(c []int) float64 { return quantile(picked(width, c), .5) }),
	}
}

// evenDistance returns the Kolmogorov-Smirnov distance of scores to an even spread from 0 to 100.
func evenDistance(score []float64) float64 {
	s, most := slices.Sorted(slices.Values(score)), 0.0
	for i, v := range s {
		most = max(most, math.Abs(v/100-float64(i)/float64(len(s))), math.Abs(v/100-float64(i+1)/float64(len(s))))
	}
	return most
}

// deviationOf returns the standard deviation of the scores of those ranked, for shifts.
func (s *study) deviationOf(entries []*entry) float64 {
	return fit.Deviation(each(s.rankedIn(entries), scoreOf))
}

func (s *study) sameFigures(set string, entries []*entry) (list []figure) {
	sd := s.deviationOf(entries)
	for _, name := range sameWild {
		var shift []float64
		for _, e := range entries {
			a, b := s.wild[e.File], s.wildCopies[e.File][name]
			if rankable(a) && b.Report.Version != "" {
				shift = append(shift, scoreOf(a)-scoreOf(b))
			}
		}
		list = append(list, judged(set+": score shift, RMS in SD: "+name, len(shift), atMost(.25), atMost(.12),
			func(c []int) float64 { return fit.RootMeanSquare(picked(shift, c)) / sd }))
	}
	return list
}

func (s *study) plantedFigures(set string, entries []*entry) (list []figure) {
	sd := fit.Deviation(each(s.rankedIn(entries), indexOf))
	for _, part := range []string{"mouth", "eye"} {
		var rises, far []float64
		for _, e := range entries {
			own := s.wild[e.File]
			if !rankable(own) {
				continue
			}
			up, last := true, math.Inf(-1)
			for _, d := range steps {
				c, ok := s.wildCopies[e.File][unevenName(part, d)]
				up = up && ok && c.Index > last
				last = c.Index
			}
			rises, far = append(rises, share(up)), append(far, share(last-own.Index >= sd/2))
		}
		list = append(list,
			averaged(set+": uneven "+part+" .03 < .06 < .10 IOD: index rises at each step", rises, atLeast(.85), atLeast(.95)),
			averaged(set+": uneven "+part+" .10 IOD: index rises by half a SD", far, atLeast(.85), atLeast(.95)))
	}
	return list
}

// spoiledFigures count how many of the portraits that are ranked are still so when something is
// drawn over them, or the photo is spoilt.
func (s *study) spoiledFigures(set string, entries []*entry) (list []figure) {
	still := func(name string, need, stretch *bar) figure {
		var ranked []float64
		for _, e := range entries {
			if rankable(s.wild[e.File]) {
				ranked = append(ranked, share(rankable(s.wildCopies[e.File][name])))
			}
		}
		return averaged(set+": "+name+": ranked", ranked, need, stretch)
	}
	for _, name := range coverWild {
		list = append(list, still(name, atMost(.05), atMost(0)))
	}
	for _, name := range spoiled {
		list = append(list, still(name, atMost(.1), atMost(0)))
	}
	for _, dark := range []bool{false, true} {
		list = append(list, still(glassesName(dark), nil, nil))
	}
	if set == setOrdinary {
		return list
	}
	for _, name := range darkWild {
		var measured, confident []float64
		for _, e := range entries {
			own, ok := s.wild[e.File]
			if !ok || own.Refusal != nil {
				continue
			}
			c, seen := s.wildCopies[e.File][name]
			measured = append(measured, share(seen && c.Refusal == nil))
			if seen {
				confident = append(confident, c.Report.Face.Quality/own.Report.Face.Quality)
			}
		}
		list = append(list, averaged(set+": "+name+": measured", measured, atLeast(.95), nil),
			judged(set+": "+name+": median of the detector's confidence over that of the photo", len(confident), atLeast(.5),
				nil,
				func(c []int) float64 { return quantile(picked(confident, c), .5) }))
	}
	return append(list, s.labelFigures(set, entries)...)
}

// labelFigures compare refusals between groups of ten and more.
func (s *study) labelFigures(set string, entries []*entry) (list []figure) {
	groups := map[string][]float64{}
	for _, e := range entries {
		for label, value := range e.Labels {
			name := label + " " + value
			groups[name] = append(groups[name], share(s.refusalOf(e.File) == report.NoFace))
		}
	}
	names := []string{}
	for name, v := range groups {
		if len(v) >= fewest {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, averaged(set+": no_face, "+name, groups[name], nil, nil))
	}
	return list
}

// couple are two readings of one person, or of two.
type couple struct{ a, b fit.Reading }

func (c couple) agree() float64 {
	half := func(r fit.Reading) float64 { return (r.Report.Score.Hi - r.Report.Score.Lo) / 2 }
	return share(math.Abs(scoreOf(c.a)-scoreOf(c.b)) <= math.Hypot(half(c.a), half(c.b)))
}

// couples returns the pairs of ranked photos of one person, and of two.
func (s *study) couples(entries []*entry) (same, other []couple) {
	for i, e := range entries {
		for _, f := range entries[i+1:] {
			c := couple{s.wild[e.File], s.wild[f.File]}
			if e.Person == "" || f.Person == "" || !rankable(c.a) || !rankable(c.b) {
				continue
			}
			if e.Person == f.Person {
				same = append(same, c)
			} else {
				other = append(other, c)
			}
		}
	}
	return same, other
}

func (s *study) pairFigures(name string, entries []*entry) []figure {
	same, other := s.couples(entries)
	if len(same) == 0 {
		return nil
	}
	differ := func(c couple) float64 { return math.Abs(scoreOf(c.a) - scoreOf(c.b)) }
	a, b := each(same, differ), each(other, differ)
	return []figure{
		averaged(
			name+": two photos of one person differ by no more than their intervals", each(same, couple.agree), atLeast(.85),
			atLeast(.93),
		),
		averaged(name+": the same of two people", each(other, couple.agree), nil, nil),
		judged(name+": median difference of one person's photos over that of two people's", len(a), atMost(.6), atMost(.4),
			func(c []int) float64 { return quantile(picked(a, c), .5) / quantile(b, .5) }),
	}
}

func (s *study) conditionFigures(entries []*entry) (list []figure) {
	in := func(conditions []string) []*entry {
		return slices.DeleteFunc(
			slices.Clone(entries), func(e *entry) bool { return !slices.Contains(conditions, e.Condition) },
		)
	}
	everything := []string{}
	for _, e := range entries {
		everything = append(everything, e.Condition)
	}
	for _, k := range []struct {
		name          string
		conditions    []string
		need, stretch float64
	}{{"5 mild", mildConditions, .70, .85}, {"8", harderConditions, .33, .47}, {"all 11", everything, .27, .47}} {
		byPerson := s.byPerson(in(k.conditions))
		list = append(list, judged("yale: ICC of the index, "+k.name+" conditions", len(byPerson), atLeast(k.need),
			atLeast(k.stretch),
			func(c []int) float64 { return oneWayICC(pickedRows(byPerson, c)) }))
	}
	list = append(list, s.pairFigures("yale mild", in(mildConditions))...)
	list = append(list, s.pairFigures("yale 8", in(harderConditions))...)
	list = append(list, s.pairFigures("yale 11", entries)...)
	ranked := func(condition string) figure {
		return averaged(
			"yale: ranked, "+condition,
			each(in([]string{condition}), func(e *entry) float64 { return share(rankable(s.wild[e.File])) }), nil, nil,
		)
	}
	for _, c := range slices.Compact(slices.Sorted(slices.Values(everything))) {
		list = append(list, ranked(c))
	}
	return append(list, s.seriesFigures(in(mildConditions))...)
}

// byPerson returns the indices of the photos that were measured, by person.
func (s *study) byPerson(entries []*entry) (rows [][]float64) {
	people := map[string][]float64{}
	for _, e := range entries {
		if r, ok := s.wild[e.File]; ok && r.Refusal == nil {
			people[e.Person] = append(people[e.Person], r.Index)
		}
	}
	for _, name := range slices.Sorted(keys(people)) {
		if len(people[name]) > 1 {
			rows = append(rows, people[name])
		}
	}
	return rows
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func pickedRows(rows [][]float64, chosen []int) (list [][]float64) {
	for _, i := range chosen {
		list = append(list, rows[i])
	}
	return list
}

// oneWayICC returns the intraclass correlation of a single reading, ICC(1,1), of people with
// different numbers of readings (Shrout and Fleiss, 1979; unequal numbers: Searle, "Linear Models",
// 1971).
func oneWayICC(rows [][]float64) float64 {
	var all []float64
	squares := 0.0
	for _, r := range rows {
		all = append(all, r...)
		squares += float64(len(r) * len(r))
	}
	n, k, grand := float64(len(all)), float64(len(rows)), fit.Mean(all)
	between, inside := 0.0, 0.0
	for _, r := range rows {
		m := fit.Mean(r)
		between += float64(len(r)) * (m - grand) * (m - grand)
		for _, v := range r {
			inside += (v - m) * (v - m)
		}
	}
	between, inside = between/(k-1), inside/(n-k)
	each := (n - squares/n) / (k - 1)
	return (between - inside) / (between + (each-1)*inside)
}

// shown returns what a series keeps of a score.
func shown(s report.Score) report.Score { return report.Score{Value: s.Value, Lo: s.Lo, Hi: s.Hi} }

// seriesFigures judge the mean of three photos against the mean of the person's others.
func (s *study) seriesFigures(entries []*entry) []figure {
	people := map[string][]fit.Reading{}
	for _, e := range entries {
		if r := s.wild[e.File]; rankable(r) {
			people[e.Person] = append(people[e.Person], r)
		}
	}
	var covered, width []float64
	for _, name := range slices.Sorted(keys(people)) {
		list := people[name]
		if len(list) < 4 {
			continue
		}
		for skip := range list {
			three := []report.Score{}
			var rest []float64
			for i, r := range list {
				if i != skip && len(three) < 3 {
					three = append(three, shown(r.Report.Score))
				} else {
					rest = append(rest, scoreOf(r))
				}
			}
			m, _ := report.Mean(three)
			covered = append(covered, share(m.Lo <= fit.Mean(rest) && fit.Mean(rest) <= m.Hi))
			width = append(width, m.Hi-m.Lo)
		}
	}
	if len(covered) == 0 {
		return nil
	}
	return []figure{
		averaged(
			"yale mild: interval of a series of 3 covers the mean of the person's other photos", covered, atLeast(.93), nil,
		),
		averaged("yale mild: width of the interval of a series of 3", width, nil, nil),
	}
}
