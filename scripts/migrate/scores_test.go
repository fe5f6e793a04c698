package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
)

// testdata/scores.json is the inbox that bf55e16 made of an event of each type.
func TestScores(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "scores.json")
	migrated(t, project, fs, scores)
	snaps, err := account.Ref(fs, "u").Collection("inbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	got := map[any]any{}
	for _, snap := range snaps {
		got[snap.Data()["type"]] = snap.Data()["body"]
	}
	want := map[any]any{
		"account.registered.v1": "Your account is ready. Take your first photo whenever you like: we measure it and tell " +
			"you how " +
			"certain the numbers are.",
		"scan.completed.v1": "The result is in the FaceScan app.",
		"scan.failed.v1":    "We found no face in the photo. Please take another one with your whole face in the frame.",
		"personal-best.reached.v1": "One of your scans has your highest symmetry percentile so far. " +
			"Small differences may come from the photo alone.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}
