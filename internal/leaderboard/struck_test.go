package leaderboard

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// kept is the contribution as made under a consent that keeps its value.
func kept(c Contribution) Contribution {
	c.Kept, c.Hash = true, "hash-of-"+c.ScanID
	return c
}

// deletionOf is what the event of the deletion of a scan says.
func deletionOf(c Contribution, at time.Time) Contribution {
	return Contribution{
		ScanID: c.ScanID, Hash: c.Hash, Kept: c.Kept, CompletedAt: c.CompletedAt, UploadedAt: c.UploadedAt,
		Series: c.Series, Struck: c.Photos + c.Struck, Deleted: true, StruckAt: at,
	}
}

// struck is what is left of a kept scan.
func struck(c Contribution, at time.Time) Contribution {
	return Contribution{
		Hash: c.Hash, Kept: true, CompletedAt: c.CompletedAt, UploadedAt: c.UploadedAt, Deleted: true, StruckAt: at,
		Rated: &Value{Score: c.Score, Photos: 1, Revision: c.Revision},
	}
}

// deletedAt is long after all scans of scansGen and less than 8 days before the last redelivery.
var deletedAt = day0.AddDate(0, 0, 7)

// facts draws scans, some with an upload before midnight and some rescored, and deletions of some
// of them; final are the scans as they are at the end, before folding.
func facts(t *rapid.T) (all []Contribution, final []Contribution) {
	for _, c := range scansGen(6).Draw(t, "scans") {
		c = kept(c)
		if rapid.Bool().Draw(t, "uploaded earlier") {
			c.UploadedAt = c.CompletedAt.Add(-5 * time.Hour)
		}
		all = append(all, c)
		if rapid.IntRange(0, 3).Draw(t, "rescored") == 0 {
			c.Revision, c.Score = 5, 100-c.Score
			all = append(all, c)
		}
		if rapid.Bool().Draw(t, "deleted") {
			all = append(all, deletionOf(c, deletedAt))
			c = struck(c, deletedAt)
		}
		final = append(final, c)
	}
	return all, final
}

func TestStruck_isAFunctionOfTheScansAndTheDeletions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all, final := facts(t)
		got := see(rapid.Permutation(slices.Concat(all, all)).Draw(t, "order")...)
		if diff := cmp.Diff(model(final), got); diff != "" {
			t.Fatalf("history differs from the model (-want +got):\n%s", diff)
		}
	})
}

// A deletion changes the rating, its error and what others may see by nothing; nor does folding.
func TestStruck_changesNoRating(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var scans History
		for _, c := range scansGen(6).Draw(t, "scans") {
			scans = append(scans, kept(c))
		}
		before := see(scans...)
		after := before
		for _, c := range scans {
			if rapid.Bool().Draw(t, "deleted") {
				after = after.Add(deletionOf(c, deletedAt.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "day"))))
			}
		}
		for day := range 4 {
			got, want := [2]float64{after.Rating(2), after.Error(2)}, [2]float64{before.Rating(2), before.Error(2)}
			if got != want {
				t.Fatalf("rating and error are %v, before %v", got, want)
			}
			after = after.Fold(deletedAt.Add(redelivery).AddDate(0, 0, day))
		}
		if !after.FoldAt().IsZero() || slices.ContainsFunc(after, func(c Contribution) bool { return c.Deleted }) {
			t.Fatalf("not all is folded: %+v", after)
		}
		if diff := cmp.Diff(before.days(), after.days()); diff != "" {
			t.Fatalf("places of the days (-before +after):\n%s", diff)
		}
	})
}

// days returns how many places are taken by day.
func (h History) days() map[time.Time]int {
	taken := map[time.Time]int{}
	for _, c := range h {
		taken[c.day()] += c.places()
	}
	return taken
}

