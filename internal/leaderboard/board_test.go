package leaderboard

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for moment, want := range map[string]struct{ week, day string }{
		"2025-12-29T00:00:00Z":             {"2026-W01", "2025-12-29"},
		"2027-01-01T12:00:00Z":             {"2026-W53", "2027-01-01"},
		"2026-11-29T23:59:59.999999Z":      {"2026-W48", "2026-11-29"},
		"2026-11-30T00:00:00Z":             {"2026-W49", "2026-11-30"},
		"2026-11-30T00:30:00+01:00":        {"2026-W48", "2026-11-29"},
		"2024-02-29T23:59:59.999999-00:30": {"2024-W09", "2024-03-01"},
	} {
		if w, d := Week(at(moment)).String(), Day(at(moment)).String(); w != want.week || d != want.day {
			t.Errorf("%s is in %s and %s, want %s and %s", moment, w, d, want.week, want.day)
		}
	}
}

func TestPeriod_life(t *testing.T) {
	t.Parallel()
	p := Week(at("2026-11-25T10:00:00Z"))
	for moment, want := range map[string]struct{ open, gone bool }{
		"2026-11-29T23:59:59Z":        {true, false},
		"2026-12-01T23:59:59.999999Z": {true, false},
		"2026-12-02T00:00:00Z":        {false, false},
		"2027-12-05T23:59:59Z":        {false, false},
		"2027-12-06T00:00:00Z":        {false, true},
	} {
		if open, gone := p.Open(at(moment)), p.Gone(at(moment)); open != want.open || gone != want.gone {
			t.Errorf("at %s the week is open %v, gone %v", moment, open, gone)
		}
	}
	if all := (Period{}); !all.Open(at("2999-01-01T00:00:00Z")) || all.Gone(at("2999-01-01T00:00:00Z")) {
		t.Error("all time ends")
	}
}

// A board's id is read back as the same board.
func TestParseBoard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		moment := time.Unix(rapid.Int64Range(0, 8_000_000_000).Draw(t, "seconds"), 0)
		b := Board{
			rapid.SampledFrom([]account.Division{Overall, account.Women, account.Men}).Draw(t, "division"),
			rapid.SampledFrom(Current(moment)).Draw(t, "period"), rapid.IntRange(1, 9999).Draw(t, "major"),
		}
		got, ok := ParseBoard(b.ID())
		if !ok || got != b {
			t.Fatalf("%s is read as %+v, %v", b.ID(), got, ok)
		}
		if p := b.Period; !p.Always() && (moment.Before(p.Begin()) || !moment.Before(p.End())) {
			t.Fatalf("%v is not in %s", moment, p)
		}
	})
	for _, id := range []string{
		"", "symmetry", "symmetry_all_v1", "symmetry_overall_all_v0", "symmetry_overall_all_v1x", "symmetry_none_all_v1",
		"symmetry_overall_2026-W54_v1", "symmetry_overall_2026-W00_v1", "symmetry_overall_2026-02-30_v1",
		"symmetry_overall_2025-W53_v1", "symmetry_overall_all_v99999", "SYMMETRY_overall_all_v1",
	} {
		if b, ok := ParseBoard(id); ok {
			t.Errorf("%q is read as %+v", id, b)
		}
	}
}

// The order of sort keys is that of rating descending, achievedAt ascending, uid ascending.
func TestSortKey(t *testing.T) {
	t.Parallel()
	type entry struct {
		rating int
		at     time.Time
		uid    account.UID
	}
	gen := rapid.Custom(func(t *rapid.T) entry {
		return entry{
			rapid.IntRange(0, 10000).Draw(t, "rating"), time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at")),
			account.UID(rapid.StringMatching(`[A-Za-z0-9-]{1,8}`).Draw(t, "uid")),
		}
	})
	less := func(a, b entry) bool {
		switch {
		case a.rating != b.rating:
			return a.rating > b.rating
		case !a.at.Equal(b.at):
			return a.at.Before(b.at)
		}
		return a.uid < b.uid
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		if rapid.Bool().Draw(t, "same rating") {
			b.rating = a.rating
		}
		if rapid.Bool().Draw(t, "same time") {
			b.at = a.at
		}
		ka, kb := sortKey(float64(a.rating)/100, a.at, a.uid), sortKey(float64(b.rating)/100, b.at, b.uid)
		if (ka < kb) != less(a, b) {
			t.Fatalf("%s and %s are ordered otherwise than %v and %v", ka, kb, a, b)
		}
		// The histogram's arithmetic: an entry is above its bucket's first key, and below the next one's.
		in := BucketOf(float64(a.rating) / 100)
		if ka <= FirstKey(in) || in > 0 && ka >= FirstKey(in-1) {
			t.Fatalf("%s of the bucket %d is not within %q and %q", ka, in, FirstKey(in), FirstKey(max(0, in-1)))
		}
	})
}
