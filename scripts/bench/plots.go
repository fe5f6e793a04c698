package main

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/fit"
)

var (
	ink  = color.NRGBA{R: 31, G: 78, B: 121, A: 200}
	pale = color.NRGBA{R: 150, G: 150, B: 150, A: 255}
	warm = color.NRGBA{R: 192, G: 80, B: 30, A: 255}
)

// sketch starts a plot.
func sketch(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font.Size = vg.Points(11)
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = vg.Points(10), vg.Points(10)
	p.Add(plotter.NewGrid())
	return p
}

func save(p *plot.Plot, folder, name string) error {
	return p.Save(4.8*vg.Inch, 3.2*vg.Inch, filepath.Join(folder, name))
}

func addDots(p *plot.Plot, xy plotter.XYs, c color.Color) error {
	dots, err := plotter.NewScatter(xy)
	if err != nil {
		return err
	}
	dots.Color, dots.Radius = c, vg.Points(2)
	p.Add(dots)
	return nil
}

func addLine(p *plot.Plot, xy plotter.XYs, c color.Color, dashed bool) error {
	line, err := plotter.NewLine(xy)
	if err != nil {
		return err
	}
	line.Color = c
	if dashed {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
	p.Add(line)
	return nil
}

func addLevel(p *plot.Plot, from, to, y float64, c color.Color, dashed bool) error {
	return addLine(p, plotter.XYs{{X: from, Y: y}, {X: to, Y: y}}, c, dashed)
}

// plots draws everything into a folder.
func (s *study) plots(folder string) error {
	for _, draw := range []func(string) error{s.plotCalibration, s.plotPairs, s.plotPoints, s.plotTruth, s.plotShifts} {
		if err := draw(folder); err != nil {
			return err
		}
	}
	return nil
}

// plotCalibration: the scores of people who were not used for fitting should be spread evenly from
// 0 to 100.
func (s *study) plotCalibration(folder string) error {
	p := sketch("Scores of people not used for fitting, in order", "expected score", "score")
	v := slices.Sorted(slices.Values(s.each(func(r *record) float64 { return scoreOf(r.neutral) })))
	xy := make(plotter.XYs, len(v))
	for i := range v {
		xy[i] = plotter.XY{X: 100 * (float64(i) + 0.5) / float64(len(v)), Y: v[i]}
	}
	if err := addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 100, Y: 100}}, pale, true); err != nil {
		return err
	}
	if err := addDots(p, xy, ink); err != nil {
		return err
	}
	return save(p, folder, "calibration.png")
}

// plotPairs draws the plot of Bland and Altman.
func (s *study) plotPairs(folder string) error {
	p := sketch("Neutral and smiling photo of one session", "mean of the two scores", "smiling minus neutral")
	a, b := s.pairs(scoreOf)
	xy, d := make(plotter.XYs, len(a)), make([]float64, len(a))
	for i := range a {
		d[i] = b[i] - a[i]
		xy[i] = plotter.XY{X: (a[i] + b[i]) / 2, Y: d[i]}
	}
	m, sd := fit.Mean(d), fit.Deviation(d)
	for _, y := range []float64{m - 1.96*sd, m, m + 1.96*sd} {
		if err := addLevel(p, 0, 100, y, warm, y != m); err != nil {
			return err
		}
	}
	if err := addDots(p, xy, ink); err != nil {
		return err
	}
	return save(p, folder, "bland-altman.png")
}

func (s *study) plotPoints(folder string) error {
	p := sketch("Distance from the manual points", "", "pupil distances")
	names := face.LandmarkNames()
	for i, name := range names {
		v := plotter.Values(s.each(func(r *record) float64 { return r.errors[name] }))
		box, err := plotter.NewBoxPlot(vg.Points(9), float64(i), v)
		if err != nil {
			return err
		}
		box.GlyphStyle.Radius = vg.Points(1)
		p.Add(box)
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = -math.Pi / 3
	p.X.Tick.Label.XAlign = -0.1
	p.X.Tick.Label.Font.Size = vg.Points(8)
	return save(p, folder, "points.png")
}

func (s *study) plotTruth(folder string) error {
	p := sketch("Score and asymmetry of manual points (pose removed)", "manual_asymmetry_yawfree, IOD", "score")
	var xy plotter.XYs
	for _, r := range s.records {
		xy = append(xy, plotter.XY{X: r.person.neutral.YawFree, Y: scoreOf(r.neutral)})
	}
	if err := addDots(p, xy, ink); err != nil {
		return err
	}
	return save(p, folder, "manual.png")
}

// curve is how the score moves along one way of spoiling a photo: by level, the copy's name.
type curve struct {
	file, title, x string
	levels         []float64
	name           func(level float64) string
	same           float64 // level of an unaltered photo
}

func curves() []curve {
	named := func(format string) func(float64) string {
		return func(v float64) string { return fmt.Sprintf(format, v) }
	}
	return []curve{
		{"blur.png", "Blur", "radius of the box filter (three times), pixels", []float64{1, 2, 3}, named("blur %g"), 0},
		{"noise.png", "Noise", "standard deviation, grey levels", []float64{4, 8, 16}, named("noise %g"), 0},
		{"jpeg.png", "JPEG", "quality", []float64{25, 50, 80}, named("JPEG %g"), 100},
		{"scale.png", "Size", "factor (1 = about 200 pixels between the pupils)", []float64{0.25, 0.4, 0.7}, scaleName, 1},
		{"roll.png", "Roll", "degrees", []float64{5, 10, 20, 30}, named("roll %g"), 0},
		{"yaw.png", "Yaw", "degrees on a cylinder", []float64{-12, -8, -4, 4, 8, 12}, named("yaw %+g"), 0},
	}
}

func (s *study) plotShifts(folder string) error {
	for _, c := range curves() {
		if err := s.plotShift(folder, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *study) plotShift(folder string, c curve) error {
	sd := fit.Deviation(s.each(func(r *record) float64 { return scoreOf(r.neutral) }))
	p := sketch(c.title+": change of the score (mean, and RMS dashed)", c.x, "standard deviations between people")
	means, sizes := plotter.XYs{{X: c.same}}, plotter.XYs{{X: c.same}}
	for _, level := range c.levels {
		v := s.shifts(c.name(level), scoreOf)
		if len(v) == 0 {
			continue
		}
		means = append(means, plotter.XY{X: level, Y: fit.Mean(v) / sd})
		sizes = append(sizes, plotter.XY{X: level, Y: fit.RootMeanSquare(v) / sd})
	}
	for _, l := range []struct {
		xy     plotter.XYs
		c      color.Color
		dashed bool
	}{{means, ink, false}, {sizes, warm, true}} {
		slices.SortFunc(l.xy, func(a, b plotter.XY) int { return int(math.Copysign(1, a.X-b.X)) })
		if err := addLine(p, l.xy, l.c, l.dashed); err != nil {
			return err
		}
		if err := addDots(p, l.xy, l.c); err != nil {
			return err
		}
	}
	p.Y.Min, p.Y.Max = min(p.Y.Min, -0.2), max(p.Y.Max, 0.6)
	return save(p, folder, c.file)
}
