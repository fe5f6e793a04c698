package scan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestSamplePhotoIsMeasured(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	photo := emulatortest.SamplePhoto(t)
	generation := e.upload(t, s, photo)
	e.clock.advance(3 * time.Second)
	if err := e.analyzer(face.Scan).Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}

	measured, pictures, err := face.Scan(bytes.NewReader(photo), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(measured)
	if err != nil {
		t.Fatal(err)
	}
	kept := contentOf(t, e.results.Object("results/anna/"+string(s.ID)+"/report.json"))
	if diff := cmp.Diff(string(body), kept); diff != "" {
		t.Errorf("report.json (-want +got):\n%s", diff)
	}
	if len(measured.Landmarks) == 0 {
		t.Error("the report has no landmarks")
	}
	attrs, err := e.results.Object(reportName(s.UID, s.ID)).Attrs(t.Context())
	if err != nil || attrs.ContentType != "application/json" {
		t.Errorf("report.json is of type %q (%v)", attrs.ContentType, err)
	}

	for _, p := range pictures {
		object := e.results.Object("results/anna/" + string(s.ID) + "/" + p.Name + ".jpg")
		if contentOf(t, object) != string(p.JPEG) {
			t.Errorf("%s.jpg is not the engine's", p.Name)
		}
		if attrs, err := object.Attrs(t.Context()); err != nil || attrs.ContentType != "image/jpeg" || len(attrs.Metadata) > 0 {
			t.Errorf("%s.jpg is of type %q with metadata %v (%v)", p.Name, attrs.ContentType, attrs.Metadata, err)
		}
	}
	if !e.resultsOf(t, s) {
		t.Error("the results are not all there")
	}

	var result map[string]any
	if err := json.Unmarshal(body, &result); err != nil {
		t.Fatal(err)
	}
	delete(result, "landmarks")
	delete(result, "face")
	now, look := e.clock.Now(), e.clock.Now().Add(24*time.Hour)
	want := s
	want.State, want.Version, want.Generation, want.Claims = Completed, 4, generation, 1
	want.Content = hashOf([]byte(hashKey), anna, photo)
	want.Result, want.UpdatedAt, want.FinishedAt, want.SweepAt = result, now, now, &look
	if diff := cmp.Diff(want, e.load(t, s.ID)); diff != "" {
		t.Errorf("scan (-want +got):\n%s", diff)
	}
	if g := e.photoOf(t, s); g != generation {
		t.Errorf("the photo is of generation %d now, want %d", g, generation)
	}

	wantEvent := []event.ScanCompletedV1{{
		UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, Engine: report.Version, EngineMajor: report.MajorVersion(),
		Score: measured.Score.Value, Interval: event.Around(measured.Score.Lo, measured.Score.Hi), Rankable: measured.Rankable, CompletedAt: now,
	}}
	if diff := cmp.Diff(wantEvent, published[event.ScanCompletedV1](t, e.bus)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	sent := e.bus.on("scan-completed-v1")[0]
	wantAttributes := map[string]string{
		"type": "scan.completed.v1", "id": event.ID("scan.completed.v1", string(s.ID)), "traceparent": traceparent,
	}
	if diff := cmp.Diff(wantAttributes, sent.attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	wantNoMore(t, e, 1)
}

// wantNoMore checks that so many events were published in all, and that none waits.
func wantNoMore(t *testing.T, e *env, events int) {
	t.Helper()
	e.bus.mu.Lock()
	got := len(e.bus.sent)
	e.bus.mu.Unlock()
	if got != events {
		t.Errorf("%d messages were published, want %d", got, events)
	}
	if owed := e.owed(t); len(owed) > 0 {
		t.Errorf("events %v wait in the outbox", owed)
	}
}

// withSides patches width and height in a JPEG's header.
func withSides(t *testing.T, photo []byte, side uint16) []byte {
	t.Helper()
	at := bytes.Index(photo, []byte{0xff, 0xc0, 0, 17, 8}) // the frame header of the sample: baseline, three components
	if at < 0 {
		t.Fatal("the sample has no such frame header")
	}
	photo = slices.Clone(photo)
	binary.BigEndian.PutUint16(photo[at+5:], side)
	binary.BigEndian.PutUint16(photo[at+7:], side)
	return photo
}

func TestPhotoThatCannotBeMeasuredFailsTheScan(t *testing.T) {
	t.Parallel()
	photo := emulatortest.SamplePhoto(t)
	tests := map[string]struct {
		photo []byte
		code  report.Code
	}{
		"no image at all":           {[]byte("<html>not a photo</html>"), report.UnsupportedFormat},
		"HEIC":                      {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), report.UnsupportedFormat},
		"a truncated JPEG":          {photo[:len(photo)/2], report.Corrupt},
		"a header of 60,000 pixels": {withSides(t, photo, 60_000), report.TooLarge},
		"nobody in it":              {picture(t, 0), report.NoFace},
		"two faces":                 {picture(t, 2), report.SeveralFaces},
		"over the largest size":     {append(slices.Clone(photo), make([]byte, MaxBytes)...), report.TooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t, func(s *Scan) { s.ContentType = http.DetectContentType(tt.photo) })
			generation := e.upload(t, s, tt.photo)
			for range 2 { // delivered twice
				if err := e.analyzer(face.Scan).Handle(t.Context(), finalized(t, s, generation)); err != nil {
					t.Fatal(err)
				}
			}
			got := e.load(t, s.ID)
			if got.State != Failed || got.Failure == nil || got.Failure.Code != string(tt.code) || got.Failure.Detail == "" {
				t.Fatalf("scan is %s with %+v, want %s", got.State, got.Failure, tt.code)
			}
			if got.Result != nil || e.resultsOf(t, s) {
				t.Errorf("a failed scan has the result %v, report: %v", got.Result, e.resultsOf(t, s))
			}
			want := []event.ScanFailedV1{{UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, Code: string(tt.code)}}
			if diff := cmp.Diff(want, published[event.ScanFailedV1](t, e.bus)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			wantNoMore(t, e, 1)
		})
	}
}

