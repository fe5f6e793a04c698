package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/notify"
)

// testdata/kinds.json is the inbox that c0a1f61 made of the scans and the series of a user, the
// first of which were personal bests and the last of which failed.
func TestKinds(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "kinds.json")
	inbox := notify.Inbox(account.Ref(fs, "ada"))
	types := func(kind notify.Kind) []string {
		t.Helper()
		found, err := inbox.Where("kind", "==", kind).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, snap := range found {
			eventType, _ := snap.Data()["type"].(string)
			all = append(all, eventType)
		}
		slices.Sort(all)
		return all
	}
	if got := types(notify.ScanCompleted); len(got) > 0 {
		t.Errorf("found before: %v", got)
	}
	migrated(t, project, fs, kinds)
	const best, scan = "personal-best.reached.v1", "scan.completed.v1"
	for kind, want := range map[notify.Kind][]string{
		notify.Welcome: {"account.registered.v1"}, notify.ScanCompleted: {scan, scan, "series.settled.v1"},
		notify.ScanFailed: {"scan.failed.v1"}, notify.PersonalBest: {best, best, best}, notify.Security: nil,
	} {
		if diff := cmp.Diff(want, types(kind)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// An item whose type has no notice any more is told to the operator, and left.
func TestKinds_ofNoNotice(t *testing.T) {
	t.Parallel()
	_, fs := database(t)
	item := notify.Inbox(account.Ref(fs, "ada")).Doc("odd")
	if _, err := item.Set(t.Context(), map[string]any{"type": "odd.v1"}); err != nil {
		t.Fatal(err)
	}
	said := runStep(t, fs, kinds, false)
	if !strings.Contains(said, "1 documents, 0 migrated, 1 notes, 0 failed") || !strings.Contains(said, `"odd.v1"`) {
		t.Errorf("said %s", said)
	}
}
