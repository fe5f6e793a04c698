package leaderboard

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/reliability"
)

const (
	// tries is the number of scans of a player, one a day.
	tries = 50
	// ofEngine is the major version whose figures the players follow.
	ofEngine = 2
)

// player is a user with the scores of their scans, and the ratings that others see after each of
// them by the scan that the consent was given before.
type player struct {
	scores []float64
	seen   map[int][]float64
}

// since returns the ratings that others see after each scan from the given one on, which is the
// first after the consent was given (again). It is NaN while the entry is provisional. The player
// deletes every scan that lowers the rating.
func (p player) since(first int) []float64 {
	if seen, ok := p.seen[first]; ok {
		return seen
	}
	user := account.User{ConsentEpoch: 1, Consent: account.Consent{Granted: true, Since: 1}}
	if first > 0 {
		user.ConsentEpoch, user.Consent.Since = 3, 3
	}
	var h History
	var seen []float64
	for i, score := range p.scores[first:] {
		at := day0.AddDate(0, 0, i)
		scan, before := kept(scanAt(fmt.Sprintf("s%02d", i), at, score)), h.Rating(ofEngine)
		h = h.Add(scan)
		if h.Rating(ofEngine) < before {
			h = h.Add(deletionOf(scan, at))
		}
		h = h.Fold(at)
		rating := math.NaN()
		if Public(user, h) {
			rating = h.Rating(ofEngine)
		}
		seen = append(seen, rating)
	}
	p.seen[first] = seen
	return seen
}

// plan is what a player does to be rated above their true score: stop for ever at a rating above a
// bar, and start over by a withdrawal when that has not been reached by so many scans.
type plan struct {
	giveUp      int
	bar, barred float64 // at first, and after each withdrawal
}

// last returns the rating that the player ends with.
func (p player) last(of plan) float64 {
	from, scans, bar := 0, of.giveUp, of.bar
	for {
		seen := p.since(from)
		if from+scans+publicAgain > tries { // there is not enough left to start over
			scans = len(seen)
		}
		for _, rating := range seen[:scans] {
			if rating >= bar {
				return rating
			}
		}
		if scans == len(seen) {
			return seen[scans-1]
		}
		from, scans, bar = from+scans, publicAgain, of.barred
	}
}

// Of players with a true score, the best plan of stopping, deletions and withdrawals gains at most
// a quarter of the standard deviation between people by 50 scans. If three contributions were
// enough after each withdrawal, it would gain .3 to .45. Choosing photos offline, and registering
// anew, are not in it: see doc.go.
func TestPlans_gainLittle(t *testing.T) {
	t.Parallel()
	scores := reliability.Of(ofEngine)
	within := scores.Between * math.Sqrt(priorPhotos(scores))
	for _, truth := range []float64{30, 45, 60, 80} {
		t.Run(fmt.Sprint("of ", truth), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(truth)))
			players := make([]player, 100)
			honest := 0.0
			for i := range players {
				p := player{seen: map[int][]float64{}}
				for range tries {
					p.scores = append(p.scores, min(100, max(0, truth+random.NormFloat64()*within)))
				}
				players[i] = p
				honest += p.since(0)[tries-1] / float64(len(players))
			}
			best, by := 0.0, plan{}
			for _, of := range plans(truth) {
				mean := 0.0
				for _, p := range players {
					mean += p.last(of) / float64(len(players))
				}
				if gain := (mean - honest) / scores.Between; gain > best {
					best, by = gain, of
				}
			}
			t.Logf("%.2f standard deviations over %.1f by %+v", best, honest, by)
			if best > .25 {
				t.Errorf("%.2f standard deviations over %.1f are gained by %+v", best, honest, by)
			}
		})
	}
}

func plans(truth float64) (all []plan) {
	for _, giveUp := range []int{3, 6, 10, tries} {
		for bar := -4.0; bar <= 16; bar += 2 {
			for barred := -4.0; barred <= 12; barred += 2 {
				all = append(all, plan{giveUp: giveUp, bar: truth + bar, barred: truth + barred})
			}
		}
	}
	return all
}
