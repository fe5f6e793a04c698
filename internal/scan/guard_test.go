package scan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// remembered are the ids of the scans that anna's guard knows.
func (e *env) remembered(t *testing.T) []string {
	t.Helper()
	var ids []string
	s, err := cheat.Get(t.Context(), e.fs, anna)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range s.Entries {
		ids = append(ids, entry.ScanID)
	}
	return ids
}

func TestGuardKeepsACopyOutOfTheRanking(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	first, second := e.newScan(t), e.newScan(t)
	photo := emulatortest.SamplePhoto(t)
	for _, s := range []Scan{first, second} {
		generation := e.upload(t, s, append(photo[:len(photo):len(photo)], s.ID...)) // what follows a JPEG's end is not looked at
		a := e.analyzer(face.Scan)
		for range 2 { // a duplicate counts once
			if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
		}
	}
	original, got := e.load(t, first.ID), e.load(t, second.ID)
	if !original.result().Rankable {
		t.Error("the first one is not ranked")
	}
	reasons, _ := got.Result["guard"].([]any)
	if got.State != Completed || got.result().Rankable || len(reasons) != 1 || got.Result["notRankableBecause"] == "" {
		t.Errorf("the copy is %s, result %v", got.State, got.Result)
	}
	if diff := cmp.Diff([]string{string(first.ID), string(second.ID)}, e.remembered(t)); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
	rankable := map[string]bool{}
	for _, sent := range published[event.ScanCompletedV1](t, e.bus) {
		rankable[sent.ScanID] = sent.Rankable
	}
	if want := map[string]bool{string(first.ID): true, string(second.ID): false}; !cmp.Equal(want, rankable) {
		t.Errorf("told %v, want %v", rankable, want)
	}
}

func TestDisqualifyingKeepsTheEnginesReason(t *testing.T) {
	t.Parallel()
	result := map[string]any{"rankable": false, "notRankableBecause": "The face is too dark."}
	disqualify(result, []cheat.Reason{{Code: cheat.Jump, Detail: "Another shape."}})
	want := map[string]any{
		"rankable": false, "notRankableBecause": "The face is too dark. Another shape.",
		"guard": []any{map[string]any{"code": "geometry_jump", "detail": "Another shape."}},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
