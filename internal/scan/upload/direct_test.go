package upload_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testkit"
)

func TestDirectUpload(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	for kind, photo := range scantest.Heads {
		t.Run("takes "+kind, func(t *testing.T) {
			t.Parallel()
			ctx := telemetry.FromTraceparent(t.Context(), scantest.Traceparent)
			body, contentType := scantest.FormOf(t, scantest.Part{Name: "photo", ContentType: kind, Value: photo})
			w := scantest.DirectBody(ctx, e.UploadAPI(), scantest.Anna, "", contentType, strings.NewReader(body))
			got := scantest.WantTicket(t, w, http.StatusAccepted)
			if got.Scan.State != scan.Queued || got.Upload != nil ||
				w.Header().Get("Location") != "/v1/scans/"+string(got.Scan.ID) {
				t.Errorf("got %+v at %q", got, w.Header().Get("Location"))
			}
			s := e.Load(t, got.Scan.ID)
			look := e.Clock.Now().Add(scan.FirstLook)
			want := scan.New(s.ID, scantest.Anna, 1, kind, e.Clock.Now())
			want.State, want.Version, want.Generation, want.SweepAt = scan.Queued, 2, e.PhotoOf(t, s), &look
			want.Request, want.Content = s.Request, scan.PhotoHash(
				testkit.Ring(keys.ForPhotos), scantest.Anna, scantest.HexSum(photo),
			)
			if diff := cmp.Diff(want, s); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
			object := e.Uploads.Object(scan.PhotoName(scantest.Anna, s.ID))
			attrs, err := object.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			metadata := map[string]string{"owner": "anna", "traceparent": scantest.Traceparent}
			if diff := cmp.Diff(metadata, attrs.Metadata); diff != "" || attrs.ContentType != kind ||
				scantest.ContentOf(t, object) != photo {
				t.Errorf("stored as %s with metadata (-want +got):\n%s", attrs.ContentType, diff)
			}
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, s.Generation)); err != nil {
				t.Fatal(err)
			}
			scantest.WantOriginal(t, e, e.Load(t, s.ID))
		})
	}
	t.Run("takes the checksum of the photo", func(t *testing.T) {
		t.Parallel()
		w := scantest.Direct(
			t, e.UploadAPI(), scantest.Anna, "", scantest.Part{Name: "sha256", Value: scantest.HexSum(scantest.JPEG + "!")},
			scantest.PhotoPart(scantest.JPEG+"!"),
		)
		scantest.WantTicket(t, w, http.StatusAccepted)
	})
	t.Run("takes a photo whose sender does not know its type", func(t *testing.T) {
		t.Parallel()
		scantest.WantTicket(
			t,
			scantest.Direct(
				t, e.UploadAPI(), scantest.Anna, "",
				scantest.Part{Name: "photo", ContentType: "application/octet-stream", Value: scantest.JPEG},
			),
			http.StatusAccepted,
		)
	})
	for _, said := range []string{
		"IMAGE/JPEG", "image/jpg", "Image/PJPEG", `image/jpeg; charset=binary`, `image/jpeg;name="IMG 1.jpg"`,
		"image/jpeg; charset", " ",
	} {
		t.Run("takes a JPEG that is labelled "+said, func(t *testing.T) {
			t.Parallel()
			got := scantest.WantTicket(
				t,
				scantest.Direct(
					t, e.UploadAPI(), scantest.Anna, "", scantest.Part{Name: "photo", ContentType: said, Value: scantest.JPEG},
				),
				http.StatusAccepted,
			)
			if s := e.Load(t, got.Scan.ID); s.ContentType != "image/jpeg" {
				t.Errorf("it is kept as %q", s.ContentType)
			}
		})
	}
	t.Run("takes the largest photo", func(t *testing.T) {
		t.Parallel()
		largest := scantest.JPEG + strings.Repeat("x", scan.MaxBytes-len(scantest.JPEG))
		scantest.WantTicket(
			t, scantest.Direct(t, e.UploadAPI(), scantest.Anna, "", scantest.PhotoPart(largest)), http.StatusAccepted,
		)
	})
}

