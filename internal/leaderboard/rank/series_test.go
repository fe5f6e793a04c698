package rank

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// seriesOf is a series that was settled at day0 with so many photos.
func seriesOf(id string, score float64, photos, struck int, revision int64) leaderboard.Contribution {
	return leaderboard.Contribution{
		ScanID: id, Score: score, CompletedAt: day0, Series: true, Photos: photos, Struck: struck, Revision: revision,
	}
}

func settled(uid account.UID, c leaderboard.Contribution, engine int) event.SeriesSettledV1 {
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

func TestSeriesOnTheBoard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("ann")
	b.save(u)
	b.handle(completed(u.UID, scanAt("first", day0.Add(-1), 60)))
	b.handle(settled(u.UID, seriesOf("s", 80, 3, 0, 1), major))
	if e := b.place(u.UID); e == nil || e.Scans != 2 || e.Rating != 72.58 {
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
		if e := b.place(u.UID); e.Scans != 2 || e.Rating != 61.29 {
			t.Errorf("entry %+v", e)
		}
	})
	t.Run("none of it counts any more", func(t *testing.T) {
		b.handle(settled(u.UID, seriesOf("s", 0, 0, 3, 3), major))
		if e := b.place(u.UID); e.Scans != 1 || e.Rating != 52.26 {
			t.Errorf("entry %+v", e)
		}
	})
	t.Run("it is deleted", func(t *testing.T) {
		b.handle(deletedSeries(u.UID, "s", 3))
		b.handle(settled(u.UID, seriesOf("s", 90, 3, 0, 9), major)) // late
		if e := b.place(u.UID); e.Scans != 1 || e.Rating != 52.26 {
			t.Errorf("entry %+v", e)
		}
	})
	t.Run("one that never counted changes nothing", func(t *testing.T) {
		never := settled(u.UID, seriesOf("n", 0, 0, 0, 1), 0)
		never.Engine = ""
		b.handle(never)
		b.handle(event.SeriesDeletedV1{UID: "ann", SeriesID: "n", ConsentEpoch: 1, SettledAt: day0})
		zero := leaderboard.Ratings(b.fs, u.UID).Doc(leaderboard.AllTime(0).ID())
		none := emulatortest.Document[leaderboard.RatingDoc](t, zero)
		if r := b.rating(u.UID); len(r.Contributions) != 2 || none != nil {
			t.Errorf("rating %+v", r)
		}
	})
	t.Run("a deletion that comes first", func(t *testing.T) {
		b.handle(deletedSeries(u.UID, "early", 2))
		b.handle(settled(u.UID, seriesOf("early", 99, 2, 0, 1), major))
		if e := b.place(u.UID); e.Scans != 1 {
			t.Errorf("entry %+v", e)
		}
	})
}

// After a change of the engine the mean of either stays on its board, until a photo of it is
// deleted.
func TestSeriesOverAnEngineChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("ann")
	b.save(u)
	next := func() *leaderboard.RatingDoc {
		board := leaderboard.AllTime(major + 1).ID()
		return emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(b.fs, u.UID).Doc(board))
	}
	b.handle(settled(u.UID, seriesOf("s", 80, 3, 0, 1), major))
	b.handle(settled(u.UID, seriesOf("s", 40, 3, 0, 2), major+1))
	want := see(seriesOf("s", 40, 3, 0, 2)).Rating(major + 1)
	if before, after := b.rating(u.UID), next(); before.Rating != 76.25 || after.Rating != want {
		t.Errorf("ratings %v and %v, want 76.25 and %v", before.Rating, after.Rating, want)
	}
	b.handle(settled(u.UID, seriesOf("s", 30, 2, 1, 3), major+1))
	if before, after := b.rating(u.UID), next(); before.Rating != 50 || len(before.Contributions.Live()) != 0 ||
		after.Contributions[0].Photos != 2 {
		t.Errorf("after a deletion: %+v and %+v", before, after)
	}
	b.handle(
		event.SeriesDeletedV1{UID: "ann", SeriesID: "s", ConsentEpoch: 1, EngineMajor: major + 1, Photos: 3, SettledAt: day0},
	)
	for _, r := range []*leaderboard.RatingDoc{b.rating(u.UID), next()} {
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
	if err := b.consumer.Handle(
		t.Context(), messageOf(t, settled(u.UID, seriesOf("s", 101, 3, 0, 1), major)),
	); err == nil {
		t.Error("a score of 101 is taken")
	}
}
