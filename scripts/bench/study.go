package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/facescan/facescan/internal/face"
)

// folds is the number of parts in which the people are judged, each by numbers fitted to the others.
const folds = 5

// study is what was seen and, for each person, how numbers fitted to other people read it.
type study struct {
	*gathered
	records []*record
	// unfound are the people whose neutral photo shows no face to the engine.
	unfound []*person
}

// record is one person, read by a calibration that was fitted without this person.
type record struct {
	*person
	neutral face.Reading
	smiling *face.Reading
	copies  map[string]face.Reading
	lost    map[string]face.Code // copies that were not measured
	errors  map[string]float64   // distance of each point from the manual one, by name, pupil distances
	yaw     float64              // of the manual points, degrees
	manual  map[string]float64   // measures from the manual points, by name
}

func measure(ctx context.Context, o options, progress io.Writer) (*study, error) {
	g, err := gather(ctx, o, progress)
	if err != nil {
		return nil, err
	}
	s := &study{gathered: g}
	for fold := range folds {
		c, err := face.Fit(g.samples(func(i int) bool { return i%folds != fold }))
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		for i, p := range g.people {
			if i%folds == fold {
				s.add(p, c)
			}
		}
	}
	return s, nil
}

// samples gives the chosen people for a fit.
func (g *gathered) samples(chosen func(i int) bool) []face.Sample {
	var list []face.Sample
	for i, p := range g.people {
		if chosen(i) {
			list = append(list, g.sample(p))
		}
	}
	return list
}

func (g *gathered) sample(p *person) face.Sample {
	copies := g.copies[p.id]
	s := face.Sample{
		Neutral: g.files[p.neutral.File].Observation, Points: p.neutral.Points, Dense: p.neutral.All,
		ToRight: copies[fmt.Sprintf("yaw %+d", face.TurnDegrees)].Observation,
		ToLeft:  copies[fmt.Sprintf("yaw %+d", -face.TurnDegrees)].Observation,
		Blurred: copies["blur 2"].Observation,
	}
	if p.smiling != nil {
		s.Smiling = g.files[p.smiling.File].Observation
	}
	for i := range recaptures {
		s.Recaptures = append(s.Recaptures, copies[recaptureName(i)].Observation)
	}
	return s
}

func (s *study) add(p *person, c *face.Calibration) {
	o := s.files[p.neutral.File].Observation
	if o == nil {
		s.unfound = append(s.unfound, p)
		return
	}
	r := &record{
		person: p, neutral: o.Read(c), copies: map[string]face.Reading{}, lost: map[string]face.Code{}, yaw: face.ManualYaw(p.neutral.All),
		manual: face.ManualMetrics(p.neutral.Points),
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

// pointErrors gives the distances from the manual points in manual pupil distances.
func pointErrors(got map[string]face.Point, want map[string][2]float64) map[string]float64 {
	l, r := want["pupil_left"], want["pupil_right"]
	iod := math.Hypot(l[0]-r[0], l[1]-r[1])
	errs := map[string]float64{}
	for name, p := range got {
		w := want[name]
		errs[name] = math.Hypot(p.X-w[0], p.Y-w[1]) / iod
	}
	return errs
}

// each gives a value of every person.
func (s *study) each(f func(r *record) float64) []float64 {
	list := make([]float64, len(s.records))
	for i, r := range s.records {
		list[i] = f(r)
	}
	return list
}
