package main

import (
	"errors"
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/operate/orphan"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/sweep"
)

// What remains of a scan that was begun after the backup goes, and of the others nothing does.
func TestOrphans(t *testing.T) {
	t.Parallel()
	u := usertest.New(t, usertest.Options{})
	u.MoveIn("ada", account.Notifications{}, "token-of-ada")
	kept := u.Scan("ada", usertest.Photo(t, 1, "a"))
	late := u.Scan("ada", usertest.Photo(t, 2, "b"))
	w := worldOf(t, u.Project)
	w.prepare = func(tools *tools) {
		tools.uploads, tools.results = u.Uploads.BucketName(), u.Results.BucketName()
		tools.gcs = u.StorageClient(nil)
	}
	objects := func() (of map[scan.ID]int) {
		of = map[scan.ID]int{}
		for b, prefix := range map[*storage.BucketHandle]string{u.Uploads: "uploads/", u.Results: "results/"} {
			for o, err := range bucket.List(t.Context(), b, prefix) {
				if err != nil {
					t.Fatal(err)
				}
				of[scan.ID(strings.Split(o.Name, "/")[2])]++
			}
		}
		return of
	}
	if _, err := w.admin(t, "orphans", "clear"); !errors.Is(err, orphan.ErrUnused) {
		t.Errorf("in a database that nothing sweeps: %v", err)
	}
	if err := (&sweep.Consumer{Firestore: u.Firestore, Now: u.Clock}).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := objects()
	if all := read[[]orphanView](t, w, "orphans", "list", "-json"); len(all) != 0 || before[late] < 2 {
		t.Fatalf("%+v, objects %v", all, before)
	}
	if _, err := scan.Ref(u.Firestore, late).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args    string
		orphans int
		left    int
	}{{"list", 1, before[late]}, {"clear -dry-run", 1, before[late]}, {"clear", 1, 0}, {"clear", 0, 0}} {
		args := strings.Fields("orphans " + step.args + " -json")
		if all := read[[]orphanView](t, w, args...); len(all) != step.orphans || step.orphans > 0 && all[0].ID != late {
			t.Errorf("%s: %+v", step.args, all)
		}
		if now := objects(); now[late] != step.left || now[kept] != before[kept] {
			t.Errorf("after %s there are %v, before %v", step.args, now, before)
		}
	}
	about, _ := book(t, w).About(u.User("ada").Acts)
	acts, err := about.Where("kind", "==", string(audit.OrphanCleared)).Documents(t.Context()).GetAll()
	if err != nil || len(acts) != 1 {
		t.Errorf("%d acts, %v", len(acts), err)
	}
	if _, err := scan.Ref(u.Firestore, kept).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin(t, "orphans", "clear"); !errors.Is(err, orphan.ErrAll) || objects()[kept] != before[kept] {
		t.Errorf("with another's database: %v", err)
	}
}
