package leaderboard

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
)

// seriesOf is a series that was settled at day0 with so many photos.
func seriesOf(id string, score float64, photos, struck int, revision int64) contribution {
	return contribution{
		ScanID: id, Score: score, CompletedAt: day0, Series: true, Photos: photos, Struck: struck, Revision: revision,
	}
}

func settled(uid account.UID, c contribution, engine int) event.SeriesSettledV1 {
	return event.SeriesSettledV1{
		UID: string(uid), SeriesID: c.ScanID, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: engine, Score: c.Score,
		Photos: c.Photos, Struck: c.Struck, SettledAt: c.CompletedAt, Revision: c.Revision,
	}
}

func deletedSeries(uid account.UID, id string, photos int) event.SeriesDeletedV1 {
	return event.SeriesDeletedV1{
		UID: string(uid), SeriesID: id, ConsentEpoch: 1, EngineMajor: major, Photos: photos, SettledAt: day0,
	}
}

// A series counts once, with the weight of its photos: its mean is that much more certain.
func TestRatingOfSeries(t *testing.T) {
	t.Parallel()
	third := day0.Add(3)
	for name, tt := range map[string]struct {
		history history
		want    float64
	}{
		"one scan":                        {history{scanAt("a", third, 80)}, 71},
		"a series of one":                 {history{seriesOf("a", 80, 1, 0, 1)}, 71},
		"a series of three":               {history{seriesOf("a", 80, 3, 0, 1)}, 76.25},
		"three scans are as certain":      {history{scanAt("a", day0, 80), scanAt("b", day0.Add(1), 80), scanAt("c", day0.Add(2), 80)}, 76.25},
		"a series outweighs a scan":       {history{seriesOf("a", 80, 3, 0, 1), scanAt("b", third, 40)}, 68.06},
		"a photo of it deleted":           {history{seriesOf("a", 80, 2, 1, 2)}, 67.5},
		"all of it deleted":               {history{seriesOf("a", 0, 0, 3, 4)}, 50},
		"none counts any more":            {history{seriesOf("a", 0, 0, 0, 2)}, 50},
		"the series deleted":              {history{{ScanID: "a", CompletedAt: day0, Series: true, Deleted: true, Struck: 3}}, 50},
		"the series deleted, a poor scan": {history{{ScanID: "a", CompletedAt: day0, Series: true, Deleted: true, Struck: 3}, scanAt("b", third, 10)}, 13.87},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.history.rating(); got != tt.want {
				t.Errorf("rating %v, want %v", got, tt.want)
			}
		})
	}
}