func TestDirectUpload_isRefused(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	e.PutUser(t, account.User{UID: "withdrawn", State: account.Active, ConsentEpoch: 2, BirthYear: 1990})
	whole, form := scantest.FormOf(
		t, scantest.Part{Name: "sha256", Value: scantest.HexSum(scantest.JPEG)}, scantest.PhotoPart(scantest.JPEG),
	)
	boundary, _, _ := strings.Cut(whole, "\r\n")
	tests := map[string]struct {
		uid     account.UID
		parts   []scantest.Part
		status  int
		code    string
		pointer string
	}{
		"without consent": {
			"withdrawn", []scantest.Part{scantest.PhotoPart(scantest.JPEG)}, 403, "consent_required", "",
		},
		"not registered":  {"stranger", []scantest.Part{scantest.PhotoPart(scantest.JPEG)}, 403, "not_registered", ""},
		"without a token": {"", []scantest.Part{scantest.PhotoPart(scantest.JPEG)}, 401, "token_missing", ""},
		"of HEIC": {
			scantest.Anna, []scantest.Part{{Name: "photo", ContentType: "image/heic", Value: "\x00\x00\x00\x18ftypheic"}}, 415,
			"unsupported_media_type", "/photo",
		},
		"of a GIF": {
			scantest.Anna, []scantest.Part{{Name: "photo", ContentType: "image/gif", Value: "GIF89a and so on"}}, 415,
			"unsupported_media_type", "/photo",
		},
		"of a web page": {
			scantest.Anna, []scantest.Part{scantest.PhotoPart("<html>" + scantest.JPEG)}, 415, "unsupported_media_type",
			"/photo",
		},
		"of nothing": {
			scantest.Anna, []scantest.Part{scantest.PhotoPart("")}, 415, "unsupported_media_type", "/photo",
		},
		"of a type in disguise": {
			scantest.Anna, []scantest.Part{{Name: "photo", ContentType: "image/png", Value: scantest.JPEG}}, 422,
			"invalid_field", "/photo",
		},
		"of a malformed type": {
			scantest.Anna, []scantest.Part{{Name: "photo", ContentType: "image/", Value: scantest.JPEG}}, 422, "invalid_field",
			"/photo",
		},
		"of two types": {
			scantest.Anna, []scantest.Part{{Name: "photo", ContentType: "image/jpeg, image/png", Value: scantest.JPEG}}, 422,
			"invalid_field", "/photo",
		},
		"without a photo": {
			scantest.Anna, []scantest.Part{{Name: "sha256", Value: scantest.HexSum(scantest.JPEG)}}, 422, "invalid_field",
			"/photo",
		},
		"with an unknown part": {
			scantest.Anna, []scantest.Part{{Name: "a/b"}, scantest.PhotoPart(scantest.JPEG)}, 422, "unknown_field", "/a~1b",
		},
		"with a malformed checksum": {
			scantest.Anna, []scantest.Part{{Name: "sha256", Value: "x"}, scantest.PhotoPart(scantest.JPEG)}, 422,
			"invalid_field", "/sha256",
		},
		"with another photo's checksum": {
			scantest.Anna, []scantest.Part{{Name: "sha256", Value: scantest.HexSum("x")}, scantest.PhotoPart(scantest.JPEG)},
			422, "invalid_field", "/sha256",
		},
		"with two checksums": {
			scantest.Anna,
			[]scantest.Part{{Name: "sha256", Value: "x"}, {Name: "sha256", Value: "x"}, scantest.PhotoPart(scantest.JPEG)}, 400,
			"malformed_body", "/sha256",
		},
		"with a text after the photo": {
			scantest.Anna,
			[]scantest.Part{scantest.PhotoPart(scantest.JPEG), {Name: "sha256", Value: scantest.HexSum(scantest.JPEG)}}, 400,
			"malformed_body", "/sha256",
		},
		"with two photos": {
			scantest.Anna, []scantest.Part{scantest.PhotoPart(scantest.JPEG), scantest.PhotoPart(scantest.JPEG)}, 400,
			"malformed_body", "/photo",
		},
		"a byte too large": {
			scantest.Anna,
			[]scantest.Part{scantest.PhotoPart(scantest.JPEG + strings.Repeat("x", scan.MaxBytes+1-len(scantest.JPEG)))}, 413,
			"body_too_large", "",
		},
		"with a huge text": {
			scantest.Anna,
			[]scantest.Part{{Name: "sha256", Value: strings.Repeat("a", 70_000)}, scantest.PhotoPart(scantest.JPEG)}, 413,
			"body_too_large", "",
		},
		"far too large": {
			scantest.Anna, []scantest.Part{scantest.PhotoPart(scantest.JPEG + strings.Repeat("x", 2*scan.MaxBytes))}, 413,
			"body_too_large", "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := scantest.WantProblem(t, scantest.Direct(t, e.UploadAPI(), tt.uid, "", tt.parts...), tt.status, tt.code)
			if tt.pointer != "" && (len(p.Fields) != 1 || p.Fields[0].String() != tt.pointer) {
				t.Errorf("fields %v, want the one %s", p.Fields, tt.pointer)
			}
		})
	}
	raw := map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"as JSON":               {"application/json", `{}`, 415, "unsupported_media_type"},
		"as another multipart":  {"multipart/mixed; boundary=x", whole, 415, "unsupported_media_type"},
		"without a boundary":    {"multipart/form-data", whole, 415, "unsupported_media_type"},
		"with another boundary": {"multipart/form-data; boundary=x", whole, 400, "malformed_body"},
		"empty":                 {form, "", 400, "malformed_body"},
		"without any part":      {form, boundary + "--\r\n", 422, "invalid_field"},
		"cut off in the photo": {
			form, whole[:strings.Index(whole, scantest.JPEG)+len(scantest.JPEG)-2], 400, "malformed_body",
		},
		"cut off after the photo": {form, whole[:len(whole)-len("--\r\n")], 400, "malformed_body"},
		"cut off in a text": {
			form, whole[:strings.Index(whole, scantest.HexSum(scantest.JPEG))+9], 400, "malformed_body",
		},
	}
	for name, tt := range raw {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := scantest.DirectBody(t.Context(), e.UploadAPI(), scantest.Anna, "", tt.contentType, strings.NewReader(tt.body))
			scantest.WantProblem(t, w, tt.status, tt.code)
		})
	}
	t.Cleanup(func() { e.WantNothing(t) }) // after the sub-tests
}

