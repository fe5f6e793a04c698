package leaderboard

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/face/reliability"
)

var day0 = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func scanAt(id string, at time.Time, score float64) Contribution {
	return Contribution{ScanID: id, Score: score, CompletedAt: at}
}

// see is the history after the scans came in this order.
func see(scans ...Contribution) History {
	var h History
	for _, c := range scans {
		h = h.Add(c).Trim()
	}
	return h
}

// model is the same by definition: sort all, take the first three of each day, and the last days.
func model(scans []Contribution) History {
	sorted := slices.SortedFunc(slices.Values(scans), Contribution.compare)
	byDay := map[time.Time]History{}
	var days []time.Time
	for _, c := range sorted {
		if byDay[c.day()] == nil {
			days = append(days, c.day())
		}
		if len(byDay[c.day()]) < perDay {
			byDay[c.day()] = append(byDay[c.day()], c)
		}
	}
	var h History
	for _, d := range days[max(0, len(days)-maxDays):] {
		h = append(h, byDay[d]...)
	}
	return h
}

func scansGen(days int) *rapid.Generator[[]Contribution] {
	return rapid.Custom(func(t *rapid.T) []Contribution {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		scans := make([]Contribution, n)
		for i := range scans {
			// A few instants a day only, so that equal times occur.
			at := day0.AddDate(0, 0, rapid.IntRange(0, days).Draw(t, "day")).
				Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "hour")) * 4 * time.Hour)
			scans[i] = scanAt(fmt.Sprintf("s%02d", i), at, float64(rapid.IntRange(0, 1000).Draw(t, "score"))/10)
		}
		return scans
	})
}

func TestHistory_isAFunctionOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scans := scansGen(6).Draw(t, "scans")
		deliveries := append(slices.Clone(scans), scans...)
		order := rapid.Permutation(deliveries).Draw(t, "order")
		got, want := see(order...), model(scans)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("history differs from the model (-want +got):\n%s", diff)
		}
		if !got.Equal(want) || got.Rating(1) != want.Rating(1) || !got.achievedAt().Equal(want.achievedAt()) {
			t.Fatal("rating or entry differ from the model's")
		}
	})
}

func TestHistory_keepsTheLatestDays(t *testing.T) {
	var full []Contribution
	for d := range maxDays {
		full = append(full, scanAt(fmt.Sprintf("s%03d", d), day0.AddDate(0, 0, 2*d), 50))
	}
	rapid.Check(t, func(t *rapid.T) {
		// More of the first days, of days between, and of days after them.
		extra := rapid.SliceOfN(rapid.IntRange(-3, 2*maxDays+8), 0, 12).Draw(t, "days")
		scans := slices.Clone(full)
		for i, d := range extra {
			scans = append(scans, scanAt(fmt.Sprintf("x%02d", i), day0.AddDate(0, 0, d).Add(time.Hour), 60))
		}
		h := model(full)
		for _, c := range rapid.Permutation(scans[maxDays:]).Draw(t, "order") {
			h = h.Add(c).Trim()
		}
		if diff := cmp.Diff(model(scans), h); diff != "" {
			t.Fatalf("history differs from the model (-want +got):\n%s", diff)
		}
	})
}

func TestRating_staysBetweenPriorAndMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := see(scansGen(6).Draw(t, "scans")...)
		if len(h) == 0 {
			return
		}
		var mean float64
		for _, c := range h {
			mean += c.Score / float64(len(h))
		}
		const rounding = .005 + 1e-9
		prior := reliability.Of(1).Mean
		lo, hi := min(mean, prior)-rounding, max(mean, prior)+rounding
		if r := h.Rating(1); r < lo || r > hi || r < 0 || r > 100 {
			t.Fatalf("rating %v of mean %v is outside %v to %v", r, mean, lo, hi)
		}
	})
}

func TestRating_values(t *testing.T) {
	at := func(d, h int) time.Time { return day0.AddDate(0, 0, d).Add(time.Duration(h) * time.Hour) }
	tests := map[string]struct {
		scans []Contribution
		want  float64
	}{
		"nothing is the prior":        {nil, 50},
		"one scan counts for the ICC": {[]Contribution{scanAt("a", at(0, 1), 80)}, 71},
		"the fourth of a day does not count": {
			[]Contribution{
				scanAt("a", at(0, 1), 80), scanAt("b", at(0, 2), 80), scanAt("c", at(0, 3), 80), scanAt("d", at(0, 4), 0),
			},
			76.25,
		},
		"a late earlier one displaces a later": {
			[]Contribution{
				scanAt("b", at(0, 2), 80), scanAt("c", at(0, 3), 80), scanAt("d", at(0, 4), 0), scanAt("a", at(0, 1), 80),
			},
			76.25,
		},
		"another day counts anew": {[]Contribution{scanAt("a", at(0, 23), 60), scanAt("b", at(1, 0), 80)}, 66.47},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := see(tt.scans...).Rating(1); got != tt.want {
				t.Errorf("rating = %v, want %v", got, tt.want)
			}
		})
	}
}

