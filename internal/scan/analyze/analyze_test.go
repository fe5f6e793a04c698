package analyze_test

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
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/testkit"
)

func TestSamplePhoto_isMeasured(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	photo := emulatortest.SamplePhoto(t)
	generation := e.Upload(t, s, photo)
	uploaded := e.Clock.Now()
	e.Clock.Advance(3 * time.Second)
	told, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
		Bucket: scantest.UploadsBucket, Name: scan.PhotoName(s.UID, s.ID), Generation: generation, Size: 1, Created: uploaded,
		Metadata: map[string]string{"traceparent": scantest.Traceparent},
	})
	if err != nil {
		t.Fatal(err)
	}
	message := event.Message{ID: "1", Data: told, Attributes: attributes}
	if err := e.Analyzer(face.Scan).Handle(t.Context(), message); err != nil {
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
	kept := scantest.ContentOf(t, e.Results.Object("results/anna/"+string(s.ID)+"/report.json"))
	if diff := cmp.Diff(string(body), kept); diff != "" {
		t.Errorf("report.json (-want +got):\n%s", diff)
	}
	if len(measured.Landmarks) == 0 {
		t.Error("the report has no landmarks")
	}
	attrs, err := e.Results.Object(scan.ReportName(s.UID, s.ID)).Attrs(t.Context())
	if err != nil || attrs.ContentType != "application/json" {
		t.Errorf("report.json is of type %q (%v)", attrs.ContentType, err)
	}

	for _, p := range pictures {
		object := e.Results.Object("results/anna/" + string(s.ID) + "/" + p.Name + ".jpg")
		if scantest.ContentOf(t, object) != string(p.JPEG) {
			t.Errorf("%s.jpg is not the engine's", p.Name)
		}
		if attrs, err := object.Attrs(t.Context()); err != nil || attrs.ContentType != "image/jpeg" ||
			len(attrs.Metadata) > 0 {
			t.Errorf("%s.jpg is of type %q with metadata %v (%v)", p.Name, attrs.ContentType, attrs.Metadata, err)
		}
	}
	if !e.ResultsOf(t, s) {
		t.Error("the results are not all there")
	}

	var result map[string]any
	if err := json.Unmarshal(body, &result); err != nil {
		t.Fatal(err)
	}
	delete(result, "landmarks")
	delete(result, "face")
	now, look := e.Clock.Now(), e.Clock.Now().Add(24*time.Hour)
	want := s
	want.State, want.Version, want.Generation, want.Claims = scan.Completed, 3, generation, 1
	want.Content = analyze.HashesOf(testkit.Ring(keys.ForPhotos), scantest.Anna, photo)[0]
	want.Result, want.UpdatedAt, want.FinishedAt, want.SweepAt = result, now, now, &look
	want.UploadedAt = uploaded
	if diff := cmp.Diff(want, e.Load(t, s.ID)); diff != "" {
		t.Errorf("scan (-want +got):\n%s", diff)
	}
	if g := e.PhotoOf(t, s); g != generation {
		t.Errorf("the photo is of generation %d now, want %d", g, generation)
	}

	wantEvent := []event.ScanCompletedV1{{
		UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, Engine: report.Version, EngineMajor: report.MajorVersion(),
		Score: measured.Score.Value, Interval: event.Around(measured.Score.Lo, measured.Score.Hi),
		Rankable: measured.Rankable, CompletedAt: now, UploadedAt: uploaded,
	}}
	if diff := cmp.Diff(wantEvent, scantest.Published[event.ScanCompletedV1](t, e.Bus)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	sent := e.Bus.On("scan-completed-v1")[0]
	wantAttributes := map[string]string{
		"type": "scan.completed.v1", "id": event.ID("scan.completed.v1", string(s.ID)), "traceparent": scantest.Traceparent,
	}
	if diff := cmp.Diff(wantAttributes, sent.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	scantest.WantNoMore(t, e, 1)
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
		"nobody in it":              {scantest.Picture(t, 0), report.NoFace},
		"two faces":                 {scantest.Picture(t, 2), report.SeveralFaces},
		"over the largest size":     {append(slices.Clone(photo), make([]byte, scan.MaxBytes)...), report.TooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t, func(s *scan.Scan) { s.ContentType = http.DetectContentType(tt.photo) })
			generation := e.Upload(t, s, tt.photo)
			for range 2 { // delivered twice
				if err := e.Analyzer(face.Scan).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
					t.Fatal(err)
				}
			}
			got := e.Load(t, s.ID)
			if got.State != scan.Failed || got.Failure == nil || got.Failure.Code != string(tt.code) ||
				got.Failure.Detail == "" {
				t.Fatalf("scan is %s with %+v, want %s", got.State, got.Failure, tt.code)
			}
			if got.Result != nil || e.ResultsOf(t, s) {
				t.Errorf("a failed scan has the result %v, report: %v", got.Result, e.ResultsOf(t, s))
			}
			want := []event.ScanFailedV1{{UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, Code: string(tt.code)}}
			if diff := cmp.Diff(want, scantest.Published[event.ScanFailedV1](t, e.Bus)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			scantest.WantNoMore(t, e, 1)
		})
	}
}

