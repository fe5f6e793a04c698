package scan

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// told is the notification that Cloud Storage sends for the scan's photo, with all that the object
// has.
func (e *env) told(t *testing.T, s Scan) event.Message {
	t.Helper()
	attrs, err := e.uploads.Object(PhotoName(s.UID, s.ID)).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
		Bucket: attrs.Bucket, Name: attrs.Name, Generation: attrs.Generation, Size: attrs.Size,
		ContentType: attrs.ContentType, ContentEncoding: attrs.ContentEncoding, Created: attrs.Created, Metadata: attrs.Metadata,
	})
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: string(randomID()), Data: data, Attributes: attributes}
}

// countReads has the environment's uploads read through a client that counts what it gets of
// objects.
func (e *env) countReads(t *testing.T) *atomic.Int64 {
	t.Helper()
	var reads atomic.Int64
	gcs := e.client(t, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/storage/v1/") {
			reads.Add(1)
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	e.uploads = gcs.Bucket(uploadsBucket)
	return &reads
}

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
	withoutEncoding := func(t *testing.T, e *env, s Scan) event.Message {
		t.Helper()
		return finalized(t, s, e.photoOf(t, s))
	}
	tests := map[string]struct {
		body, encoding string
		told           func(*testing.T, *env, Scan) event.Message
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
			e := newEnv(t)
			opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
			s := e.load(t, opened.Scan.ID)
			put := putPhoto(t, opened.Upload, tt.body, func(r *http.Request) { r.Header.Set("Content-Encoding", tt.encoding) })
			if put.status != http.StatusOK {
				t.Fatalf("PUT: %v", put)
			}
			tell := tt.told
			if tell == nil {
				tell = func(t *testing.T, e *env, s Scan) event.Message { t.Helper(); return e.told(t, s) }
			}
			m := tell(t, e, s)
			reads := e.countReads(t)
			a := e.analyzer(face.Scan)
			for range 2 { // delivered twice
				if err := a.Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			wantFailed(t, e, s, ReasonEncoded)
			if got := reads.Load(); got != tt.reads {
				t.Errorf("the photo was got %d times, want %d", got, tt.reads)
			}
			if g := e.photoOf(t, s); g != 0 {
				t.Errorf("the photo is still there, generation %d", g)
			}

			other := e.newScan(t)
			if err := a.Handle(t.Context(), finalized(t, other, e.upload(t, other, photo))); err != nil {
				t.Fatal(err)
			}
			if got := e.load(t, other.ID); got.State != Completed {
				t.Errorf("the scan after it is %s", got.State)
			}
		})
	}
}

func TestPhotoWithTheEncodingThatIsNone(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
	s := e.load(t, opened.Scan.ID)
	put := putPhoto(t, opened.Upload, "photo", func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") })
	if put.status != http.StatusOK {
		t.Fatalf("PUT: %v", put)
	}
	if err := e.analyzer(measure).Handle(t.Context(), e.told(t, s)); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, s.ID); got.State != Completed {
		t.Errorf("scan is %s with %+v", got.State, got.Failure)
	}
}

// heads are the beginnings of photos by media type.
var heads = map[string]string{
	"image/jpeg": aJPEG, "image/png": "\x89PNG\r\n\x1a\n and so on", "image/webp": "RIFF\x10\x00\x00\x00WEBPVP8 and so on",
}

func TestPhotoOfAnotherTypeThanTheTickets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, announced := range ContentTypes {
		for _, found := range ContentTypes {
			t.Run(found+" on a ticket for "+announced, func(t *testing.T) {
				t.Parallel()
				s := e.newScan(t, func(s *Scan) { s.ContentType = announced })
				generation := e.upload(t, s, []byte(heads[found]))
				if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, generation)); err != nil {
					t.Fatal(err)
				}
				if got := e.load(t, s.ID); announced == found {
					if got.State != Completed {
						t.Errorf("scan is %s with %+v", got.State, got.Failure)
					}
					return
				}
				wantFailed(t, e, s, ReasonType)
				detail := e.load(t, s.ID).Failure.Detail
				if !strings.Contains(detail, "announced as "+TypeName(announced)) || !strings.Contains(detail, "is "+TypeName(found)) {
					t.Errorf("the user is told %q", detail)
				}
			})
		}
	}
}

// Scans that were completed before there was the gate are measured again through it.
func TestKeptPhotoOfAnotherTypeIsNotMeasuredAgain(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"verify", "rescore"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte(heads["image/jpeg"]))
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			done := e.load(t, s.ID)
			done.ContentType = "image/webp"
			e.put(t, done)
			if err := e.analyzer(changed).Handle(t.Context(), e.askAgain(t, s, action)); err != nil {
				t.Fatal(err)
			}
			if got := e.load(t, s.ID); got.Verification.Outcome != verifyRefused || got.Previous != nil {
				t.Errorf("verification %+v, previous %+v", got.Verification, got.Previous)
			}
		})
	}
}

func TestNotTaken(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"image/heic":   "Photos are taken as JPEG, PNG or WebP, not as HEIC. Convert it on the device.",
		"image/gif":    "Photos are taken as JPEG, PNG or WebP, not as GIF.",
		"image/x-odd%": "Photos are taken as JPEG, PNG or WebP.",
	} {
		if got := notTaken(kind); got != want {
			t.Errorf("notTaken(%q) = %q", kind, got)
		}
	}
}
