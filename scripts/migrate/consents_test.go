package main

import (
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// testdata/consent.json is what bf55e16 wrote. ada has two scans. bob had one, withdrew the
// consent, gave it anew and has another. eve withdrew hers. The memory of the withdrawn scans was
// left behind.
const (
	firstOfAda  = "zwtb25tsikyf33kbnqlwuwz2h5"
	secondOfAda = "x2ntireueskzonm5gkjt27czl5"
	laterOfBob  = "f23gx7osyyjn57cyugfpokz2sc"
)

func TestSince(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "consent.json")
	migrated(t, project, fs, since)
	for uid, want := range map[account.UID]int64{"ada": 1, "bob": 3, "eve": 0} {
		u, err := account.Get(t.Context(), fs, uid)
		if err != nil || u.Consent.Since != want {
			t.Errorf("%s: since %d, %v, want %d", uid, u.Consent.Since, err, want)
		}
		if made := want; u.Consent.Granted && (!u.Stands(made) || u.Stands(made-1)) {
			t.Errorf("%s: what was made under epoch %d does not stand, or what was before does", uid, made)
		}
	}
}

// epochs are those of the scans that the guard remembers of the user.
func epochs(t *testing.T, fs *firestore.Client, uid account.UID) map[string]int64 {
	t.Helper()
	s, err := cheat.Get(t.Context(), fs, uid)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int64{}
	for _, e := range s.Entries {
		if len(e.Hash) != 32 || len(e.Ratios) != 8 || e.Engine != 1 {
			t.Errorf("%s: the entry is %+v", uid, e)
		}
		all[e.ScanID] = e.ConsentEpoch
	}
	return all
}

func TestMemories(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "consent.json")
	migrated(t, project, fs, memories)
	for uid, want := range map[account.UID]map[string]int64{
		"ada": {firstOfAda: 1, secondOfAda: 1},
		"bob": {laterOfBob: 3},
		"eve": {},
	} {
		if diff := cmp.Diff(want, epochs(t, fs, uid)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uid, diff)
		}
	}
	left, err := fs.CollectionGroup("guard").Documents(t.Context()).GetAll()
	if err != nil || len(left) != 2 {
		t.Errorf("%d documents are left, %v, want none of eve", len(left), err)
	}
}

// noticesBy are the user's inbox items and deliveries, by collection and epoch.
func noticesBy(t *testing.T, fs *firestore.Client, uid account.UID) map[string]map[any]int {
	t.Helper()
	all := map[string]map[any]int{}
	for _, name := range []string{"inbox", "deliveries"} {
		snaps, err := account.Ref(fs, uid).Collection(name).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		all[name] = map[any]int{}
		for _, snap := range snaps {
			all[name][snap.Data()["consentEpoch"]]++
		}
	}
	return all
}

func TestNotices(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "consent.json")
	// The version before tells of a deletion by an event, which may be lost.
	if _, err := fs.Doc("scans/" + secondOfAda).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	migrated(t, project, fs, notices)
	welcome := map[string]map[any]int{"inbox": {nil: 1}, "deliveries": {nil: 2}}
	for uid, want := range map[account.UID]map[string]map[any]int{
		"ada": {"inbox": {nil: 1, int64(1): 1}, "deliveries": {nil: 2, int64(1): 2}},
		"bob": {"inbox": {nil: 1, int64(3): 1}, "deliveries": {nil: 2, int64(3): 2}},
		"eve": welcome,
	} {
		if diff := cmp.Diff(want, noticesBy(t, fs, uid)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uid, diff)
		}
	}
}
