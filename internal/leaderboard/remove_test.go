package leaderboard

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/event"
)

func gone(c contribution) contribution {
	c.Score, c.Deleted = 0, true
	return c
}

func TestHistory_isAFunctionOfTheScansAndTheDeletions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := scansGen(6).Draw(t, "scans")
		kept := slices.Clone(facts)
		for i := range kept {
			if rapid.Bool().Draw(t, "deleted") {
				kept[i] = gone(kept[i])
				facts = append(facts, kept[i])
			}
		}
		got, want := see(rapid.Permutation(append(facts, facts...)).Draw(t, "order")...), model(kept)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("history differs from the model (-want +got):\n%s", diff)
		}
	})
}

func TestHistory_deletionFreesNoPlace(t *testing.T) {
	h := see(scanAt("a", day0, 40), scanAt("b", day0.Add(1), 60), scanAt("c", day0.Add(2), 60))
	h = h.add(gone(h[0])).add(scanAt("d", day0.Add(time.Hour), 99)).trim()
	if len(h) != 3 || len(h.live()) != 2 || h.has(scanAt("d", day0.Add(time.Hour), 99)) {
		t.Errorf("history = %+v", h)
	}
	again := h.add(scanAt("a", day0.AddDate(0, 0, 1), 70)) // the id of a deleted scan, used again the next day
	if len(again.live()) != 3 {
		t.Errorf("a later scan of the same id does not count: %+v", again)
	}
}

// Deleting a scan that scored at the prior or better, or not the lowest, never raises the rating.
func TestRating_deletionDoesNotPay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := see(scansGen(6).Draw(t, "scans")...)
		if len(h) < 2 {
			return
		}
		i := rapid.IntRange(0, len(h)-1).Draw(t, "deleted")
		lowest := math.Inf(1)
		for j, c := range h {
			if j != i {
				lowest = min(lowest, c.Score)
			}
		}
		after := h.add(gone(h[i])).rating()
		if h[i].Score >= min(priorMean, lowest) && after > h.rating() {
			t.Fatalf("rating rose from %v to %v by deleting %v", h.rating(), after, h[i].Score)
		}
	})
}

// The simulation of features.md H6 with deletion: of 50 scans over 17 days, whoever is above the middle deletes all below
// their own mean. That gains .26 of the standard deviation between people in the middle of the scale, where it gains most,
// and less above; were deleted scans left out it would gain .5 everywhere.
func TestRating_deletionGainsLittle(t *testing.T) {
	const between, rounds = 20.0, 400
	within := between * math.Sqrt(priorScans)
	random := rand.New(rand.NewPCG(1, 2))
	for _, truth := range []float64{50, 60, 70, 80} {
		gain := 0.0
		for range rounds {
			var honest history
			for i := range 50 {
				score := min(100, max(0, truth+random.NormFloat64()*within))
				honest = honest.add(scanAt(string(rune('A'+i)), day0.AddDate(0, 0, i/3).Add(time.Duration(i)), score))
			}
			cheat := honest
			for _, c := range honest {
				if c.Score < truth {
					cheat = cheat.add(gone(c))
				}
			}
			gain += (cheat.rating() - honest.rating()) / between / rounds
		}
		if gain > .27 {
			t.Errorf("at %v deletion gains %.2f standard deviations", truth, gain)
		}
	}
}

func deleted(c contribution) event.ScanDeletedV1 {
	return event.ScanDeletedV1{
		UID: "u", ScanID: c.ScanID, ConsentEpoch: 1, EngineMajor: major, Rankable: true, CompletedAt: c.CompletedAt,
	}
}

func TestHandle_deletion(t *testing.T) {
	t.Parallel()
	all := fiveScans()
	for name, deliver := range map[string]func(*bench){
		"after the scan":  func(b *bench) { b.handle(completed("u", all[0])); b.handle(deleted(all[0])) },
		"twice":           func(b *bench) { b.handle(completed("u", all[0])); b.handle(deleted(all[0])); b.handle(deleted(all[0])) },
		"before the scan": func(b *bench) { b.handle(deleted(all[0])); b.handle(completed("u", all[0])) },
		"between two told": func(b *bench) {
			b.handle(completed("u", all[0]))
			b.handle(deleted(all[0]))
			b.handle(completed("u", all[0]))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(member("u"))
			deliver(b)
			if e := b.entry("u"); e != nil {
				t.Errorf("the only scan was deleted, but there is the entry %+v", e)
			}
			if diff := cmp.Diff(history{gone(all[0])}, b.rating("u").Contributions); diff != "" {
				t.Errorf("contributions (-want +got):\n%s", diff)
			}
			b.handle(completed("u", all[1]))
			want := see(gone(all[0]), all[1])
			if e := b.entry("u"); e == nil || e.Scans != 1 || e.Rating != want.rating() {
				t.Errorf("entry = %+v, want one scan and the rating %v", e, want.rating())
			}
			if bests := b.topic.bests(t); len(bests) != 0 {
				t.Errorf("told of the bests %v", bests)
			}
		})
	}
	t.Run("of a scan that was not rankable", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.save(member("u"))
		e := deleted(all[0])
		e.Rankable = false
		b.handle(e)
		if b.rating("u") != nil {
			t.Error("it left a trace")
		}
	})
	t.Run("of a user who is gone, or has withdrawn since", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.handle(deleted(all[0]))
		u := member("u")
		u.ConsentEpoch = 3
		b.save(u)
		b.handle(deleted(all[0]))
		if b.rating("u") != nil || b.entry("u") != nil {
			t.Error("it left a trace")
		}
	})
}

func rescored(c contribution, engineMajor int, score float64, revision int64) event.ScanRescoredV1 {
	return event.ScanRescoredV1{
		UID: "u", ScanID: c.ScanID, ConsentEpoch: 1, EngineMajor: engineMajor, Score: score, Rankable: true,
		CompletedAt: c.CompletedAt, Revision: revision,
	}
}

func TestHandle_rescore(t *testing.T) {
	t.Parallel()
	first := fiveScans()[0]
	again, last := rescored(first, major, 80, 6), rescored(first, major, 75, 9)
	want := history{{ScanID: "a", Score: 75, CompletedAt: first.CompletedAt, Revision: 9}}
	for name, facts := range map[string][]event.Payload{
		"in order":            {completed("u", first), again, last},
		"late and out of it":  {last, again, completed("u", first)},
		"each twice":          {again, again, completed("u", first), last, completed("u", first), last},
		"to the next version": {completed("u", first), again, last, rescored(first, 2, 40, 12)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(member("u"))
			for _, f := range facts {
				b.handle(f)
			}
			if diff := cmp.Diff(want, b.rating("u").Contributions); diff != "" {
				t.Errorf("contributions (-want +got):\n%s", diff)
			}
			if e := b.entry("u"); e == nil || e.Rating != want.rating() {
				t.Errorf("entry = %+v", e)
			}
			b.handle(deleted(first))
			b.handle(rescored(first, major, 99, 20))
			if b.entry("u") != nil || !b.rating("u").Contributions[0].Deleted {
				t.Error("a deleted scan came back")
			}
		})
	}
	t.Run("one that is not rankable any more is struck from its own board alone", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.save(member("u"))
		b.handle(completed("u", first))
		unfit := rescored(first, 2, 40, 12)
		unfit.Rankable = false
		b.handle(unfit)
		if b.entry("u") == nil {
			t.Error("the older engine's board lost it")
		}
		unfit.EngineMajor = major
		b.handle(unfit)
		if b.entry("u") != nil {
			t.Error("it still counts")
		}
	})
}
