package face

import "math"

// contributionNames name the parts of the face in Score.Contributions.
var contributionNames = [parts]string{"eyes", "brows", "nose", "mouth", "jaw"}

// score maps the index to 0 to 100, with the interval in which a second photo of the same person would put it.
func (m *measurement) score() Score {
	c := m.by
	half := float64(1.96 * m.indexError())
	s := Score{
		Value: round(c.index.score(m.index), 1), Lo: round(c.index.score(m.index+half), 1), Hi: round(c.index.score(m.index-half), 1),
		BeforeYaw: round(c.before.score(m.before), 1),
	}
	s.Contributions = contributions(m.parts, s.Value-100)
	return s
}

// indexError is the standard error of the index of one photo, as two photos of one session differ. In altered copies of a photo it grew neither with
// the spread of the points nor with light from a side, so it is one number.
func (m *measurement) indexError() float64 { return m.by.indexSE }

func sumOf(e [parts]float64) float64 {
	sum := 0.0
	for _, v := range e {
		sum += v
	}
	return sum
}

// contributions shares the lost points out by energy. Tenths are given so that they add up exactly: each part gets what is left of the
// rounded running total.
func contributions(energy [parts]float64, lost float64) []Contribution {
	total := 0.0
	for _, e := range energy {
		total += e
	}
	list := make([]Contribution, parts)
	running, given := 0.0, 0.0
	for p, e := range energy {
		running += e
		upTo := round(float64(lost*running)/max(total, math.SmallestNonzeroFloat64), 1)
		list[p] = Contribution{Metric: contributionNames[p], Points: round(upTo-given, 1)}
		given = upTo
	}
	return list
}
