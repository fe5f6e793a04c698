package rank

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
)

func gone(c leaderboard.Contribution) leaderboard.Contribution {
	c.Score, c.Deleted = 0, true
	return c
}

func deleted(c leaderboard.Contribution) event.ScanDeletedV1 {
	return event.ScanDeletedV1{
		UID: "u", ScanID: c.ScanID, ConsentEpoch: 1, EngineMajor: major, Rankable: true, CompletedAt: c.CompletedAt,
	}
}

func TestHandle_deletion(t *testing.T) {
	t.Parallel()
	all := fiveScans()
	for name, deliver := range map[string]func(*bench){
		"after the scan": func(b *bench) { b.handle(completed("u", all[0])); b.handle(deleted(all[0])) },
		"twice": func(b *bench) {
			b.handle(completed("u", all[0]))
			b.handle(deleted(all[0]))
			b.handle(deleted(all[0]))
		},
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
			if e := b.place("u"); e != nil {
				t.Errorf("the only scan was deleted, but there is the entry %+v", e)
			}
			if diff := cmp.Diff(leaderboard.History{gone(all[0])}, b.rating("u").Contributions); diff != "" {
				t.Errorf("contributions (-want +got):\n%s", diff)
			}
			b.handle(completed("u", all[1]))
			want := see(gone(all[0]), all[1])
			if e := b.place("u"); e == nil || e.Scans != 1 || e.Rating != want.Rating(major) {
				t.Errorf("entry = %+v, want one scan and the rating %v", e, want.Rating(major))
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
		if b.rating("u") != nil || b.place("u") != nil {
			t.Error("it left a trace")
		}
	})
}

func rescored(c leaderboard.Contribution, engineMajor int, score float64, revision int64) event.ScanRescoredV1 {
	return event.ScanRescoredV1{
		UID: "u", ScanID: c.ScanID, ConsentEpoch: 1, EngineMajor: engineMajor, Score: score, Rankable: true,
		CompletedAt: c.CompletedAt, Revision: revision,
	}
}

func TestHandle_rescore(t *testing.T) {
	t.Parallel()
	first := fiveScans()[0]
	again, last := rescored(first, major, 80, 6), rescored(first, major, 75, 9)
	want := leaderboard.History{{ScanID: "a", Score: 75, CompletedAt: first.CompletedAt, Revision: 9}}
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
			if e := b.place("u"); e == nil || e.Rating != want.Rating(major) {
				t.Errorf("entry = %+v", e)
			}
			b.handle(deleted(first))
			b.handle(rescored(first, major, 99, 20))
			if b.place("u") != nil || !b.rating("u").Contributions[0].Deleted {
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
		if b.place("u") == nil {
			t.Error("the older engine's board lost it")
		}
		unfit.EngineMajor = major
		b.handle(unfit)
		if b.place("u") != nil {
			t.Error("it still counts")
		}
	})
}
