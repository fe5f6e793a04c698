package main

import (
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// testdata/boards.json is what the events of the scans of three users made at fca451c: ada has four
// scans of three days, one of them deleted, bob two of two days, and eve, who does not take part,
// ada's without the deletion.
func TestBoards(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "boards.json")
	former := map[account.UID]*leaderboard.RatingDoc{}
	for _, uid := range []account.UID{"ada", "bob", "eve"} {
		former[uid] = emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(fs, uid).Doc("symmetry_all_v1"))
	}
	gone := leaderboard.EntryRef(fs, "symmetry_all_v1", "gone")
	if _, err := gone.Set(t.Context(), map[string]any{"uid": "gone"}); err != nil {
		t.Fatal(err)
	}
	migrated(t, project, fs, divided)
	migrated(t, project, fs, formerEntries)
	for uid, before := range former {
		now := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(fs, uid).Doc("symmetry_overall_all_v1"))
		if diff := cmp.Diff(before.Contributions, now.Contributions); diff != "" {
			t.Errorf("contributions of %s (-before +after):\n%s", uid, diff)
		}
	}
	left, err := fs.CollectionGroup("entries").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, snap := range left {
		paths = append(paths, pathOf(snap.Ref))
	}
	if diff := cmp.Diff([]string{"boards/symmetry_overall_all_v1/entries/ada"}, paths); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	reader := boards.Reader{Firestore: fs}
	p, err := reader.Top(t.Context(), leaderboard.AllTime(1), "ada", 10)
	if err != nil || p.Total != 1 || len(p.Rows) != 1 || !p.Rows[0].Me {
		t.Errorf("the board is %+v, %v", p, err)
	}
}

// What this version has counted before the step stays, and what the user has lost does not return.
func TestBoards_keepWhatHasChangedSince(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "boards.json")
	withdrawn := []firestore.Update{{Path: "consent.granted", Value: false}, {Path: "consentEpoch", Value: 2}}
	if _, err := account.Ref(fs, "bob").Update(t.Context(), withdrawn); err != nil {
		t.Fatal(err)
	}
	old := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(fs, "ada").Doc("symmetry_all_v1"))
	fresh := old.Contributions[0]
	fresh.ScanID, fresh.CompletedAt = "new", today
	now := leaderboard.RatingDoc{
		Schema: 2, Board: "symmetry_overall_all_v1", ConsentEpoch: 1, Contributions: leaderboard.History{fresh},
	}
	if _, err := leaderboard.Ratings(fs, "ada").Doc(now.Board).Set(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	migrated(t, project, fs, divided)
	got := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(fs, "ada").Doc(now.Board))
	if diff := cmp.Diff(append(old.Contributions, fresh), got.Contributions); diff != "" {
		t.Errorf("contributions (-want +got):\n%s", diff)
	}
	bobs := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(fs, "bob").Doc(now.Board))
	if bobs != nil {
		t.Errorf("bob, who withdrew, has the rating %+v", bobs)
	}
}