func TestRefusalTellsWhatToDo(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	e.finish(t, s, engine(&report.Refusal{Code: report.TooDark, Detail: "It is too dark.", Fixes: []string{"Face a window."}}))
	want := &Failure{Code: "too_dark", Detail: "It is too dark.", Fixes: []string{"Face a window."}}
	if diff := cmp.Diff(want, e.load(t, s.ID).Failure); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
}

func TestEngineGetsThePhotoAndItsLimit(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	var got string
	var limit int64
	e.finish(t, s, spy(&got, &limit))
	if got != "photo" || limit != MaxBytes {
		t.Errorf("the engine read %q with a limit of %d bytes", got, limit)
	}
}

func TestFinalizeThatIsNoScansPhoto(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *env) string{
		"an unknown scan": func(*testing.T, *env) string { return PhotoName(anna, randomID()) },
		"a scan of another user's": func(t *testing.T, e *env) string {
			t.Helper()
			return PhotoName("bob", e.newScan(t).ID)
		},
		"a name outside uploads/":             func(*testing.T, *env) string { return "elsewhere/anna/" + string(randomID()) },
		"a name without a scan":               func(*testing.T, *env) string { return "uploads/anna" },
		"a name with a malformed scan id":     func(*testing.T, *env) string { return "uploads/anna/photo.jpg" },
		"a name with more after the scan's":   func(*testing.T, *env) string { return PhotoName(anna, randomID()) + "/x" },
		"a scan id that would be a path's up": func(*testing.T, *env) string { return "uploads/anna/.." },
	}
	for name, object := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			name := object(t, e)
			generation := writeObject(t, e.uploads.Object(name), []byte("photo"))
			unused := func() { t.Error("it was analysed") }
			for range 2 { // the second time it is gone already
				if err := e.analyzer(during(unused)).Handle(t.Context(), finalizedObject(t, name, generation)); err != nil {
					t.Fatal(err)
				}
			}
			if g := generationOf(t, e.uploads.Object(name)); g != 0 {
				t.Errorf("generation %d is still there", g)
			}
			wantNoMore(t, e, 0)
		})
	}
}

