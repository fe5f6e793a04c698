package retention_test

import (
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/emulator/emulatortest"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/retention"
)

var quiet outbox.Publisher = publisherFunc(func(string) error { return nil })

// places are where documents of the collection may be: at the top and below a document.
func (f *fixture) places(collection string) []*firestore.CollectionRef {
	return []*firestore.CollectionRef{
		f.fs.Collection(collection), f.fs.Collection("users").Doc("u").Collection(collection),
	}
}

func TestSweep_deletesWhatHasExpired(t *testing.T) {
	t.Parallel()
	f := newFixture(t, quiet)
	var want []string
	for _, collection := range retention.Collections {
		for _, place := range f.places(collection) {
			for id, fields := range map[string]map[string]any{
				"expired":  {"mark": "marked", "expireAt": now},
				"longAgo":  {"mark": "marked", "expireAt": now.Add(-time.Hour)},
				"still":    {"mark": "marked", "expireAt": now.Add(time.Microsecond)},
				"for ever": {"mark": "marked"},
			} {
				ref := place.Doc(id)
				if _, err := ref.Set(t.Context(), fields); err != nil {
					t.Fatal(err)
				}
				expires, _ := fields["expireAt"].(time.Time)
				if !slices.Contains(retention.Expiring, collection) || expires.IsZero() || expires.After(now) {
					want = append(want, ref.Path)
				}
			}
		}
	}
	if err := f.sweep.Handle(t.Context(), event.Message{}); err != nil {
		t.Fatal(err)
	}
	left := emulatortest.Mentions(t, f.fs, "marked")
	if len(left) != len(want) {
		t.Errorf("%d documents are left, want %d: %q", len(left), len(want), left)
	}
	for _, path := range left {
		full := f.fs.Doc(path).Path
		if !slices.Contains(want, full) {
			t.Errorf("%s is left", path)
		}
	}
}

func TestSweep_deletesSoManyAtATime(t *testing.T) {
	t.Parallel()
	const atATime, more = 1000, 7
	f := newFixture(t, quiet)
	writer := f.fs.BulkWriter(t.Context())
	for i := range atATime + more {
		expired := map[string]any{"expireAt": now.Add(-time.Duration(i) * time.Second)}
		if _, err := writer.Set(f.fs.Collection("parked").NewDoc(), expired); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
	other := f.fs.Collection("users").Doc("u").Collection("inbox").Doc("i")
	if _, err := other.Set(t.Context(), map[string]any{"expireAt": now}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{more, 0} {
		if err := f.sweep.Handle(t.Context(), event.Message{}); err != nil {
			t.Fatal(err)
		}
		left, err := f.fs.Collection("parked").Documents(t.Context()).GetAll()
		if err != nil || len(left) != want {
			t.Errorf("%d are left, %v, want %d", len(left), err, want)
		}
		if snap, _ := other.Get(t.Context()); snap.Exists() {
			t.Error("one collection kept the sweep from another")
		}
	}
}