func TestFold(t *testing.T) {
	t.Parallel()
	at := day0.Add(time.Hour)
	a, b, c := kept(scanAt("a", at, 40.5)), kept(scanAt("b", at.Add(1), 60)), kept(scanAt("c", at.Add(2), 70.25))
	h := see(a, b, c, deletionOf(a, at.Add(time.Hour)), deletionOf(c, at.Add(2*time.Hour)))
	due := at.Add(time.Hour + redelivery)
	if got := h.FoldAt(); !got.Equal(due) {
		t.Errorf("due at %v, want %v", got, due)
	}
	if got := h.Fold(due.Add(-time.Microsecond)); !got.Equal(h) {
		t.Errorf("folded before it is due: %+v", got)
	}
	first := h.Fold(due)
	folded := Contribution{CompletedAt: day0, Folded: &Folded{Count: 1, Photos: 1, Sum: 40.5, Lowest: 40.5}}
	if diff := cmp.Diff(History{folded, b, struck(c, at.Add(2*time.Hour))}, first); diff != "" {
		t.Errorf("after the first (-want +got):\n%s", diff)
	}
	both := first.Fold(due.Add(time.Hour))
	folded.Folded = &Folded{Count: 2, Photos: 2, Sum: 110.75, Lowest: 40.5}
	if diff := cmp.Diff(History{folded, b}, both); diff != "" {
		t.Errorf("after both (-want +got):\n%s", diff)
	}
	t.Run("closes the day", func(t *testing.T) {
		t.Parallel()
		if late := both.Add(kept(scanAt("d", day0, 99))).Add(a).Add(deletionOf(c, at)); !late.Equal(both) {
			t.Errorf("late events changed it: %+v", late)
		}
	})
	t.Run("leaves a scan of the day as it is, which may be deleted later", func(t *testing.T) {
		t.Parallel()
		later := both.Add(deletionOf(b, due))
		all := later.Fold(due.Add(redelivery))
		want := Folded{Count: 3, Photos: 3, Sum: 170.75, Lowest: 40.5}
		if len(all) != 1 || *all[0].Folded != want || all.Rating(1) != h.Rating(1) {
			t.Errorf("%+v, rating %v, want %+v and %v", all, all.Rating(1), want, h.Rating(1))
		}
	})
	t.Run("counts what never had a value", func(t *testing.T) {
		t.Parallel()
		unseen := see(deletionOf(a, at)).Fold(at.Add(redelivery))
		want := Folded{Count: 1, Struck: 1}
		if len(unseen) != 1 || *unseen[0].Folded != want || unseen.Rating(1) != 50 {
			t.Errorf("%+v, rating %v", unseen, unseen.Rating(1))
		}
	})
	t.Run("leaves marks of what is not kept", func(t *testing.T) {
		t.Parallel()
		plain := scanAt("a", at, 40)
		marks := see(plain, deletionOf(plain, at))
		if got := marks.Fold(at.AddDate(1, 0, 0)); !got.Equal(History{gone(plain)}) || !got.FoldAt().IsZero() {
			t.Errorf("%+v", got)
		}
	})
}

// A scan that the engine does not rank any more has no value, before and after its deletion.
func TestVoid(t *testing.T) {
	t.Parallel()
	a := kept(scanAt("a", day0, 90))
	void := Contribution{ScanID: "a", Hash: a.Hash, Kept: true, CompletedAt: day0, Deleted: true, Void: true}
	for name, told := range map[string][]Contribution{
		"void":             {a, void},
		"void and deleted": {a, void, deletionOf(a, deletedAt)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				got := see(rapid.Permutation(slices.Concat(told, told)).Draw(t, "order")...)
				if diff := cmp.Diff(History{void}, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
				if got.Rating(1) != 50 || !got.FoldAt().IsZero() {
					t.Fatalf("rating %v, folded at %v", got.Rating(1), got.FoldAt())
				}
			})
		})
	}
}

// Case 27 of the leaderboard's cases: nine scans, and all but the luckiest deleted.
func TestRating_ofTheLuckiestOfNine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		as   func(Contribution) Contribution
		want float64
	}{
		"under the consent that keeps values": {kept, 31.65},
		"under the one before":                {func(c Contribution) Contribution { return c }, 46.18},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h History
			for i, score := range []float64{28, 33, 25, 46, 30, 27, 35, 22, 31} {
				h = h.Add(tt.as(scanAt(string(rune('a'+i)), day0.AddDate(0, 0, i/3).Add(time.Duration(i)), score)))
			}
			if got := h.Rating(1); got != 31.65 {
				t.Errorf("rating before %v", got)
			}
			for _, c := range h {
				if c.Score != 46 {
					h = h.Add(deletionOf(c, deletedAt))
				}
			}
			if got := h.Rating(1); got != tt.want || len(h.Live()) != 1 {
				t.Errorf("rating %v of %d live, want %v", got, len(h.Live()), tt.want)
			}
		})
	}
}

