package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

// testdata/audit.json is what 73e9d6b wrote of staff who listed reports, dismissed that of ada's
// name and barred bob's, and looked at ada and eve. eve's account is gone.
func TestAudit(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "audit.json")
	if _, err := account.Ref(fs, "eve").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := func(key keys.Ring, dry bool) (string, error) {
		var out strings.Builder
		r := runner{fs: fs, now: func() time.Time { return today }, out: &out, dry: dry, audit: key}
		err := r.run(t.Context(), pseudonyms)
		return out.String(), err
	}
	migrated(t, project, fs, links)
	said, err := run(keys.Ring{}, false)
	if !errors.Is(err, errIncomplete) || !strings.Contains(said, errNoAuditKey.Error()) {
		t.Errorf("without the secret: %v, %s", err, said)
	}
	key := testkit.Ring(keys.ForAudit)
	before := dumpOf(t, project, fs)
	if said, err := run(key, true); err != nil || !strings.Contains(said, "5 would be migrated") {
		t.Errorf("dry: %v, %s", err, said)
	}
	if diff := cmp.Diff(before, dumpOf(t, project, fs)); diff != "" {
		t.Errorf("the dry run writes (-before +after):\n%s", diff)
	}
	if said, err := run(key, false); err != nil || !strings.Contains(said, " 5 migrated") {
		t.Errorf("%v, %s", err, said)
	}
	if said, err := run(key, false); err != nil || !strings.Contains(said, " 0 migrated") {
		t.Errorf("again: %v, %s", err, said)
	}
	for uid, want := range map[account.UID][]string{
		"ada": {"report.dismissed", "user.read"}, "bob": {"name.barred"},
	} {
		if diff := cmp.Diff(want, kindsAbout(t, fs, key, uid)); diff != "" {
			t.Errorf("acts about %s (-want +got):\n%s", uid, diff)
		}
	}
	acts := ofCollection(t, fs, "audit")
	if len(acts) != 5 {
		t.Errorf("%d acts of 5", len(acts))
	}
	ends := time.Date(2027, 11, 30, 12, 0, 0, 0, time.UTC)
	for _, act := range acts {
		for field, value := range act.Data() {
			if text, _ := value.(string); slices.Contains([]string{"ada", "bob", "eve", "boss", "help"}, text) {
				t.Errorf("%s still has %s in %s", act.Ref.ID, text, field)
			}
		}
		if at, _ := act.Data()["expireAt"].(time.Time); !at.Equal(ends) {
			t.Errorf("%s expires at %s", act.Ref.ID, at)
		}
	}
}

// kindsAbout returns the kinds of the acts that lead from the user, sorted.
func kindsAbout(t *testing.T, fs *firestore.Client, key keys.Ring, uid account.UID) (kinds []string) {
	t.Helper()
	u, err := account.Get(t.Context(), fs, uid)
	if err != nil {
		t.Fatal(err)
	}
	about, ok := audit.New(fs, key, time.Now).About(u.Acts)
	if !ok {
		t.Fatalf("%s has no link", uid)
	}
	found, err := about.Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, act := range found {
		kind, _ := act.Data()["kind"].(string)
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// An action that this version does not know is told to the operator, and left.
func TestAudit_ofAnUnknownAction(t *testing.T) {
	t.Parallel()
	_, fs := database(t)
	odd := map[string]any{"schema": 1, "actor": "boss", "action": "odd", "uid": "ada"}
	if _, err := fs.Collection("audit").Doc("odd").Set(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r := runner{fs: fs, now: func() time.Time { return today }, out: &out, audit: testkit.Ring(keys.ForAudit)}
	if err := r.run(t.Context(), pseudonyms); !errors.Is(err, errIncomplete) || !strings.Contains(out.String(), `"odd"`) {
		t.Errorf("%v, said %s", err, &out)
	}
}

func ofCollection(t *testing.T, fs *firestore.Client, name string) []*firestore.DocumentSnapshot {
	t.Helper()
	all, err := fs.Collection(name).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