// The client goes, or its connection breaks, in the middle of the photo: over a real connection.
func TestDirectUploadThatBreaksOff(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	ended, underWay := make(chan struct{}, 1), make(chan struct{})
	var once sync.Once
	over := e.Client(t, func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("upload_id") { // the first chunk
			once.Do(func() { close(underWay) })
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	api := e.UploadAPI(func(u *upload.Handler) { u.Bucket = over.Bucket(scantest.UploadsBucket) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r)
		ended <- struct{}{}
	}))
	t.Cleanup(server.Close)
	body, contentType := scantest.FormOf(t, scantest.PhotoPart(scantest.JPEG+strings.Repeat("x", 4*upload.ChunkBytes)))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	in, out := io.Pipe()
	go func() {
		defer func() { _ = out.CloseWithError(context.Canceled) }()
		defer leave()
		_, _ = io.WriteString(out, body[:len(body)/2])
		scantest.Receive(t, underWay, "the upload's first chunk")
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/uploads/direct", in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer anna")
	r.Header.Set("Idempotency-Key", "key")
	if resp, err := http.DefaultClient.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Errorf("status %d", resp.StatusCode)
	}
	scantest.Receive(t, ended, "the handler's end")
	e.WantNothing(t)
	// the second try
	w := scantest.DirectBody(t.Context(), api, scantest.Anna, "key", contentType, strings.NewReader(body))
	s := e.Load(t, scantest.WantTicket(t, w, http.StatusAccepted).Scan.ID)
	if e.PhotoOf(t, s) != s.Generation {
		t.Error("the photo is not the scan's")
	}
}

