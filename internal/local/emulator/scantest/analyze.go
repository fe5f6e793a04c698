package scantest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// WantNoMore checks that so many events were published in all, and that none waits.
func WantNoMore(t *testing.T, e *Env, events int) {
	t.Helper()
	e.Bus.mu.Lock()
	got := len(e.Bus.sent)
	e.Bus.mu.Unlock()
	if got != events {
		t.Errorf("%d messages were published, want %d", got, events)
	}
	if owed := e.Owed(t); len(owed) > 0 {
		t.Errorf("events %v wait in the outbox", owed)
	}
}

// WantFailed checks that the scan has failed with the code and that this was told.
func WantFailed(t *testing.T, e *Env, s scan.Scan, code string) {
	t.Helper()
	got := e.Load(t, s.ID)
	if got.State != scan.Failed || got.Failure == nil || got.Failure.Code != code || got.Failure.Detail == "" {
		t.Errorf("scan is %s with %+v, want failed with %s", got.State, got.Failure, code)
	}
	want := []event.ScanFailedV1{{UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, Code: code}}
	if diff := cmp.Diff(want, failures(t, e, s.ID)); diff != "" {
		t.Errorf("scan.failed (-want +got):\n%s", diff)
	}
}

func failures(t *testing.T, e *Env, id scan.ID) []event.ScanFailedV1 {
	t.Helper()
	var of []event.ScanFailedV1
	for _, p := range Published[event.ScanFailedV1](t, e.Bus) {
		if p.ScanID == string(id) {
			of = append(of, p)
		}
	}
	return of
}

// Analyzed takes a photo of anna's through to its scan's end.
func (e *Env) Analyzed(t *testing.T, photo string, engine Engine, change ...func(*scan.Scan)) scan.Scan {
	t.Helper()
	s := e.NewScan(t, change...)
	generation := e.Upload(t, s, []byte(photo))
	e.Clock.Advance(time.Second)
	if err := e.Analyzer(engine).Handle(t.Context(), Finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	return e.Load(t, s.ID)
}

// RankableIn returns the value of rankable in the scan's event.
func (e *Env) RankableIn(t *testing.T, s scan.Scan) bool {
	t.Helper()
	for _, told := range Published[event.ScanCompletedV1](t, e.Bus) {
		if told.ScanID == string(s.ID) {
			return told.Rankable
		}
	}
	t.Errorf("scan %s is told by no event", s.ID)
	return false
}

// WantOriginal checks that the scan is no duplicate and counts.
func WantOriginal(t *testing.T, e *Env, s scan.Scan) {
	t.Helper()
	if s.State != scan.Completed || s.DuplicateOf != "" || s.Result["rankable"] != true || !e.RankableIn(t, s) {
		t.Errorf("%s %s: duplicate of %q, rankable %v, want an original", s.State, s.ID, s.DuplicateOf, s.Result["rankable"])
	}
}

// Announcing returns a request for a ticket that announces the photo.
func Announcing(photo string) string {
	return fmt.Sprintf(`{"contentType":"image/jpeg","sha256":%q}`, HexSum(photo))
}

// HexSum returns the photo's SHA-256 in hex.
func HexSum(photo string) string {
	sum := sha256.Sum256([]byte(photo))
	return hex.EncodeToString(sum[:])
}

// Currently is measure by the engine's version.
var Currently = Answering(func() (report.Report, []report.Picture, error) {
	r := Measured
	r.Version = report.Version
	return r, Drawn(), nil
})

// Remove deletes the scan's document, as an erasure does.
func (e *Env) Remove(t *testing.T, s scan.Scan) {
	t.Helper()
	if _, err := scan.Ref(e.Firestore, s.ID).Delete(t.Context()); err != nil {
		t.Error(err)
	}
}

// Told returns the notification that Cloud Storage sends for the scan's photo, with all that the
// object has.
func (e *Env) Told(t *testing.T, s scan.Scan) event.Message {
	t.Helper()
	attrs, err := e.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, attributes, err := scan.FinalizedMessage(attrs)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: string(RandomID()), Data: data, Attributes: attributes}
}

// CountReads has the environment's uploads read through a client that counts what it gets of
// objects.
func (e *Env) CountReads(t *testing.T) *atomic.Int64 {
	t.Helper()
	var reads atomic.Int64
	gcs := e.Client(t, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/storage/v1/") {
			reads.Add(1)
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	e.Uploads = gcs.Bucket(UploadsBucket)
	return &reads
}

// Heads are the beginnings of photos by media type.
var Heads = map[string]string{
	"image/jpeg": JPEG, "image/png": "\x89PNG\r\n\x1a\n and so on", "image/webp": "RIFF\x10\x00\x00\x00WEBPVP8 and so on",
}

// Remembered returns the ids of the scans in the memory of anna's guard.
func (e *Env) Remembered(t *testing.T) []string {
	t.Helper()
	var ids []string
	s, err := cheat.Get(t.Context(), e.Firestore, Anna)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range s.Entries {
		ids = append(ids, entry.ScanID)
	}
	return ids
}