func TestFinalizeThatCannotBeReadIsPermanent(t *testing.T) {
	t.Parallel()
	a := &Analyzer{}
	for name, m := range map[string]event.Message{
		"no attributes": {Data: []byte(`{"bucket":"b","name":"n","generation":"1","size":"1"}`)},
		"a deletion": {
			Attributes: map[string]string{"eventType": "OBJECT_DELETE"}, Data: []byte(`{"bucket":"b","name":"n"}`),
		},
		"no JSON": {Attributes: map[string]string{"eventType": "OBJECT_FINALIZE"}, Data: []byte(`x`)},
	} {
		if err := a.Handle(t.Context(), m); !errors.Is(err, event.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func TestStaleGeneration(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	const claimed = 7
	for _, state := range []State{Queued, Processing, Completed, Failed} {
		t.Run("of a scan that is "+string(state)+" is deleted, and the scan let be", func(t *testing.T) {
			t.Parallel()
			s := e.newScan(t, func(s *Scan) { s.State, s.Generation = state, claimed })
			want := e.load(t, s.ID)
			generation := e.upload(t, s, []byte("other"))
			unused := func() { t.Error("it was analysed") }
			if err := e.analyzer(during(unused)).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			if g := e.photoOf(t, s); g != 0 {
				t.Errorf("generation %d is still there", g)
			}
			if diff := cmp.Diff(want, e.load(t, s.ID)); diff != "" {
				t.Errorf("the scan changed:\n%s", diff)
			}
		})
	}
	t.Run("that was replaced leaves the newer one alone", func(t *testing.T) {
		t.Parallel()
		s := e.newScan(t)
		old := e.upload(t, s, []byte("old"))
		current := e.upload(t, s, []byte("new"))
		a := e.analyzer(measure)
		if err := a.Handle(t.Context(), finalized(t, s, current)); err != nil {
			t.Fatal(err)
		}
		if err := a.Handle(t.Context(), finalized(t, s, old)); err != nil {
			t.Fatal(err)
		}
		if g := e.photoOf(t, s); g != current {
			t.Errorf("the photo is generation %d, want %d", g, current)
		}
	})
}

func TestSameFinalizeTwice(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.finish(t, s, measure)
	done := e.load(t, s.ID)
	unused := func() { t.Error("it was analysed again") }
	if err := e.analyzer(during(unused)).Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done, e.load(t, s.ID)); diff != "" {
		t.Errorf("the scan changed:\n%s", diff)
	}
	if e.photoOf(t, s) != generation || !e.resultsOf(t, s) {
		t.Error("photo or report are gone")
	}
	wantNoMore(t, e, 1)
}

func TestSameFinalizeAtOnce(t *testing.T) {
	t.Parallel()
	const deliveries = 8
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	// The one that got the scan measures until all others have had their answer.
	othersDone := make(chan struct{})
	var mu sync.Mutex
	measuredTimes := 0
	a := e.analyzer(during(func() {
		mu.Lock()
		measuredTimes++
		mu.Unlock()
		receive(t, othersDone, "the others' answers")
	}))
	m := finalized(t, s, generation)
	answers := make(chan error, deliveries)
	for range deliveries {
		go func() { answers <- a.Handle(t.Context(), m) }()
	}
	for range deliveries - 1 {
		if err := receive(t, answers, "an answer"); err == nil || !fault.Retryable(err) {
			t.Errorf("a delivery beside the holder's: %v, want a retryable error", err)
		}
	}
	close(othersDone)
	if err := receive(t, answers, "the holder's answer"); err != nil {
		t.Errorf("the holder: %v", err)
	}
	if measuredTimes != 1 {
		t.Errorf("it was measured %d times", measuredTimes)
	}
	if err := a.Handle(t.Context(), m); err != nil {
		t.Errorf("a redelivery afterwards: %v", err)
	}
	if got := e.load(t, s.ID); got.State != Completed || got.Version != 4 || got.Claims != 1 {
		t.Errorf("scan is %s, version %d, %d claims", got.State, got.Version, got.Claims)
	}
	if g := e.photoOf(t, s); g != generation {
		t.Errorf("the photo is of generation %d, want %d", g, generation)
	}
	wantNoMore(t, e, 1)
}

func TestReportKeepsTheGeometryToItself(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(measured)
	if err != nil {
		t.Fatal(err)
	}
	result, err := withoutGeometry(body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range result {
		if name == "face" || name == "landmarks" {
			t.Errorf("%q is left", name)
		}
	}
	for _, name := range strings.Fields("version image pose quality fixes score metrics notMeasured rankable notRankableBecause") {
		if _, ok := result[name]; !ok {
			t.Errorf("%q is missing", name)
		}
	}
}
