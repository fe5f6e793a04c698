package cheat

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAdmit(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	type try struct {
		scan, series string
		at           time.Time
		want         bool
	}
	full := func(at time.Time) []try {
		var all []try
		for i := range RankedPerDay {
			all = append(all, try{fmt.Sprint(at.Day(), "-", i), "", at, true})
		}
		return all
	}
	for name, tries := range map[string][]try{
		"five of a day":              append(full(noon), try{"6", "", noon.Add(time.Hour), false}),
		"a scan again":               append(full(noon), try{"30-0", "", noon, true}, try{"6", "", noon, false}),
		"the next day, in UTC":       append(full(noon), try{"6", "", noon.Add(12 * time.Hour), true}),
		"the end of the day, in UTC": append(full(noon), try{"6", "", noon.Add(12*time.Hour - 1), false}),
		"another zone's next day": append(
			full(noon),
			try{"6", "", noon.In(time.FixedZone("", 13*3600)), false},
		),
		"a photo that was late": append(full(noon), try{"6", "", noon.Add(-24 * time.Hour), true}),
		"a late one of a full day": append(
			append(full(noon), full(noon.Add(24*time.Hour))...),
			try{"6", "", noon, false},
		),
		"another photo of a series": append(
			full(noon)[:4],
			try{"a", "s", noon, true}, try{"b", "s", noon, true}, try{"6", "", noon, false},
		),
		"a series over midnight": append(
			full(noon)[:4],
			try{"a", "s", noon, true}, try{"b", "s", noon.Add(24 * time.Hour), true},
		),
		"a series that has no place": append(full(noon), try{"a", "s", noon, false}, try{"b", "s", noon, false}),
		"a scan after what is pruned": append(
			full(noon),
			try{"6", "", noon.Add(240 * time.Hour), true}, try{"7", "", noon, true},
		),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s State
			for i, try := range tries {
				var admitted bool
				if s, admitted = s.Admit(try.scan, try.series, try.at, 1); admitted != try.want {
					t.Errorf("try %d, %+v: admitted %t", i, try, admitted)
				}
			}
			if most := 2 * RankedPerDay; len(s.Places) > most {
				t.Errorf("%d places are remembered", len(s.Places))
			}
		})
	}
}

// A deletion makes no room, and leaves no id; a withdrawal leaves nothing.
func TestPlaces_outliveTheirScans(t *testing.T) {
	t.Parallel()
	fs := keptOf(t)
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s := State{}
	for _, one := range []struct{ scan, series string }{{"a", ""}, {"b", "r"}, {"c", "r"}, {"d", "q"}, {"e", "q"}} {
		_, s = Judge(s, one.scan, 1, Observation{Engine: 1, SeriesID: one.series})
		s, _ = s.Admit(one.scan, one.series, noon, 1)
	}
	found := find(t, fs)
	inTransaction(t, fs, func(tx *firestore.Transaction) error { return found.Write(tx, s) })
	inTransaction(t, fs, func(tx *firestore.Transaction) error { return Forget(tx, fs, "ada", "a", "b", "c", "d") })
	want := []Ranked{{Day: "2026-11-30"}, {Day: "2026-11-30"}, {Day: "2026-11-30", Of: "q"}}
	if diff := cmp.Diff(want, find(t, fs).State.Ranked()); diff != "" {
		t.Errorf("after the deletions (-want +got):\n%s", diff)
	}
	inTransaction(t, fs, func(tx *firestore.Transaction) error { return Forget(tx, fs, "ada", "e") })
	if left := find(t, fs).State; len(left.Entries) != 0 || len(left.Places) != 3 || left.Places[2].Of != "" {
		t.Errorf("after the last one %+v", left)
	}
	inTransaction(t, fs, func(tx *firestore.Transaction) error {
		_, err := Withdraw(tx, fs, "ada", 1)
		return err
	})
	if _, err := ref(fs, "ada").Get(t.Context()); status.Code(err) != codes.NotFound {
		t.Errorf("after the withdrawal: %v", err)
	}
}
