package erasure_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/schema"
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

// It changes what the log goes to, and so is not parallel.
func TestSweeper_logsWhatIsLate(t *testing.T) {
	w := newWorld(t)
	w.MoveIn("anna", byBoth, "token")
	w.request(t, "anna")
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, look := range []struct {
		after time.Duration
		want  int
	}{{schema.LatePhotos + 59*time.Minute, 0}, {time.Hour, 1}, {time.Hour, 2}} {
		w.Advance(look.after)
		if _, err := w.sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(logged.String(), "erasure is late"); got != look.want {
			t.Errorf("%d lines after another %v, want %d: %s", got, look.after, look.want, &logged)
		}
	}
	if strings.Contains(logged.String(), "anna") {
		t.Errorf("the log names the user: %s", &logged)
	}
}