func TestDirectUpload_isIdempotent(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	first := scantest.WantTicket(
		t, scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusAccepted,
	)
	queued := e.Load(t, first.Scan.ID)
	unchanged := func(t *testing.T, want scan.Scan) {
		t.Helper()
		if diff := cmp.Diff(want, e.Load(t, want.ID)); diff != "" {
			t.Errorf("the scan changed:\n%s", diff)
		}
	}
	t.Run("the same again is the same scan", func(t *testing.T) {
		got := scantest.WantTicket(
			t, scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusOK,
		)
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("answer (-first +second):\n%s", diff)
		}
		unchanged(t, queued)
	})
	t.Run("another photo is refused", func(t *testing.T) {
		scantest.WantProblem(
			t, scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG+"!")), 422,
			"idempotency_key_reused",
		)
		scantest.WantProblem(
			t,
			scantest.Direct(
				t, api, scantest.Anna, "key", scantest.Part{Name: "photo", ContentType: "image/png", Value: "\x89PNG\r\n\x1a\n"},
			),
			422, "idempotency_key_reused",
		)
		scantest.WantProblem(
			t,
			scantest.Direct(
				t, api, scantest.Anna, "key", scantest.Part{Name: "sha256", Value: scantest.HexSum(scantest.JPEG)},
				scantest.PhotoPart(scantest.JPEG),
			),
			422, "idempotency_key_reused",
		)
		unchanged(t, queued)
	})
	t.Run("once it is measured it is answered with its result", func(t *testing.T) {
		if err := e.Analyzer(scantest.Measure).Handle(
			t.Context(), scantest.Finalized(t, queued, queued.Generation),
		); err != nil {
			t.Fatal(err)
		}
		done := e.Load(t, queued.ID)
		got := scantest.WantTicket(
			t, scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusOK,
		)
		if got.Scan.State != scan.Completed || got.Scan.ID != done.ID || got.SamePhoto {
			t.Errorf("got %+v", got)
		}
		scantest.WantProblem(
			t, scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG+"!")), 422,
			"idempotency_key_reused",
		)
		unchanged(t, done)
	})
	t.Run("a ticket's scan is taken up", func(t *testing.T) {
		ticket := scantest.WantTicket(
			t, scantest.TicketFor(t, api, scantest.Anna, "ticket", scantest.JPEGRequest), http.StatusCreated,
		)
		got := scantest.WantTicket(
			t, scantest.Direct(t, api, scantest.Anna, "ticket", scantest.PhotoPart(scantest.JPEG)), http.StatusAccepted,
		)
		if got.Scan.ID != ticket.Scan.ID || got.Scan.State != scan.Queued {
			t.Errorf("got %+v, want the ticket's scan", got.Scan)
		}
		if put := scantest.PutPhoto(t, ticket.Upload, "other", nil); put.Status != http.StatusPreconditionFailed {
			t.Errorf("PUT with the ticket: %v", put)
		}
	})
	t.Run("what was measured before is not stored again", func(t *testing.T) {
		original := e.Analyzed(t, scantest.JPEG+" known", scantest.Currently)
		parts := []scantest.Part{
			{Name: "sha256", Value: scantest.HexSum(scantest.JPEG + " known")}, scantest.PhotoPart(scantest.JPEG + " known"),
		}
		got := scantest.WantTicket(t, scantest.Direct(t, api, scantest.Anna, "", parts...), http.StatusOK)
		if got.Scan.ID != original.ID || !got.SamePhoto {
			t.Errorf("got %+v, want the earlier scan", got)
		}
		other := []scantest.Part{parts[0], scantest.PhotoPart(scantest.JPEG + " other")}
		if p := scantest.WantProblem(
			t, scantest.Direct(t, api, scantest.Anna, "", other...), 422, "invalid_field",
		); p.Fields[0].String() != "/sha256" {
			t.Errorf("fields %v", p.Fields)
		}
		scantest.WantProblem(
			t, scantest.Direct(t, api, scantest.Anna, "", append(parts, scantest.Part{Name: "more"})...), 400, "malformed_body",
		)
	})
}

