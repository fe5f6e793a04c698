package analyze_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

// Content-Encoding cannot be signed away, so that a PUT may have one.
func TestPhotoThatWasPutWithAnEncoding(t *testing.T) {
	t.Parallel()
	photo := emulatortest.SamplePhoto(t)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write(photo)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	withoutEncoding := func(t *testing.T, e *scantest.Env, s scan.Scan) event.Message {
		t.Helper()
		return scantest.Finalized(t, s, e.PhotoOf(t, s))
	}
	tests := map[string]struct {
		body, encoding string
		told           func(*testing.T, *scantest.Env, scan.Scan) event.Message
		reads          int64
	}{
		"gzip over plain bytes":                     {string(photo), "gzip", nil, 0},
		"gzip over plain bytes, not told":           {string(photo), "gzip", withoutEncoding, 1},
		"gzip over gzip":                            {zipped.String(), "gzip", nil, 0},
		"gzip over gzip, not told":                  {zipped.String(), "gzip", withoutEncoding, 1},
		"another encoding":                          {string(photo), "br", nil, 0},
		"several encodings in upper case, not told": {string(photo), "GZIP, br", withoutEncoding, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			opened := scantest.WantTicket(
				t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
			)
			s := e.Load(t, opened.Scan.ID)
			put := scantest.PutPhoto(
				t, opened.Upload, tt.body, func(r *http.Request) { r.Header.Set("Content-Encoding", tt.encoding) },
			)
			if put.Status != http.StatusOK {
				t.Fatalf("PUT: %v", put)
			}
			tell := tt.told
			if tell == nil {
				tell = func(t *testing.T, e *scantest.Env, s scan.Scan) event.Message { t.Helper(); return e.Told(t, s) }
			}
			m := tell(t, e, s)
			reads := e.CountReads(t)
			a := e.Analyzer(face.Scan)
			for range 2 { // delivered twice
				if err := a.Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			scantest.WantFailed(t, e, s, scan.ReasonEncoded)
			if got := reads.Load(); got != tt.reads {
				t.Errorf("the photo was got %d times, want %d", got, tt.reads)
			}
			if g := e.PhotoOf(t, s); g != 0 {
				t.Errorf("the photo is still there, generation %d", g)
			}

			other := e.NewScan(t)
			if err := a.Handle(t.Context(), scantest.Finalized(t, other, e.Upload(t, other, photo))); err != nil {
				t.Fatal(err)
			}
			if got := e.Load(t, other.ID); got.State != scan.Completed {
				t.Errorf("the scan after it is %s", got.State)
			}
		})
	}
}

func TestPhotoWithTheEncodingThatIsNone(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
	)
	s := e.Load(t, opened.Scan.ID)
	put := scantest.PutPhoto(
		t, opened.Upload, "photo", func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") },
	)
	if put.Status != http.StatusOK {
		t.Fatalf("PUT: %v", put)
	}
	if err := e.Analyzer(scantest.Measure).Handle(t.Context(), e.Told(t, s)); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, s.ID); got.State != scan.Completed {
		t.Errorf("scan is %s with %+v", got.State, got.Failure)
	}
}

func TestPhotoOfAnotherTypeThanTheTickets(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	for _, announced := range scan.ContentTypes {
		for _, found := range scan.ContentTypes {
			t.Run(found+" on a ticket for "+announced, func(t *testing.T) {
				t.Parallel()
				s := e.NewScan(t, func(s *scan.Scan) { s.ContentType = announced })
				generation := e.Upload(t, s, []byte(scantest.Heads[found]))
				if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
					t.Fatal(err)
				}
				if got := e.Load(t, s.ID); announced == found {
					if got.State != scan.Completed {
						t.Errorf("scan is %s with %+v", got.State, got.Failure)
					}
					return
				}
				scantest.WantFailed(t, e, s, scan.ReasonType)
				detail := e.Load(t, s.ID).Failure.Detail
				if !strings.Contains(
					detail, "announced as "+scan.TypeName(announced),
				) || !strings.Contains(detail, "is "+scan.TypeName(found)) {
					t.Errorf("the user is told %q", detail)
				}
			})
		}
	}
}

// Scans that were completed before there was the gate are measured again through it.
func TestKeptPhotoOfAnotherType_isNotMeasuredAgain(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"verify", "rescore"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte(scantest.Heads["image/jpeg"]))
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			done := e.Load(t, s.ID)
			done.ContentType = "image/webp"
			e.Put(t, done)
			if err := e.Analyzer(changed).Handle(t.Context(), e.AskAgain(t, s, action)); err != nil {
				t.Fatal(err)
			}
			if got := e.Load(t, s.ID); got.Verification.Outcome != scan.VerifyRefused || got.Previous != nil {
				t.Errorf("verification %+v, previous %+v", got.Verification, got.Previous)
			}
		})
	}
}
