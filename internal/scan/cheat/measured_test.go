package cheat

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// scans is what the memory stands for: the completed scans themselves, oldest first.
type scans []Entry

// first returns what a query for the photo finds: the scan that is no duplicate, or the oldest.
func (s scans) first(content, version string) string {
	found := ""
	for _, e := range s {
		if e.Content != content || e.Version != version {
			continue
		}
		if e.DuplicateOf == "" {
			return e.ScanID
		}
		if found == "" {
			found = e.ScanID
		}
	}
	return found
}

// A memory that is sure says what the scans say, whatever was scanned, deleted and measured again.
func TestMeasured_isWhatTheScansSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var memory State
		var all scans
		steps := rapid.IntRange(1, 30).Draw(t, "steps")
		if rapid.Bool().Draw(t, "many") {
			steps += kept
		}
		sure := 0
		for i := range steps {
			content := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "content")
			version := rapid.SampledFrom([]string{"1.0.0", "1.0.0", "1.0.1"}).Draw(t, "version")
			if len(all) > 0 && rapid.IntRange(0, 4).Draw(t, "what") == 0 {
				n := rapid.IntRange(0, len(all)-1).Draw(t, "deleted")
				memory = memory.Without(all[n].ScanID)
				all = slices.Delete(all, n, n+1)
				continue
			}
			id := fmt.Sprint(i)
			found, known := memory.Measured([]string{content, "by another secret"}, version, id)
			want := all.first(content, version)
			if known && found != want {
				t.Fatalf("the memory says %q, the scans %q", found, want)
			}
			if known {
				sure++
			}
			o := Observation{Content: content, Version: version}
			if want != "" {
				memory = Duplicate(memory, id, 1, o, want)
			} else {
				_, memory = Judge(memory, id, 1, o)
			}
			all = append(all, Entry{ScanID: id, Content: content, Version: version, DuplicateOf: want})
		}
		if sure == 0 {
			t.Fatal("it was never sure: this test proves nothing")
		}
	})
}

func TestMeasured_isNotSure(t *testing.T) {
	t.Parallel()
	before := Entry{ScanID: "a", Content: "photo", Version: "1.0.0"}
	for name, s := range map[string]State{
		"of a partial memory": {Entries: []Entry{before}, Partial: true},
		"of a photo that another version of the engine measured, as the scan may have been measured again": {
			Entries: []Entry{{ScanID: "b", Content: "photo", Version: "1.0.1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found, sure := s.Measured([]string{"photo"}, "1.0.0", "new"); sure {
				t.Errorf("it is sure of %q", found)
			}
		})
	}
	t.Run("but of a scan itself it says nothing", func(t *testing.T) {
		t.Parallel()
		if found, sure := (State{Entries: []Entry{before}}).Measured([]string{"photo"}, "1.0.0", "a"); !sure || found != "" {
			t.Errorf("%q, %v", found, sure)
		}
	})
}

// One photo, uploaded again and again, must not have the guard forget the others.
func TestDuplicate_displacesNoOther(t *testing.T) {
	t.Parallel()
	var memory State
	for _, id := range []string{"face", "photo"} {
		_, memory = Judge(memory, id, 1, Observation{Content: id, Version: "1.0.0"})
	}
	for i := range kept + 5 {
		memory = Duplicate(memory, fmt.Sprint(i), 1, Observation{Content: "photo", Version: "1.0.0"}, "photo")
	}
	first, second := memory.Entries[0].ScanID, memory.Entries[1].ScanID
	if len(memory.Entries) != kept || first != "face" || second != "photo" {
		t.Errorf("of %d entries the first are %q, %q", len(memory.Entries), first, second)
	}
	if last := memory.Entries[kept-1].ScanID; last != fmt.Sprint(kept+4) || !memory.Partial {
		t.Errorf("the last entry is %q, partial %v", last, memory.Partial)
	}
}
