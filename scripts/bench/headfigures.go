package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
)

// turnedHead is a portrait whose turn is known by the generic head, and what the engine made of it.
type turnedHead struct {
	known float64 // degrees
	read  fit.Reading
	lost  report.Code // of a photo of which nothing was measured
}

// seen reports whether the engine has an estimate of its own.
func (h *turnedHead) seen() bool { return h.lost == "" }

// heads returns the portraits as they are and turned further, those of a person together.
func (s *study) heads() (asTheyAre []turnedHead, turned [][]turnedHead) {
	for _, r := range s.records {
		pose := poseOf(r.person.neutral.Points)
		asTheyAre = append(asTheyAre, turnedHead{known: pose.degrees(), read: r.neutral})
		var list []turnedHead
		for _, degrees := range turns {
			h := turnedHead{known: pose.degrees() + degrees}
			h.read, h.lost = r.copies[turnName(degrees)], r.lost[turnName(degrees)]
			list = append(list, h)
		}
		turned = append(turned, list)
	}
	return asTheyAre, turned
}

// yawFigures compare the engine's yaw with that of the generic head.
func (s *study) yawFigures() []figure {
	asTheyAre, turned := s.heads()
	compared := func(
		name string, n int, of func(person int) []turnedHead, statistic func(known, got []float64) float64,
	) figure {
		return judged(name, n, nil, nil, func(chosen []int) float64 {
			var known, got []float64
			for _, i := range chosen {
				for _, h := range of(i) {
					if h.seen() {
						known, got = append(known, h.known), append(got, h.read.Yaw)
					}
				}
			}
			return statistic(known, got)
		})
	}
	still := func(i int) []turnedHead { return asTheyAre[i : i+1] }
	within := func(most float64) func(i int) []turnedHead {
		return func(i int) (list []turnedHead) {
			for _, h := range append(still(i), turned[i]...) {
				if math.Abs(h.known) <= most {
					list = append(list, h)
				}
			}
			return list
		}
	}
	n := len(asTheyAre)
	return []figure{
		compared("yaw against the generic head, photos as they are: correlation", n, still, pearson),
		compared("yaw against the generic head, photos as they are: RMS degrees", n, still, distance),
		compared("yaw against the generic head, turned to 20 degrees: correlation", n, within(20), pearson),
		compared("yaw against the generic head, turned to 20 degrees: slope", n, within(20), slope),
		compared("yaw against the generic head, turned to 20 degrees: RMS degrees", n, within(20), distance),
	}
}

// slope returns that of the line of least squares of b on a.
func slope(a, b []float64) float64 { return pearson(a, b) * fit.Deviation(b) / fit.Deviation(a) }

// distance returns the root mean square of what two lists differ by.
func distance(a, b []float64) float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = b[i] - a[i]
	}
	return fit.RootMeanSquare(d)
}

// yawBands are the turns, degrees either way, by which turned heads are told apart.
var yawBands = [...]struct{ from, to float64 }{{0, 8}, {8, 15}, {15, 20}, {20, 30}, {30, 90}}

// yawTable writes the outcomes of turned heads.
func (s *study) yawTable() string {
	var b strings.Builder
	b.WriteString("\n## Turned heads, checked against an estimate that is not the engine's\n\n" +
		"A generic head, the same for everybody, is laid over the manual points of each studio photo: its turn is known " +
		"without the engine. " +
		"The photo is then turned by up to 32 degrees further as that head turns (the nose moves most, and hides the cheek " +
		"behind it) and given to the engine. " +
		"Towards: how much further the engine thinks that the head is turned than it is, degrees. The generic head's own " +
		"error, from people whose faces are " +
		"uneven or stand out differently, is about 2 degrees.\n\n" +
		"| turned by | photos | engine's yaw, mean | towards, mean | error, RMS | ok | warned of the turn | refused for " +
		"the turn | refused for another reason | ranked |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	asTheyAre, turned := s.heads()
	all := asTheyAre
	for _, list := range turned {
		all = append(all, list...)
	}
	for _, band := range yawBands {
		var in []turnedHead
		for _, h := range all {
			if k := math.Abs(h.known); k >= band.from && k < band.to {
				in = append(in, h)
			}
		}
		name := fmt.Sprintf("%g to %g", band.from, band.to)
		if band.to == 90 {
			name = fmt.Sprintf("more than %g", band.from)
		}
		if len(in) > 0 {
			fmt.Fprintf(&b, "| %s | %d | %s |\n", name, len(in), verdictsOnYaw(in))
		}
	}
	return b.String()
}

// verdictsOnYaw returns the cells of a row of yawTable.
func verdictsOnYaw(in []turnedHead) string {
	var estimate, further, verdict = []float64{}, []float64{}, map[string]float64{}
	for _, h := range in {
		if h.seen() {
			towards := h.read.Yaw * math.Copysign(1, h.known)
			estimate, further = append(estimate, towards), append(further, towards-math.Abs(h.known))
		}
		verdict[yawVerdict(&h)] += 100 / float64(len(in))
		if h.seen() && rankable(h.read) {
			verdict["ranked"] += 100 / float64(len(in))
		}
	}
	return fmt.Sprintf("%.1f | %+.1f | %.1f | %.0f %% | %.0f %% | %.0f %% | %.0f %% | %.0f %%", fit.Mean(estimate),
		fit.Mean(further), fit.RootMeanSquare(further),
		verdict[string(report.VerdictOK)], verdict[string(report.VerdictWarn)], verdict[string(report.VerdictReject)],
		verdict["other"], verdict["ranked"])
}

// yawVerdict returns that of the check of the turn, or other where something else refuses the
// photo.
func yawVerdict(h *turnedHead) string {
	if !h.seen() || h.read.Refusal != nil && h.read.Refusal.Code != report.TurnedAway {
		return "other"
	}
	for _, c := range h.read.Report.Quality {
		if c.Check == report.CheckYaw {
			return string(c.Verdict)
		}
	}
	return "other"
}
