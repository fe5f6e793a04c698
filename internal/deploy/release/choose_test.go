package release

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func record(day int, commit string, revisions ...string) Record {
	r := Record{Time: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), Commit: commit, Functions: map[string]Function{}}
	for i, revision := range revisions {
		r.Functions[string(rune('a'+i))] = Function{Revision: revision}
	}
	return r
}

func TestChoose(t *testing.T) {
	t.Parallel()
	records := []Record{
		record(4, "cccc", "a-3", "b-2"), record(3, "bbbb", "a-2", "b-2"), record(2, "bbbb-settings", "a-2", "b-2"),
		record(1, "aaaa", "a-1", "b-1"),
	}
	for name, tt := range map[string]struct {
		records []Record
		a, b    string // what serves
		to      string
		want    string // commit, "" for an error
	}{
		"the one before the present":               {records, "a-3", "b-2", "", "bbbb"},
		"one that serves the same is no step back": {records, "a-2", "b-2", "", "aaaa"},
		"the newest, where what serves is in none": {records, "a-4", "b-3", "", "cccc"},
		"the commit that is asked for":             {records, "a-3", "b-2", "aaa", "aaaa"},
		"a commit that was never deployed":         {records, "a-3", "b-2", "dddd", ""},
		"none before the first":                    {records, "a-1", "b-1", "", ""},
		"no record at all":                         {nil, "a-1", "b-1", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Choose(tt.records, map[string]string{"a": tt.a, "b": tt.b}, tt.to)
			if got.Commit != tt.want || (err != nil) != (tt.want == "") || err != nil && !errors.Is(err, ErrNone) {
				t.Errorf("%s, %v, want %q", got.Commit, err, tt.want)
			}
		})
	}
}

// Going back always changes something, and never to a record that is newer than what serves.
func TestChoose_goesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		revision := rapid.SampledFrom([]string{"1", "2", "3"})
		var records []Record
		for day := rapid.IntRange(1, 6).Draw(t, "days"); day > 0; day-- {
			records = append(records, record(day, "c", revision.Draw(t, "a"), revision.Draw(t, "b")))
		}
		serving := map[string]string{"a": revision.Draw(t, "serves a"), "b": revision.Draw(t, "serves b")}
		got, err := Choose(records, serving, "")
		if err != nil {
			return
		}
		if len(got.changes(serving)) == 0 {
			t.Fatalf("%v changes nothing of %v", got, serving)
		}
		for _, r := range records { // the newest first
			if len(r.changes(serving)) > 0 {
				continue
			}
			if !got.Time.Before(r.Time) {
				t.Fatalf("%v is not before %v, which serves", got, r)
			}
			return
		}
	})
}