func TestDirectUploadAtOnce(t *testing.T) {
	t.Parallel()
	const requests = 6
	e := scantest.New(t)
	api := e.UploadAPI()
	answers := make(chan *httptest.ResponseRecorder, requests)
	for range requests {
		go func() { answers <- scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)) }()
	}
	var id scan.ID
	for range requests {
		w := scantest.Receive(t, answers, "an answer")
		if w.Code != http.StatusAccepted && w.Code != http.StatusOK {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		got := scantest.Decoded[scantest.TicketAnswer](t, w).Scan
		if id != "" && got.ID != id || got.State != scan.Queued {
			t.Errorf("got %+v beside scan %s", got, id)
		}
		id = got.ID
	}
	if s := e.Load(t, id); s.Version != 2 || s.Generation != e.PhotoOf(t, s) {
		t.Errorf("scan %+v", s)
	}
}

// The process dies when the photo is stored and the scan does not know of it.
func TestDirectUploadThatCrashes(t *testing.T) {
	t.Parallel()
	crash := func(t *testing.T) (*scantest.Env, scan.Scan) {
		t.Helper()
		e := scantest.New(t)
		u := e.UploadHandler()
		fresh, err := u.ScanFor(t.Context(), scantest.Anna, "key", upload.UploadRequest{ContentType: "image/jpeg"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := u.Open(t.Context(), fresh)
		if err != nil {
			t.Fatal(err)
		}
		e.Upload(t, s, []byte(scantest.JPEG))
		return e, s
	}
	t.Run("and whose client tries again goes on", func(t *testing.T) {
		t.Parallel()
		e, s := crash(t)
		got := scantest.WantTicket(
			t, scantest.Direct(t, e.UploadAPI(), scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusAccepted,
		)
		if got.Scan.ID != s.ID || e.Load(t, s.ID).Generation != e.PhotoOf(t, s) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("and whose client tries another photo refuses that", func(t *testing.T) {
		t.Parallel()
		e, s := crash(t)
		for _, other := range []string{scantest.JPEG + "!", strings.Replace(scantest.JPEG, "so", "no", 1)} {
			scantest.WantProblem(
				t, scantest.Direct(t, e.UploadAPI(), scantest.Anna, "key", scantest.PhotoPart(other)), 422,
				"idempotency_key_reused",
			)
		}
		if got := scantest.ContentOf(t, e.Uploads.Object(scan.PhotoName(scantest.Anna, s.ID))); got != scantest.JPEG {
			t.Errorf("the photo is %q now", got)
		}
	})
	t.Run("is analysed by its notification all the same", func(t *testing.T) {
		t.Parallel()
		e, s := crash(t)
		if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, e.PhotoOf(t, s))); err != nil {
			t.Fatal(err)
		}
		scantest.WantOriginal(t, e, e.Load(t, s.ID))
		got := scantest.WantTicket(
			t, scantest.Direct(t, e.UploadAPI(), scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusOK,
		)
		if got.Scan.State != scan.Completed {
			t.Errorf("got %+v", got.Scan)
		}
	})
	t.Run("before anything was stored expires", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Clock.Advance(schema.TicketLife + scan.ExpireGrace + time.Second)
		if _, err := e.Sweeper().Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.Load(t, s.ID); got.State != scan.Expired {
			t.Errorf("scan is %s", got.State)
		}
	})
}

// Between the photo's being stored and the scan's being queued the world goes on.
func TestDirectUpload_isOvertaken(t *testing.T) {
	t.Parallel()
	stored := func(t *testing.T, e *scantest.Env, then func(s scan.Scan)) *httptest.ResponseRecorder {
		t.Helper()
		var once sync.Once
		over := e.Client(t, func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if r.Method == http.MethodPost && err == nil {
				id := e.UploadHandler().NewID(scantest.Anna, "key")
				once.Do(func() { then(e.Load(t, id)) })
			}
			return resp, err
		})
		api := e.UploadAPI(func(u *upload.Handler) { u.Bucket = over.Bucket(scantest.UploadsBucket) })
		return scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG))
	}
	t.Run("by the analysis, whose end is answered", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		w := stored(t, e, func(s scan.Scan) {
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, e.PhotoOf(t, s))); err != nil {
				t.Error(err)
			}
		})
		if got := scantest.WantTicket(t, w, http.StatusAccepted); got.Scan.State != scan.Completed {
			t.Errorf("got %+v", got.Scan)
		}
	})
	t.Run("by the consent's withdrawal, and nothing is left", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		scantest.WantProblem(t, stored(t, e, func(scan.Scan) { e.SetConsent(t, false, 2) }), 403, "consent_required")
		e.WantNoPhotos(t)
	})
	t.Run("by the consent's withdrawal and grant, and nothing is left", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		scantest.WantProblem(t, stored(t, e, func(scan.Scan) { e.SetConsent(t, true, 3) }), 403, "consent_required")
		e.WantNoPhotos(t)
		scantest.WantTicket(
			t, scantest.Direct(t, e.UploadAPI(), scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusAccepted,
		)
	})
	t.Run("by the scan's deletion, and nothing is left", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		scantest.WantProblem(t, stored(t, e, func(s scan.Scan) {
			if _, err := scan.Ref(e.Firestore, s.ID).Delete(t.Context()); err != nil {
				t.Error(err)
			}
		}), 404, "not_found")
		e.WantNoPhotos(t)
	})
}

