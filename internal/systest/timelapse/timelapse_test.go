package timelapse_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
)

// margin is how long before and after a deadline the test looks: a thing must be there before and
// gone after it.
const margin = time.Minute

// awaited is how long the photo of a scan is waited for that was opened.
const awaited = schema.TicketLife + scan.ExpireGrace

// lives are the constants of package schema that this test holds the system to, by their names.
var lives = map[string]time.Duration{
	"TicketLife": awaited, "OriginalLife": schema.OriginalLife, "ExportLife": schema.ExportLife,
	"StuckLife": schema.StuckLife, "UsernameLife": schema.UsernameLife,
	"ParkedLife": schema.ParkedLife, "ReceiptLife": schema.ReceiptLife, "InboxLife": schema.InboxLife,
	"DeliveryLife": schema.DeliveryLife, "NameReportLife": schema.NameReportLife, "DeviceLife": schema.DeviceLife,
	"BarredLife": schema.BarredLife, "AuditLife": schema.AuditLife,
}

// elsewhere are the constants that bound nothing the local stack stores, each with what they bound.
var elsewhere = map[string]string{
	"DeletionLinkLife": "the token of the link: nothing is stored, and TestLinks_open has its end",
	"LatePhotos":       "the wait of an erasure, which is seconds on the local stack: see the tests of package erasure",
	"LogLife":          "Cloud Logging, by Terraform",
	"RequestLogLife":   "Cloud Logging, by Terraform",
	"RestorableLife":   "Firestore's backups, by Terraform",
	"TombstoneLife":    "a bucket's lifecycle, by Terraform",
}

// TestEveryLifeIsTested compares the lists above with the constants of package schema.
func TestEveryLifeIsTested(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../../schema/times.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			if name := spec.(*ast.ValueSpec).Names[0]; name.IsExported() { //nolint:forcetypeassert // of a const
				declared = append(declared, name.Name)
			}
		}
	}
	slices.Sort(declared)
	listed := slices.Sorted(maps.Keys(lives))
	listed = append(listed, slices.Collect(maps.Keys(elsewhere))...)
	slices.Sort(listed)
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("constants of package schema, and those that this test knows (-declared +known):\n%s", diff)
	}
	for name := range lives {
		if !slices.ContainsFunc(things, func(one thing) bool { return one.life == name }) {
			t.Errorf("nothing that is kept for %s is looked at", name)
		}
	}
}

// TestTimeLapse moves the clock to right before and right after each deadline, with a sweep at each
// stop, and looks whether what was kept until then is there, and then is not.
func TestTimeLapse(t *testing.T) {
	w := newWorld(t)
	w.rank(t)
	begun := w.Now()
	w.fill(t)
	w.covers(t)
	ready := w.Now()
	for _, life := range slices.Compact(slices.Sorted(maps.Values(lives))) {
		t.Run(life.String(), func(t *testing.T) {
			w.moveTo(t, begun.Add(life-margin))
			for _, one := range due(life) {
				if !one.there(t.Context(), t, w) {
					t.Errorf("%s is gone before its time, %s", one.name, one.life)
				}
			}
			w.moveTo(t, ready.Add(life+late(life)+margin))
			for _, one := range due(life) {
				w.await(t, one.name+" to go", func() bool { return !one.there(t.Context(), t, w) })
			}
			w.await(t, "what has expired to go", func() bool { return len(w.expired(t)) == 0 })
		})
	}
	t.Run("what is left", func(t *testing.T) { w.wantLeft(t) })
}

// late is how long after the end of the life the sweep may come to what it last failed on: it looks
// again at a scan that does not end after an hour at most.
func late(life time.Duration) time.Duration {
	if life == schema.StuckLife {
		return time.Hour
	}
	return 0
}

func due(life time.Duration) (some []thing) {
	for _, one := range things {
		if lives[one.life] == life {
			some = append(some, one)
		}
	}
	return some
}

// covers checks that each collection that expires has a document.
func (w *world) covers(t *testing.T) {
	t.Helper()
	for _, name := range schema.Expiring() {
		w.await(t, "a document of "+name+" that expires", func() bool {
			return w.count(t, w.fs.CollectionGroup(name).Where("expireAt", ">", w.Now())) > 0
		})
	}
}

// expired are the collections that have documents which have expired.
func (w *world) expired(t *testing.T) (names []string) {
	t.Helper()
	for _, name := range schema.Expiring() {
		if w.count(t, w.fs.CollectionGroup(name).Where("expireAt", "<=", w.Now().Add(-margin))) > 0 {
			names = append(names, name)
		}
	}
	return names
}

func (w *world) count(t *testing.T, q firestore.Query) int64 {
	t.Helper()
	n, err := store.Count(t.Context(), nil, q)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantLeft checks what remains after all deadlines: what its owners have not removed, and nothing
// else.
func (w *world) wantLeft(t *testing.T) {
	t.Helper()
	if left := w.objects(t, host.UploadsBucket, ""); len(left) != 0 {
		t.Errorf("photos are left: %d", len(left))
	}
	var left []string
	for _, c := range schema.Collections {
		// What expires was looked at. The sweep's own notes are renewed by each sweep.
		if !c.Expires && w.count(t, w.fs.CollectionGroup(c.Name).Query) > 0 {
			left = append(left, c.Name)
		}
	}
	slices.Sort(left)
	want := []string{"consents", "guard", "ratings", "scans", "users"}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("collections with documents (-want +got):\n%s", diff)
	}
	fay := w.people["fay"]
	if board := w.count(t, w.fs.CollectionGroup("entries").Where("uid", "==", fay.uid)); board == 0 {
		t.Error("the place on the board of all time is gone")
	}
	if names := w.objects(t, host.ResultsBucket, "results/"+fay.uid+"/"); !slices.ContainsFunc(names, isReport) {
		t.Errorf("the report is gone, there are %d objects", len(names))
	}
	if gus := w.people["gus"]; w.exists(t, "users/"+gus.uid) {
		t.Error("the account is left whose Firebase user is gone")
	}
}

func isReport(object string) bool { return strings.HasSuffix(object, "/report.json") }

// moveTo moves the clock to the time and sweeps.
func (w *world) moveTo(t *testing.T, at time.Time) {
	t.Helper()
	if err := w.MoveClock(at.Sub(w.Now())); err != nil {
		t.Fatal(err)
	}
	w.sweep(t)
}

// sweep has the system sweep once, and returns when it has.
func (w *world) sweep(t *testing.T) {
	t.Helper()
	before := w.swept.Load()
	if err := w.RequestSweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "a sweep", func() bool { return w.swept.Load() > before })
}

// await sweeps until the condition holds, for a minute at most.
func (w *world) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	w.wait(t, what, func() bool {
		if holds() {
			return true
		}
		w.sweep(t)
		return false
	})
}

// wait returns once the condition holds.
func (w *world) wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
