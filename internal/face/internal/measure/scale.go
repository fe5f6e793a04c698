package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// Scale is the distribution of the index among the reference portraits: the logarithm of what it
// exceeds origin by is normal with this mean and standard deviation.
type Scale struct{ Origin, Mean, Sd float64 }

// beyond is the deviation from the mean, in standard deviations between people, from which on a
// score is outside of what it was calibrated on: there are too few portraits there to say more.
const beyond = 2.5

// Deviation returns how many standard deviations an index lies above the mean of the reference
// portraits, three decimals: the logarithm's last bits differ between machines.
func (s Scale) Deviation(index float64) float64 {
	const least = 1e-4
	z := (math.Log(max(least, index-s.Origin)) - s.Mean) / s.Sd
	return report.Round(min(max(z, -9), 9), 3)
}

// percentiles is the share, in per cent, of a normal distribution above a number of standard
// deviations.
var percentiles = [...]struct{ deviations, score float64 }{
	{-4, 100}, {-3.0902, 99.9}, {-2.5758, 99.5}, {-2.3263, 99}, {-2.0537, 98}, {-1.6449, 95}, {-1.2816, 90}, {-1.0364, 85},
	{-0.8416, 80},
	{-0.6745, 75}, {-0.5244, 70}, {-0.3853, 65}, {-0.2533, 60}, {-0.1257, 55}, {0, 50}, {0.1257, 45}, {0.2533, 40},
	{0.3853, 35},
	{0.5244, 30}, {0.6745, 25}, {0.8416, 20}, {1.0364, 15}, {1.2816, 10}, {1.6449, 5}, {2.0537, 2}, {2.3263, 1},
	{2.5758, 0.5},
	{3.0902, 0.1}, {4, 0},
}

// percentile returns the score, 0 to 100, of a deviation: 100 is the most symmetric.
func percentile(z float64) float64 {
	last := percentiles[0]
	if !(z > last.deviations) {
		return last.score
	}
	for _, row := range percentiles[1:] {
		if z <= row.deviations {
			return last.score + float64((row.score-last.score)*(z-last.deviations))/(row.deviations-last.deviations)
		}
		last = row
	}
	return last.score
}

// ErrorModel gives the variance, in squared standard deviations between people, of one photo's
// deviation about that of its person: a weighted sum of what conditions makes of the photo. The
// weights are not negative.
type ErrorModel [Conditions]float64

// Conditions are: one, for what no condition explains; how little the halves agree, 1 less the mean
// correlation about the field points, and its square; the squared turn of the head, (degrees/10)^2;
// how soft the picture is, and how few pixels it has; and how far from the mean the deviation is,
// squared.
const Conditions = 7

const (
	softFocus = 0.06 // focus below which a picture is soft
	fewPixels = 100  // pixels between the pupils below which they are few
	leastSE   = 0.45 // standard error below which no photo is believed to be
)

// Conditions returns the conditions of the photo that the score's error depends on.
func (m *Measurement) Conditions() (v [Conditions]float64) {
	sum := 0.0
	for _, c := range m.Local {
		sum += c
	}
	apart := 1 - sum/float64(len(m.Local))
	iod := m.Pts.IOD() * float64(m.Scale)
	return [Conditions]float64{
		1, apart, raster.Sq(apart), raster.Sq(m.Yaw / 10), max(0, 1-m.light.focus/softFocus), max(0, 1-iod/fewPixels),
		raster.Sq(min(beyond, math.Abs(m.Deviation))),
	}
}

// StandardError returns the standard error of the deviation of one photo, standard deviations
// between people.
func (m *Measurement) StandardError() float64 {
	sum := 0.0
	for i, v := range m.Conditions() {
		sum += float64(v * m.by.Errors[i])
	}
	return max(leastSE, math.Sqrt(sum))
}