func TestRefusal_tellsWhatToDo(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	e.Finish(
		t, s,
		scantest.Failing(&report.Refusal{Code: report.TooDark, Detail: "It is too dark.", Fixes: []string{"Face a window."}}),
	)
	want := &scan.Failure{Code: "too_dark", Detail: "It is too dark.", Fixes: []string{"Face a window."}}
	if diff := cmp.Diff(want, e.Load(t, s.ID).Failure); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
}

func TestEngine_getsThePhotoAndItsLimit(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	var got string
	var limit int64
	e.Finish(t, s, scantest.Spy(&got, &limit))
	if got != "photo" || limit != scan.MaxBytes {
		t.Errorf("the engine read %q with a limit of %d bytes", got, limit)
	}
}

func TestFinalizeThatIsNoScansPhoto(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *scantest.Env) string{
		"an unknown scan": func(*testing.T, *scantest.Env) string {
			return scan.PhotoName(scantest.Anna, scantest.RandomID())
		},
		"a scan of another user's": func(t *testing.T, e *scantest.Env) string {
			t.Helper()
			return scan.PhotoName("bob", e.NewScan(t).ID)
		},
		"a name outside uploads/": func(*testing.T, *scantest.Env) string {
			return "elsewhere/anna/" + string(scantest.RandomID())
		},
		"a name without a scan":           func(*testing.T, *scantest.Env) string { return "uploads/anna" },
		"a name with a malformed scan id": func(*testing.T, *scantest.Env) string { return "uploads/anna/photo.jpg" },
		"a name with more after the scan's": func(*testing.T, *scantest.Env) string {
			return scan.PhotoName(scantest.Anna, scantest.RandomID()) + "/x"
		},
		"a scan id that would be a path's up": func(*testing.T, *scantest.Env) string { return "uploads/anna/.." },
	}
	for name, object := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			name := object(t, e)
			generation := scantest.WriteObject(t, e.Uploads.Object(name), []byte("photo"))
			unused := func() { t.Error("it was analysed") }
			for range 2 { // the second time it is gone already
				if err := e.Analyzer(scantest.During(unused)).Handle(
					t.Context(), scantest.FinalizedObject(t, name, generation),
				); err != nil {
					t.Fatal(err)
				}
			}
			if g := scantest.GenerationOf(t, e.Uploads.Object(name)); g != 0 {
				t.Errorf("generation %d is still there", g)
			}
			scantest.WantNoMore(t, e, 0)
		})
	}
}