func TestDirectUploadWithoutStorage(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	away := e.Client(t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodPost)))
	api := e.UploadAPI(func(u *upload.Handler) { u.Bucket = away.Bucket(scantest.UploadsBucket) })
	p := scantest.WantProblem(
		t, scantest.Direct(t, api, scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), 503, "unavailable",
	)
	if strings.Contains(p.Detail, "refused by the test") {
		t.Errorf("the cause is shown: %q", p.Detail)
	}
	scantest.WantTicket(
		t, scantest.Direct(t, e.UploadAPI(), scantest.Anna, "key", scantest.PhotoPart(scantest.JPEG)), http.StatusAccepted,
	)
}

// A photo is passed on as it comes: what the handler allocates does not grow with it.
func TestDirectUpload_holdsLittle(t *testing.T) {
	// Not parallel: it counts what is allocated.
	e := scantest.New(t)
	photo := scantest.JPEG + strings.Repeat("x", 10<<20)
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum([]byte(photo), crc32.MakeTable(crc32.Castagnoli)))
	stored := `{"generation":"1","crc32c":"` + base64.StdEncoding.EncodeToString(sum) + `"}`
	swallow := e.Client(t, func(r *http.Request) (*http.Response, error) {
		_, err := io.Copy(io.Discard, r.Body)
		header := http.Header{"Content-Type": {"application/json"}}
		switch {
		case !r.URL.Query().Has("upload_id"):
			header.Set("Location", r.URL.String()+"&upload_id=1")
		case strings.HasSuffix(r.Header.Get("Content-Range"), "/*"):
			header.Set("X-Http-Status-Code-Override", "308")
		}
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: header,
			Body: io.NopCloser(strings.NewReader(stored)),
		}, err
	})
	api := e.UploadAPI(func(u *upload.Handler) { u.Bucket = swallow.Bucket(scantest.UploadsBucket) })
	body, contentType := scantest.FormOf(t, scantest.PhotoPart(photo))
	var before, after runtime.MemStats
	for range 2 { // the first makes what lasts
		runtime.ReadMemStats(&before)
		scantest.WantTicket(
			t, scantest.DirectBody(t.Context(), api, scantest.Anna, "", contentType, strings.NewReader(body)),
			http.StatusAccepted,
		)
		runtime.ReadMemStats(&after)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 3*upload.ChunkBytes {
		t.Errorf("%d bytes were allocated for a photo of %d", allocated, len(photo))
	}
}

// As many photos come through the API at once as an instance has memory for.
func TestTooManyDirectUploads(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	uploads := e.UploadHandler()
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	uploads.Routes(api)
	uploads.Arriving().Store(upload.MaxDirect)
	r := httptest.NewRequestWithContext(
		t.Context(), http.MethodPost, "/v1/uploads/direct", bytes.NewReader([]byte("--x--")),
	)
	r.Header.Set("Authorization", "Bearer anna")
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	scantest.WantProblem(t, w, http.StatusServiceUnavailable, "unavailable")
	if after := w.Header().Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q", after)
	}
	if n := uploads.Arriving().Load(); n != upload.MaxDirect {
		t.Errorf("%d are counted after it", n)
	}
}
