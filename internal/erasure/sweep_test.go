package erasure_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSweeper_goesOnBehindWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	const page = 100
	w := newWorld(t)
	w.MoveIn("anna", byBoth, "token")
	w.request(t, "anna")
	sagas := w.Firestore.Collection("erasures")
	saga, err := sagas.Doc("anna").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unreadable, writer := saga.Data(), w.Firestore.BulkWriter(t.Context())
	unreadable["looks"] = "text"
	for i := range page + 1 {
		unreadable["sweepAt"] = w.Clock().Add(time.Duration(-i) * time.Second)
		if _, err := writer.Set(sagas.NewDoc(), unreadable); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
	w.Advance(time.Hour)
	var driven []int
	for range 3 {
		n, err := w.sweeper.Sweep(t.Context())
		if failed := len(driven) < 2; (err != nil) != failed {
			t.Errorf("sweep %d: error %v, want one: %v", len(driven)+1, err, failed)
		}
		driven = append(driven, n)
	}
	if diff := cmp.Diff([]int{0, 1, 0}, driven); diff != "" {
		t.Errorf("sagas driven on by each sweep (-want +got):\n%s", diff)
	}
}
