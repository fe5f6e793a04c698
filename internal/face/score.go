package face

import "math"

// contributionNames name the parts of the face in Score.Contributions.
var contributionNames = [parts]string{"eyes", "brows", "nose", "mouth", "jaw"}

// score maps the mirror field to 0 to 100, with the interval that a second photo of the same person supports.
func (m *measurement) score() Score {
	parts := energies(&m.field.still)
	index := rootOfSum(parts)
	half := float64(1.96 * m.indexError())
	s := Score{
		Value: round(scoreOf(index), 1), Lo: round(scoreOf(index+half), 1), Hi: round(scoreOf(index-half), 1),
		BeforeYaw: round(scoreOf(rootOfSum(energies(&m.field.raw))), 1),
	}
	s.Contributions = contributions(parts, s.Value-100)
	return s
}

// indexError is the standard error of the index of one photo. It was measured in even light on well-aligned faces; where the points scatter
// more or the light comes more from the side than it did there, it is taken to grow alike.
func (m *measurement) indexError() float64 {
	worse := max(1, m.pts.meanSpread()/usualSpread, m.light.sidedness/usualSideLight)
	return indexSD * math.Sqrt(1-indexReliability) * worse
}

func rootOfSum(e [parts]float64) float64 {
	sum := 0.0
	for _, v := range e {
		sum += v
	}
	return math.Sqrt(sum)
}

// scoreOf looks an index up in the reference table.
func scoreOf(index float64) float64 {
	last := indexScores[0]
	if index <= last.index {
		return last.score
	}
	for _, row := range indexScores[1:] {
		if index <= row.index {
			return last.score + float64((row.score-last.score)*(index-last.index)/(row.index-last.index))
		}
		last = row
	}
	return last.score
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