// The photos of a series may be deleted one by one, its revisions may come in any order, and at
// last the whole of it may be deleted: what it came to before stays in the rating.
func TestSeries_keepsWhatItCameTo(t *testing.T) {
	t.Parallel()
	first := kept(seriesOf("a", 80, 3, 0, 1))
	again := kept(seriesOf("a", 78, 3, 0, 2)) // scored anew
	less := kept(seriesOf("a", 90, 2, 1, 3))
	none := kept(seriesOf("a", 0, 0, 3, 4))
	deleted := deletionOf(kept(seriesOf("a", 0, 3, 0, 0)), deletedAt)
	rated := &Value{Score: 78, Photos: 3, Revision: 2}
	with := func(c Contribution, v *Value) Contribution {
		c.Rated = v
		return c
	}
	unnamed := with(deleted, rated)
	unnamed.ScanID = ""
	for name, tt := range map[string]struct {
		told []Contribution
		want Contribution
	}{
		"scored anew":         {[]Contribution{first, again}, again},
		"a photo deleted":     {[]Contribution{first, again, less}, with(less, rated)},
		"all photos deleted":  {[]Contribution{first, again, less, none}, with(none, rated)},
		"the series deleted":  {[]Contribution{first, again, less, deleted}, unnamed},
		"deleted before less": {[]Contribution{first, again, deleted}, unnamed},
		"a photo deleted before it was settled": {
			[]Contribution{less, none}, with(none, &Value{Score: 90, Photos: 2, Struck: 1, Revision: 3}),
		},
		"none of it ranked any more": {
			[]Contribution{first, kept(seriesOf("a", 0, 0, 0, 2))}, kept(seriesOf("a", 0, 0, 0, 2)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				got := see(rapid.Permutation(slices.Concat(tt.told, tt.told)).Draw(t, "order")...)
				if diff := cmp.Diff(History{tt.want}, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestBetween(t *testing.T) {
	t.Parallel()
	early, late := kept(scanAt("early", day0.Add(time.Hour), 40)), kept(scanAt("late", day0.AddDate(0, 0, 7), 60))
	over := kept(scanAt("over", day0.AddDate(0, 0, 7).Add(time.Minute), 50)) // analysed after midnight
	over.UploadedAt = day0.AddDate(0, 0, 7).Add(-time.Microsecond)
	h := see(early, late, over, deletionOf(early, deletedAt)).Fold(deletedAt.Add(redelivery))
	week := h.Between(day0, day0.AddDate(0, 0, 7))
	if len(week) != 2 || week[0].Folded == nil || week[1].ScanID != "over" {
		t.Errorf("of the week: %+v", week)
	}
	if next := h.Between(day0.AddDate(0, 0, 7), day0.AddDate(0, 0, 14)); len(next) != 1 || next[0].ScanID != "late" {
		t.Errorf("of the next: %+v", next)
	}
	if got := week.Rating(1); got != see(early, over).Rating(1) {
		t.Errorf("rating of the week %v", got)
	}
}

// Whenever it is folded, the sums come out the same, and no event that comes again changes them.
func TestFold_atAnyTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []Contribution
		for _, c := range scansGen(6).Draw(t, "scans") {
			c = kept(c)
			all = append(all, c)
			if rapid.Bool().Draw(t, "deleted") {
				all = append(all, deletionOf(c, deletedAt.AddDate(0, 0, rapid.IntRange(0, 9).Draw(t, "day"))))
			}
		}
		if len(all) == 0 {
			return
		}
		h := see(all...)
		once, often := h.Fold(deletedAt.AddDate(0, 0, 9).Add(redelivery)), h
		for day := range 10 {
			if at := often.FoldAt(); at.IsZero() != often.Equal(often.Fold(deletedAt.AddDate(1, 0, 0))) {
				t.Fatalf("due at %v: %+v", at, often)
			}
			often = often.Fold(deletedAt.AddDate(0, 0, day).Add(redelivery))
			c := rapid.SampledFrom(all).Draw(t, "again")
			if again := often.Add(c).Trim(); !again.Equal(often) {
				t.Fatalf("%+v came again and changed\n%+v to\n%+v", c, often, again)
			}
		}
		if diff := cmp.Diff(once, often); diff != "" {
			t.Fatalf("(-once +often):\n%s", diff)
		}
	})
}

// Events of the release before have no time of the upload. The day that a scan counted in stays.
func TestStruck_keepsItsDay(t *testing.T) {
	t.Parallel()
	a := kept(scanAt("a", day0.Add(time.Minute), 60))
	gone := deletionOf(a, deletedAt)
	gone.UploadedAt = day0.Add(-time.Minute)
	if diff := cmp.Diff(History{struck(a, deletedAt)}, see(a, gone)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
