package analyze_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/scan/cheat"
)

func TestGuard_keepsACopyOutOfTheRanking(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	first, second := e.NewScan(t), e.NewScan(t)
	photo := emulatortest.SamplePhoto(t)
	for _, s := range []scan.Scan{first, second} {
		// what follows a JPEG's end is not looked at
		generation := e.Upload(t, s, append(photo[:len(photo):len(photo)], s.ID...))
		a := e.Analyzer(face.Scan)
		for range 2 { // a duplicate counts once
			if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
		}
	}
	original, got := e.Load(t, first.ID), e.Load(t, second.ID)
	if !original.Outcome().Rankable {
		t.Error("the first one is not ranked")
	}
	reasons, _ := got.Result["guard"].([]any)
	if got.State != scan.Completed || got.Outcome().Rankable || len(reasons) != 1 ||
		got.Result["notRankableBecause"] == "" {
		t.Errorf("the copy is %s, result %v", got.State, got.Result)
	}
	if diff := cmp.Diff([]string{string(first.ID), string(second.ID)}, e.Remembered(t)); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
	rankable := map[string]bool{}
	for _, sent := range scantest.Published[event.ScanCompletedV1](t, e.Bus) {
		rankable[sent.ScanID] = sent.Rankable
	}
	if want := map[string]bool{string(first.ID): true, string(second.ID): false}; !cmp.Equal(want, rankable) {
		t.Errorf("told %v, want %v", rankable, want)
	}
}

func TestDisqualifying_keepsTheEnginesReason(t *testing.T) {
	t.Parallel()
	result := map[string]any{"rankable": false, "notRankableBecause": "The face is too dark."}
	analyze.Disqualify(result, []cheat.Reason{{Code: cheat.Jump, Detail: "Another shape."}})
	want := map[string]any{
		"rankable": false, "notRankableBecause": "The face is too dark. Another shape.",
		"guard": []any{map[string]any{"code": "geometry_jump", "detail": "Another shape."}},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
