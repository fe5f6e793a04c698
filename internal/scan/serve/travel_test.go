package serve_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
)

// The whole way of one photo, over the wires that are there in production: ticket, signed PUT, the
// storage's own notification by Pub/Sub, analysis, long poll.
func TestPhotoTravels(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	pull := e.Subscribe(t)
	reader := e.ScanHandler(e.Firestore)

	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
	)
	answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(opened.Scan.ID)+"?wait=25&since=2")
	id := string(opened.Scan.ID)
	testkit.Eventually(t, "another process waits", func() bool { return reader.Watcher.Waiting(id) == 1 })
	if got := scantest.PutPhoto(t, opened.Upload, string(emulatortest.SamplePhoto(t)), nil); got.Status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	if err := e.Analyzer(face.Scan).Handle(t.Context(), pull(t)); err != nil {
		t.Fatal(err)
	}
	w := scantest.Receive(t, answer, "the answer")
	scantest.WantView(t, w, scan.Completed, 3)
	got := scantest.Decoded[struct {
		Result struct {
			Engine    string
			Score     report.Score
			Landmarks any
		}
	}](t, w).Result
	if got.Engine != report.Version || got.Score.Value <= 0 || got.Landmarks != nil {
		t.Errorf("result %+v", got)
	}
	completed := scantest.Published[event.ScanCompletedV1](t, e.Bus)
	if len(completed) != 1 {
		t.Fatalf("%d events, want 1", len(completed))
	}
	if diff := cmp.Diff(got.Score.Value, completed[0].Score); diff != "" {
		t.Errorf("the event's score (-answer +event):\n%s", diff)
	}
}
