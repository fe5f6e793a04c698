package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/report"
)

// contributionNames name the parts of the face in Score.Contributions.
var contributionNames = [mirror.Parts]string{"eyes", "brows", "nose", "mouth", "jaw"}

// score maps the deviation to 0 to 100, with the interval in which the mean of this person's photos
// lies. Beyond the reference portraits both are those of the last that is known.
func (m *Measurement) score() report.Score {
	z, se := m.known(), m.StandardError()
	half := float64(1.96 * se)
	s := report.Score{
		Value: report.Round(percentile(z), 1), Lo: report.Round(percentile(z+half), 1),
		Hi:        report.Round(percentile(z-half), 1),
		SE:        report.Round(se, 2),
		BeforeYaw: report.Round(percentile(min(max(m.before, -beyond), beyond)), 1),
	}
	s.Contributions = contributions(m.parts, s.Value-100)
	return s
}

// known returns the deviation as far as it was calibrated.
func (m *Measurement) known() float64 { return min(max(m.Deviation, -beyond), beyond) }

// contributions shares the lost points out by energy. Tenths are given so that they add up exactly:
// each part gets what is left of the rounded running total.
func contributions(energy [mirror.Parts]float64, lost float64) []report.Contribution {
	total := 0.0
	for _, e := range energy {
		total += e
	}
	list := make([]report.Contribution, mirror.Parts)
	running, given := 0.0, 0.0
	for p, e := range energy {
		running += e
		upTo := report.Round(float64(lost*running)/max(total, math.SmallestNonzeroFloat64), 1)
		list[p] = report.Contribution{Metric: contributionNames[p], Points: report.Round(upTo-given, 1)}
		given = upTo
	}
	return list
}
