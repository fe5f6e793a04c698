package main

import (
	"fmt"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// testdata/photos.json is what 677b8647 wrote: of anna's scans the second is of the first one's
// photo, and the fourth was refused.
func TestPhotos(t *testing.T) {
	t.Parallel()
	const (
		first, second = "zcvkv5wyustefpjvohh5cn32g7", "fhx5folwqy5yww2bdxhajawxhp"
		third, last   = "xjolriii453omtxoevoekon6zi", "esarqbfmckh56mblvvqxaserz4"
	)
	project, fs := database(t, "photos.json")
	before, err := cheat.Get(t.Context(), fs, "anna")
	if err != nil || !before.Partial || len(before.Entries) != 3 {
		t.Fatalf("before: %+v, %v", before, err)
	}
	migrated(t, project, fs, photos)
	after, err := cheat.Get(t.Context(), fs, "anna")
	if err != nil || after.Partial || len(after.Entries) != 4 || len(after.Places) != len(before.Places) {
		t.Fatalf("after: %+v, %v", after, err)
	}
	for i, id := range []string{first, third, last, second} {
		s, err := scan.Get(t.Context(), fs, scan.ID(id))
		if err != nil {
			t.Fatal(err)
		}
		e := after.Entries[i]
		if e.ScanID != id || e.Content == "" || e.Content != s.Content || e.DuplicateOf != string(s.DuplicateOf) {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
	content := after.Entries[0].Content
	if found, sure := after.Measured([]string{content}, "test-1.0.0", "new"); found != first || !sure {
		t.Errorf("the photo was measured by %q, %v", found, sure)
	}
	without := after.Without(first)
	if found, sure := without.Measured([]string{content}, "test-1.0.0", "new"); found != second || !sure {
		t.Errorf("without the first, it was measured by %q, %v", found, sure)
	}
}

func TestPhotos_ofAMemoryThatLostSome(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "photos.json")
	memory := account.Ref(fs, "anna").Collection("guard").Doc("state")
	kept, err := cheat.Get(t.Context(), fs, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := memory.Update(t.Context(), []firestore.Update{{Path: "entries", Value: kept.Entries[1:]}}); err != nil {
		t.Fatal(err)
	}
	migrated(t, project, fs, photos)
	after, err := cheat.Get(t.Context(), fs, "anna")
	if err != nil || !after.Partial || len(after.Entries) != 3 {
		t.Errorf("after: %+v, %v", after, err)
	}
}

// The ranked places of a day stay taken, though their scans are gone.
func TestPhotos_ofScansThatAreGone(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "photos.json")
	all, err := fs.Collection("scans").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if _, err := s.Ref.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	migrated(t, project, fs, photos)
	after, err := cheat.Get(t.Context(), fs, "anna")
	if err != nil || after.Partial || len(after.Entries) != 0 || len(after.Places) != 3 {
		t.Errorf("after: %+v, %v", after, err)
	}
}

// One photo that was uploaded again and again has the memory forget none that was measured.
func TestRemembered_isBounded(t *testing.T) {
	t.Parallel()
	measured := scan.Scan{ID: "first", Content: "photo", State: scan.Completed}
	completed := []scan.Scan{measured}
	for i := range 300 {
		again := measured
		again.ID, again.DuplicateOf = scan.ID(fmt.Sprintf("again-%03d", i)), measured.ID
		completed = append(completed, again)
	}
	memory := remembered([]cheat.Entry{{ScanID: "first"}}, completed)
	if len(memory.Entries) != 200 || !memory.Partial || memory.Entries[0].ScanID != "first" {
		t.Errorf("%d entries, the first is %q, partial %v",
			len(memory.Entries), memory.Entries[0].ScanID, memory.Partial)
	}
}