// A user who tries 50 times a day and deletes what is poor gains nothing: the first three count,
// and nothing is taken away.
func TestRating_doesNotRewardAttempts(t *testing.T) {
	honest := see(scanAt("a", day0, 60), scanAt("b", day0.Add(time.Hour), 62), scanAt("c", day0.Add(2*time.Hour), 58))
	keen := honest
	for i := range 50 {
		keen = keen.Add(scanAt(fmt.Sprintf("z%d", i), day0.Add(3*time.Hour+time.Duration(i)*time.Minute), 99)).Trim()
	}
	if keen.Rating(1) != honest.Rating(1) {
		t.Errorf("rating = %v with 50 more attempts, %v without", keen.Rating(1), honest.Rating(1))
	}
}

func TestBests_areThoseAboveAllEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := see(scansGen(9).Draw(t, "scans")...)
		var want []string
		for i, c := range h {
			highest := math.Inf(-1)
			for _, earlier := range h[:i] {
				highest = max(highest, earlier.Score)
			}
			if i > 0 && c.Score > highest {
				want = append(want, c.ScanID)
			}
		}
		var got []string
		for _, b := range h.bests() {
			got = append(got, b.ScanID)
			if b.Score <= b.Previous {
				t.Fatalf("%s: %v is not above %v", b.ScanID, b.Score, b.Previous)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("bests = %v, want %v", got, want)
		}
	})
}

// In any order, all bests of the final history are told, each at least once.
func TestNewBests_tellAllOfTheFinalHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scans := scansGen(9).Draw(t, "scans")
		told := map[string]bool{}
		var h History
		for _, c := range rapid.Permutation(scans).Draw(t, "order") {
			grown := h.Add(c)
			for _, b := range NewBests(h, grown) {
				told[b.ScanID] = true
			}
			h = grown.Trim()
		}
		for _, b := range h.bests() {
			if !told[b.ScanID] {
				t.Fatalf("best %s was never told", b.ScanID)
			}
		}
	})
}

func TestNewBests_afterAnOldHighDropsOut(t *testing.T) {
	var h History
	h = h.Add(scanAt("high", day0, 90)).Trim()
	for d := range maxDays {
		grown := h.Add(scanAt(fmt.Sprintf("s%03d", d), day0.AddDate(0, 0, d+1), 50))
		if b := NewBests(h, grown); len(b) > 0 {
			t.Fatalf("day %d: %v was told as a best", d, b)
		}
		h = grown.Trim()
	}
	if len(h) != maxDays || h[0].ScanID != "s000" {
		t.Fatalf("%d contributions are left, the first is %s", len(h), h[0].ScanID)
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	one := see(scanAt("a", day0, 80))
	for name, tt := range map[string]struct {
		of   History
		want float64
	}{
		"nothing is known":             {nil, 20},
		"one scan":                     {one, 20 * math.Sqrt(1-0.7)},
		"a series of three":            {see(seriesOf("a", 80, 3, 0, 1)), 20 * math.Sqrt(1-0.875)},
		"the same, two photos deleted": {see(seriesOf("a", 80, 1, 2, 1)), 20 * math.Sqrt(1-0.875)},
		"one scan, deleted":            {see(gone(one[0])), 20 * math.Sqrt(1-0.7)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.of.Error(1); math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("standard error %v, want %v", got, tt.want)
			}
		})
	}
}

// Each board counts with the figures of its engine.
func TestRating_byTheEngine(t *testing.T) {
	t.Parallel()
	h := see(scanAt("a", day0, 80))
	for board, want := range map[string]int{
		"symmetry_all_v1": 1, "symmetry_women_2026-W01_v2": 2, "symmetry_all_v12": 12, "symmetry_all": 0, "x_vy": 0,
	} {
		if got := Major(board); got != want {
			t.Errorf("%s is of engine %d, want %d", board, got, want)
		}
	}
	scores := reliability.Of(2)
	want := math.Round((scores.Mean+scores.ICC*(80-scores.Mean))*100) / 100
	if got := h.Rating(2); got != want || got == h.Rating(1) || (History)(nil).Rating(2) != scores.Mean {
		t.Errorf("rating %v on the board of engine 2, want %v", got, want)
	}
	if h.Rating(99) != h.Rating(2) {
		t.Error("an engine without figures of its own does not have those of the last one")
	}
}