func TestFinalizeThatCannotBeReadIsPermanent(t *testing.T) {
	t.Parallel()
	a := &analyze.Consumer{}
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
	e := scantest.New(t)
	const claimed = 7
	for _, state := range []scan.State{scan.Queued, scan.Processing, scan.Completed, scan.Failed} {
		t.Run("of a scan that is "+string(state)+" is deleted, and the scan let be", func(t *testing.T) {
			t.Parallel()
			s := e.NewScan(t, func(s *scan.Scan) { s.State, s.Generation = state, claimed })
			want := e.Load(t, s.ID)
			generation := e.Upload(t, s, []byte("other"))
			unused := func() { t.Error("it was analysed") }
			if err := e.Analyzer(scantest.During(unused)).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			if g := e.PhotoOf(t, s); g != 0 {
				t.Errorf("generation %d is still there", g)
			}
			if diff := cmp.Diff(want, e.Load(t, s.ID)); diff != "" {
				t.Errorf("the scan changed:\n%s", diff)
			}
		})
	}
	t.Run("that was replaced leaves the newer one alone", func(t *testing.T) {
		t.Parallel()
		s := e.NewScan(t)
		old := e.Upload(t, s, []byte("old"))
		current := e.Upload(t, s, []byte("new"))
		a := e.Analyzer(scantest.Measure)
		if err := a.Handle(t.Context(), scantest.Finalized(t, s, current)); err != nil {
			t.Fatal(err)
		}
		if err := a.Handle(t.Context(), scantest.Finalized(t, s, old)); err != nil {
			t.Fatal(err)
		}
		if g := e.PhotoOf(t, s); g != current {
			t.Errorf("the photo is generation %d, want %d", g, current)
		}
	})
}

func TestSameFinalizeTwice(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Finish(t, s, scantest.Measure)
	done := e.Load(t, s.ID)
	unused := func() { t.Error("it was analysed again") }
	if err := e.Analyzer(scantest.During(unused)).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done, e.Load(t, s.ID)); diff != "" {
		t.Errorf("the scan changed:\n%s", diff)
	}
	if e.PhotoOf(t, s) != generation || !e.ResultsOf(t, s) {
		t.Error("photo or report are gone")
	}
	scantest.WantNoMore(t, e, 1)
}

func TestSameFinalizeAtOnce(t *testing.T) {
	t.Parallel()
	const deliveries = 8
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	// The one that got the scan measures until all others have had their answer.
	othersDone := make(chan struct{})
	var mu sync.Mutex
	measuredTimes := 0
	a := e.Analyzer(scantest.During(func() {
		mu.Lock()
		measuredTimes++
		mu.Unlock()
		scantest.Receive(t, othersDone, "the others' answers")
	}))
	m := scantest.Finalized(t, s, generation)
	answers := make(chan error, deliveries)
	for range deliveries {
		go func() { answers <- a.Handle(t.Context(), m) }()
	}
	for range deliveries - 1 {
		if err := scantest.Receive(t, answers, "an answer"); err == nil || !fault.Retryable(err) {
			t.Errorf("a delivery beside the holder's: %v, want a retryable error", err)
		}
	}
	close(othersDone)
	if err := scantest.Receive(t, answers, "the holder's answer"); err != nil {
		t.Errorf("the holder: %v", err)
	}
	if measuredTimes != 1 {
		t.Errorf("it was measured %d times", measuredTimes)
	}
	if err := a.Handle(t.Context(), m); err != nil {
		t.Errorf("a redelivery afterwards: %v", err)
	}
	if got := e.Load(t, s.ID); got.State != scan.Completed || got.Version != 3 || got.Claims != 1 {
		t.Errorf("scan is %s, version %d, %d claims", got.State, got.Version, got.Claims)
	}
	if g := e.PhotoOf(t, s); g != generation {
		t.Errorf("the photo is of generation %d, want %d", g, generation)
	}
	scantest.WantNoMore(t, e, 1)
}

func TestReport_keepsTheGeometryToItself(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(scantest.Measured)
	if err != nil {
		t.Fatal(err)
	}
	result, err := analyze.WithoutGeometry(body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range result {
		if name == "face" || name == "landmarks" {
			t.Errorf("%q is left", name)
		}
	}
	for _, name := range strings.Fields(
		"version image pose quality fixes score metrics notMeasured rankable notRankableBecause",
	) {
		if _, ok := result[name]; !ok {
			t.Errorf("%q is missing", name)
		}
	}
}
