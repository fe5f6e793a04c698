package leaderboard

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/face/reliability"
)

// Major returns the engine's major version of a board's id, or 0 if the id has none.
func Major(board string) int {
	at := strings.LastIndex(board, "_v")
	if at < 0 {
		return 0
	}
	major, err := strconv.Atoi(board[at+len("_v"):])
	if err != nil {
		return 0
	}
	return major
}

// priorPhotos returns the weight of the prior in photos: the variance within a person over that
// between people, (1-ICC)/ICC. With it the rating is the best linear estimate of the person's true
// score (Kelley's formula): with an ICC of 0.7 one photo counts for 0.7 of its distance from the
// prior, three for 0.875, ten for 0.96. Without it, a user with just one lucky scan would lead.
func priorPhotos(s reliability.Scores) float64 { return (1 - s.ICC) / s.ICC }

// tally is the sum of values. It is kept in millionths of a point, which are whole numbers, so that
// neither the order of the contributions nor their folding changes its last digit.
type tally struct {
	sum              int64
	photos, unvalued int
	// lowest is the lowest value if there are photos.
	lowest float64
}

const million = 1e6

func micros(points float64) int64 { return int64(math.Round(points * million)) }

func points(micros int64) float64 { return float64(micros) / million }

// add adds what the contribution counts for.
func (t *tally) add(c Contribution) {
	t.unvalued += c.unvalued()
	switch v := c.value(); {
	case c.Folded != nil:
		t.take(micros(c.Folded.Sum), c.Folded.Photos, c.Folded.Lowest)
	case v != nil:
		t.take(micros(v.Score)*int64(v.Photos), v.Photos, v.Score)
	}
}

func (t *tally) take(sum int64, photos int, lowest float64) {
	if photos == 0 {
		return
	}
	if t.photos == 0 || lowest < t.lowest {
		t.lowest = lowest
	}
	t.sum += sum
	t.photos += photos
}

func (h History) tally() tally {
	var t tally
	for _, c := range h {
		t.add(c)
	}
	return t
}

// Rating returns the shrunken mean of the scores on a board of the engine's major version, 0-100
// with two decimals, so that ratings that look equal are equal. Each contribution counts by the
// number of its photos, which makes its error smaller: a series counts once, by its mean, and a
// single scan less.
//
// A deleted scan or photo counts as before if its value is kept. Otherwise it counts as the prior,
// or as the lowest of the rest if that is lower still. If it were left out, a user who deletes poor
// photos would be rated by the best ones and not by the usual one.
func (h History) Rating(major int) float64 {
	scores, t := reliability.Of(major), h.tally()
	floor := scores.Mean
	if t.photos > 0 {
		floor = min(floor, t.lowest)
	}
	prior := priorPhotos(scores)
	sum := points(t.sum) + floor*float64(t.unvalued) + scores.Mean*prior
	return math.Round(sum/(float64(t.photos+t.unvalued)+prior)*100) / 100
}

// Error returns the standard error of the rating in points: the standard deviation of the person's
// true score given so many photos. Without any it is that between people.
func (h History) Error(major int) float64 {
	scores, t := reliability.Of(major), h.tally()
	n := float64(t.photos + t.unvalued)
	certain := n / (n + priorPhotos(scores))
	return scores.Between * math.Sqrt(1-certain)
}

// Best is a contribution that scored higher than all earlier ones.
type Best struct {
	Contribution
	// Previous is the highest score before.
	Previous float64
}

// bests returns the contributions that scored higher than all earlier ones. The first one, which
// has none to beat, is not a best.
func (h History) bests() []Best {
	var all []Best
	highest := math.Inf(1)
	for i, c := range h.Live() {
		if i > 0 && c.Score > highest {
			all = append(all, Best{Contribution: c, Previous: highest})
		}
		if i == 0 || c.Score > highest {
			highest = c.Score
		}
	}
	return all
}

// NewBests returns the bests of after that are not bests of before. Usually that is the scan just
// added. If an earlier scan arrives late it may be another one, which only now has one to beat.
func NewBests(before, after History) []Best {
	known := map[string]bool{}
	for _, b := range before.bests() {
		known[b.ScanID] = true
	}
	return slices.DeleteFunc(after.bests(), func(b Best) bool { return known[b.ScanID] })
}