// Whatever the order in which the events of a series come, and how often, the rating is the same.
func TestSeriesIsRatedByItsLastRevision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "revisions")
		var told []contribution
		for i := range n {
			told = append(told, seriesOf("a", float64(rapid.IntRange(0, 100).Draw(t, "score")), rapid.IntRange(0, 5).Draw(t, "photos"),
				rapid.IntRange(0, 2).Draw(t, "struck"), int64(i)+1))
		}
		last := told[n-1]
		if rapid.Bool().Draw(t, "deleted") {
			last = contribution{ScanID: "a", CompletedAt: day0, Series: true, Deleted: true, Struck: 3}
			told = append(told, last)
		}
		got := see(rapid.Permutation(slices.Concat(told, told)).Draw(t, "order")...)
		if diff := cmp.Diff(history{last}, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestSeriesOnTheBoard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("ann")
	b.save(u)
	b.handle(completed(u.UID, scanAt("first", day0.Add(-1), 60)))
	b.handle(settled(u.UID, seriesOf("s", 80, 3, 0, 1), major))
	if e := b.entry(u.UID); e == nil || e.Scans != 2 || e.Rating != 72.58 {
		t.Fatalf("entry %+v", e)
	}
	best := event.PersonalBestReachedV1{
		UID: "ann", SeriesID: "s", Revision: 1, Board: board, ConsentEpoch: 1, Score: 80, Previous: 60,
	}
	if diff := cmp.Diff([]event.PersonalBestReachedV1{best}, b.topic.bests(t)); diff != "" {
		t.Errorf("bests (-want +got):\n%s", diff)
	}
	t.Run("a revision takes the place of the one before", func(t *testing.T) {
		b.handle(settled(u.UID, seriesOf("s", 70, 2, 1, 2), major))
		b.handle(settled(u.UID, seriesOf("s", 80, 3, 0, 1), major)) // late
		if e := b.entry(u.UID); e.Scans != 2 || e.Rating != 61.29 {
			t.Errorf("entry %+v", e)
		}
	})
	t.Run("none of it counts any more", func(t *testing.T) {
		b.handle(settled(u.UID, seriesOf("s", 0, 0, 3, 3), major))
		if e := b.entry(u.UID); e.Scans != 1 || e.Rating != 52.26 {
			t.Errorf("entry %+v", e)
		}
	})
	t.Run("it is deleted", func(t *testing.T) {
		b.handle(deletedSeries(u.UID, "s", 3))
		b.handle(settled(u.UID, seriesOf("s", 90, 3, 0, 9), major)) // late
		if e := b.entry(u.UID); e.Scans != 1 || e.Rating != 52.26 {
			t.Errorf("entry %+v", e)
		}
	})
	t.Run("one that never counted changes nothing", func(t *testing.T) {
		never := settled(u.UID, seriesOf("n", 0, 0, 0, 1), 0)
		never.Engine = ""
		b.handle(never)
		b.handle(event.SeriesDeletedV1{UID: "ann", SeriesID: "n", ConsentEpoch: 1, SettledAt: day0})
		if r := b.rating(u.UID); len(r.Contributions) != 2 || document[ratingDoc](b, ratings(b.fs, u.UID).Doc(BoardID(0))) != nil {
			t.Errorf("rating %+v", r)
		}
	})
	t.Run("a deletion that comes first", func(t *testing.T) {
		b.handle(deletedSeries(u.UID, "early", 2))
		b.handle(settled(u.UID, seriesOf("early", 99, 2, 0, 1), major))
		if e := b.entry(u.UID); e.Scans != 1 {
			t.Errorf("entry %+v", e)
		}
	})
}

// After a change of the engine the mean of either stays on its board, until a photo of it is deleted.
func TestSeriesOverAnEngineChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("ann")
	b.save(u)
	next := func() *ratingDoc { return document[ratingDoc](b, ratings(b.fs, u.UID).Doc(BoardID(major+1))) }
	b.handle(settled(u.UID, seriesOf("s", 80, 3, 0, 1), major))
	b.handle(settled(u.UID, seriesOf("s", 40, 3, 0, 2), major+1))
	if before, after := b.rating(u.UID), next(); before.Rating != 76.25 || after.Rating != 41.25 {
		t.Errorf("ratings %v and %v", before.Rating, after.Rating)
	}
	b.handle(settled(u.UID, seriesOf("s", 30, 2, 1, 3), major+1))
	if before, after := b.rating(u.UID), next(); before.Rating != 50 || len(before.Contributions.live()) != 0 || after.Contributions[0].Photos != 2 {
		t.Errorf("after a deletion: %+v and %+v", before, after)
	}
	b.handle(event.SeriesDeletedV1{UID: "ann", SeriesID: "s", ConsentEpoch: 1, EngineMajor: major + 1, Photos: 3, SettledAt: day0})
	for _, r := range []*ratingDoc{b.rating(u.UID), next()} {
		if !r.Contributions[0].Deleted || r.Contributions[0].Score != 0 {
			t.Errorf("after its deletion: %+v", r)
		}
	}
}

func TestSeriesAtAClosedFence(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("ann")
	u.ConsentEpoch, u.Consent.Granted = 2, false
	b.save(u)
	b.handle(settled(u.UID, seriesOf("s", 80, 3, 0, 1), major))
	b.handle(settled(u.UID, seriesOf("s", 80, 2, 1, 2), major))
	b.handle(deletedSeries(u.UID, "s", 3))
	b.handle(settled("nobody", seriesOf("s", 80, 3, 0, 1), major))
	if r := b.rating(u.UID); r != nil {
		t.Errorf("rating %+v", r)
	}
	if err := b.ranker.Handle(t.Context(), messageOf(t, settled(u.UID, seriesOf("s", 101, 3, 0, 1), major))); err == nil {
		t.Error("a score of 101 is taken")
	}
}
