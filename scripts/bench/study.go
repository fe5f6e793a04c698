package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
)

// folds is the number of parts in which the people are judged, each by numbers fitted to the
// others.
const folds = 5

// study is what was seen and, for each person, how numbers fitted to other people read it.
type study struct {
	*gathered
	records []*record
	// unfound are the people whose neutral photo shows no face to the engine.
	unfound []*person
	// wild holds the readings of the photos without points by file, and wildCopies those of their
	// copies by name.
	wild       map[string]fit.Reading
	wildCopies map[string]map[string]fit.Reading
	whole      *fit.Calibration // fitted to everybody; nil where nothing was fitted
}

// record is one person, read by a calibration that was fitted without this person.
type record struct {
	*person
	neutral fit.Reading
	smiling *fit.Reading
	copies  map[string]fit.Reading
	lost    map[string]report.Code // copies that were not measured
	errors  map[string]float64     // distance of each point from the manual one, by name, pupil distances
	yaw     float64                // of the manual points, degrees
	manual  map[string]float64     // measures from the manual points, by name
}

func measure(ctx context.Context, o options, progress io.Writer) (*study, error) {
	g, err := gather(ctx, o, progress)
	if err != nil {
		return nil, err
	}
	return g.study()
}

// study reads everybody by numbers that were fitted to others. Without annotated people nothing is
// fitted: the engine's own numbers judge.
func (g *gathered) study() (*study, error) {
	s := &study{gathered: g, wild: map[string]fit.Reading{}, wildCopies: map[string]map[string]fit.Reading{}}
	if len(g.people) < 2*folds {
		s.readWild(fit.Fitted(), func(int, *entry) bool { return true })
		return s, nil
	}
	for fold := range folds {
		in := func(i int) bool { return i%folds == fold }
		c, err := fit.Fit(g.samples(func(i int) bool { return !in(i) }), g.others(func(i int) bool { return !in(i) }))
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		for i, p := range g.people {
			if in(i) {
				s.add(p, c)
			}
		}
		s.readWild(c, func(i int, e *entry) bool { return (e.Set == setPortraits || e.Set == setOrdinary) && in(i) })
	}
	c, err := fit.Fit(g.samples(all), g.others(all))
	if err != nil {
		return nil, err
	}
	s.whole = c
	s.readWild(c, func(_ int, e *entry) bool { return e.Set != setPortraits && e.Set != setOrdinary })
	return s, nil
}

func all(int) bool { return true }

// readWild reads the chosen photos without points, and their copies.
func (s *study) readWild(c *fit.Calibration, chosen func(i int, e *entry) bool) {
	for i := range s.entries {
		e := &s.entries[i]
		if !chosen(i, e) {
			continue
		}
		if o := s.files[e.File].Observation; o != nil {
			s.wild[e.File] = o.Read(c)
		}
		for name, found := range s.copies[e.File] {
			if found.Observation == nil {
				continue
			}
			if s.wildCopies[e.File] == nil {
				s.wildCopies[e.File] = map[string]fit.Reading{}
			}
			s.wildCopies[e.File][name] = found.Read(c)
		}
	}
}

// samples returns the chosen people for a fit.
func (g *gathered) samples(chosen func(i int) bool) []fit.Sample {
	var list []fit.Sample
	for i, p := range g.people {
		if chosen(i) {
			list = append(list, g.sample(p))
		}
	}
	return list
}

// others returns the chosen photos without points for a fit.
func (g *gathered) others(chosen func(i int) bool) (o fit.Others) {
	for i := range g.entries {
		e := &g.entries[i]
		seen := g.files[e.File].Observation
		if seen == nil || !chosen(i) {
			continue
		}
		switch e.Set {
		case setPortraits:
			o.Portraits = append(o.Portraits, seen)
			o.Shaded = append(o.Shaded, g.copiesNamed(e.File, shadeName))
			o.Glasses = append(o.Glasses, g.glassesOf(e.File))
		case setOrdinary:
			o.Ordinary = append(o.Ordinary, seen)
		}
	}
	return o
}

func (g *gathered) copiesNamed(key string, name func(int) string) (list []*fit.Observation) {
	for i := range shades {
		list = append(list, g.copies[key][name(i)].Observation)
	}
	return list
}

func (g *gathered) glassesOf(key string) []*fit.Observation {
	return []*fit.Observation{g.copies[key][thinGlasses].Observation, g.copies[key][darkGlasses].Observation}
}

func (g *gathered) sample(p *person) fit.Sample {
	copies := g.copies[p.id]
	s := fit.Sample{
		Neutral: g.files[p.neutral.File].Observation, Points: p.neutral.Points, Dense: p.neutral.All,
		ToRight: copies[fmt.Sprintf("yaw %+d", fit.TurnDegrees)].Observation,
		ToLeft:  copies[fmt.Sprintf("yaw %+d", -fit.TurnDegrees)].Observation,
		Blurred: copies["blur 2"].Observation,
	}
	if p.smiling != nil {
		s.Smiling = g.files[p.smiling.File].Observation
	}
	s.Shaded, s.Glasses = g.copiesNamed(p.id, shadeName), g.glassesOf(p.id)
	for i := range recaptures {
		s.Recaptures = append(s.Recaptures, copies[recaptureName(i)].Observation)
	}
	return s
}

func (s *study) add(p *person, c *fit.Calibration) {
	o := s.files[p.neutral.File].Observation
	if o == nil {
		s.unfound = append(s.unfound, p)
		return
	}
	r := &record{
		person: p, neutral: o.Read(c), copies: map[string]fit.Reading{}, lost: map[string]report.Code{},
		yaw:    fit.ManualYaw(p.neutral.All),
		manual: fit.ManualMetrics(p.neutral.Points),
	}
	if p.smiling != nil {
		if o := s.files[p.smiling.File].Observation; o != nil {
			r.smiling = new(o.Read(c))
		}
	}
	for name, found := range s.copies[p.id] {
		if found.Observation == nil {
			r.lost[name] = found.refusal.Code
			continue
		}
		r.copies[name] = found.Read(c)
	}
	r.errors = pointErrors(r.neutral.Report.Landmarks, p.neutral.Points)
	s.records = append(s.records, r)
}

// pointErrors returns the distances from the manual points in manual pupil distances.
func pointErrors(got map[string]report.Point, want map[string][2]float64) map[string]float64 {
	l, r := want["pupil_left"], want["pupil_right"]
	iod := math.Hypot(l[0]-r[0], l[1]-r[1])
	errs := map[string]float64{}
	for name, p := range got {
		w := want[name]
		errs[name] = math.Hypot(p.X-w[0], p.Y-w[1]) / iod
	}
	return errs
}

// each returns a value of every person.
func (s *study) each(f func(r *record) float64) []float64 {
	list := make([]float64, len(s.records))
	for i, r := range s.records {
		list[i] = f(r)
	}
	return list
}
