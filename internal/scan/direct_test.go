package scan

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/telemetry"
)

// aJPEG begins like one; nothing in this file decodes it.
const aJPEG = "\xff\xd8\xff\xe0 and so on"

// part is one of a form. A file has a content type, a text has none.
type part struct{ name, contentType, value string }

func photoPart(photo string) part {
	return part{name: "photo", contentType: "image/jpeg", value: photo}
}

// formOf is the form and its content type.
func formOf(t *testing.T, parts ...part) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.name + `"`}}
		if p.contentType != "" {
			header = textproto.MIMEHeader{
				"Content-Disposition": {`form-data; name="` + p.name + `"; filename="../../IMG 1.jpg"`}, "Content-Type": {p.contentType},
			}
		}
		in, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(in, p.value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// direct sends the form; key "" is no Idempotency-Key.
func direct(t *testing.T, api http.Handler, uid account.UID, key string, parts ...part) *httptest.ResponseRecorder {
	t.Helper()
	body, contentType := formOf(t, parts...)
	return directBody(t.Context(), api, uid, key, contentType, strings.NewReader(body))
}

func directBody(
	ctx context.Context, api http.Handler, uid account.UID, key, contentType string, body io.Reader,
) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/uploads/direct", body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+string(uid))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

func TestDirectUpload(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for kind, photo := range heads {
		t.Run("takes "+kind, func(t *testing.T) {
			t.Parallel()
			ctx := telemetry.FromTraceparent(t.Context(), traceparent)
			body, contentType := formOf(t, part{name: "photo", contentType: kind, value: photo})
			w := directBody(ctx, e.uploadsAPI(), anna, "", contentType, strings.NewReader(body))
			got := wantTicket(t, w, http.StatusAccepted)
			if got.Scan.State != Queued || got.Upload != nil || w.Header().Get("Location") != "/v1/scans/"+string(got.Scan.ID) {
				t.Errorf("got %+v at %q", got, w.Header().Get("Location"))
			}
			s := e.load(t, got.Scan.ID)
			look := e.clock.Now().Add(firstLook)
			want := newScan(s.ID, anna, 1, kind, e.clock.Now())
			want.State, want.Version, want.Generation, want.SweepAt = Queued, 2, e.photoOf(t, s), &look
			want.Request, want.Content = s.Request, photoHash([]byte(hashKey), anna, hexSum(photo))
			if diff := cmp.Diff(want, s); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
			object := e.uploads.Object(PhotoName(anna, s.ID))
			attrs, err := object.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			metadata := map[string]string{"owner": "anna", "traceparent": traceparent}
			if diff := cmp.Diff(metadata, attrs.Metadata); diff != "" || attrs.ContentType != kind || contentOf(t, object) != photo {
				t.Errorf("stored as %s with metadata (-want +got):\n%s", attrs.ContentType, diff)
			}
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, s.Generation)); err != nil {
				t.Fatal(err)
			}
			wantOriginal(t, e, e.load(t, s.ID))
		})
	}
	t.Run("takes the checksum of the photo", func(t *testing.T) {
		t.Parallel()
		w := direct(t, e.uploadsAPI(), anna, "", part{name: "sha256", value: hexSum(aJPEG + "!")}, photoPart(aJPEG+"!"))
		wantTicket(t, w, http.StatusAccepted)
	})
	t.Run("takes a photo whose sender does not know its type", func(t *testing.T) {
		t.Parallel()
		wantTicket(t, direct(t, e.uploadsAPI(), anna, "", part{name: "photo", contentType: "application/octet-stream", value: aJPEG}), http.StatusAccepted)
	})
	for _, said := range []string{
		"IMAGE/JPEG", "image/jpg", "Image/PJPEG", `image/jpeg; charset=binary`, `image/jpeg;name="IMG 1.jpg"`, "image/jpeg; charset", " ",
	} {
		t.Run("takes a JPEG that is labelled "+said, func(t *testing.T) {
			t.Parallel()
			got := wantTicket(t, direct(t, e.uploadsAPI(), anna, "", part{name: "photo", contentType: said, value: aJPEG}), http.StatusAccepted)
			if s := e.load(t, got.Scan.ID); s.ContentType != "image/jpeg" {
				t.Errorf("it is kept as %q", s.ContentType)
			}
		})
	}
	t.Run("takes the largest photo", func(t *testing.T) {
		t.Parallel()
		largest := aJPEG + strings.Repeat("x", MaxBytes-len(aJPEG))
		wantTicket(t, direct(t, e.uploadsAPI(), anna, "", photoPart(largest)), http.StatusAccepted)
	})
}

func TestDirectUploadIsRefused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.putUser(t, account.User{UID: "withdrawn", State: account.Active, ConsentEpoch: 2, BirthYear: 1990})
	whole, form := formOf(t, part{name: "sha256", value: hexSum(aJPEG)}, photoPart(aJPEG))
	boundary, _, _ := strings.Cut(whole, "\r\n")
	tests := map[string]struct {
		uid     account.UID
		parts   []part
		status  int
		code    string
		pointer string
	}{
		"without consent":       {"withdrawn", []part{photoPart(aJPEG)}, 403, "consent_required", ""},
		"not registered":        {"stranger", []part{photoPart(aJPEG)}, 403, "not_registered", ""},
		"without a token":       {"", []part{photoPart(aJPEG)}, 401, "token_missing", ""},
		"of HEIC":               {anna, []part{{name: "photo", contentType: "image/heic", value: "\x00\x00\x00\x18ftypheic"}}, 415, "unsupported_media_type", "/photo"},
		"of a GIF":              {anna, []part{{name: "photo", contentType: "image/gif", value: "GIF89a and so on"}}, 415, "unsupported_media_type", "/photo"},
		"of a web page":         {anna, []part{photoPart("<html>" + aJPEG)}, 415, "unsupported_media_type", "/photo"},
		"of nothing":            {anna, []part{photoPart("")}, 415, "unsupported_media_type", "/photo"},
		"of a type in disguise": {anna, []part{{name: "photo", contentType: "image/png", value: aJPEG}}, 422, "invalid_field", "/photo"},
		"of a malformed type":   {anna, []part{{name: "photo", contentType: "image/", value: aJPEG}}, 422, "invalid_field", "/photo"},
		"of two types":          {anna, []part{{name: "photo", contentType: "image/jpeg, image/png", value: aJPEG}}, 422, "invalid_field", "/photo"},
		"without a photo":       {anna, []part{{name: "sha256", value: hexSum(aJPEG)}}, 422, "invalid_field", "/photo"},
		"with an unknown part":  {anna, []part{{name: "a/b"}, photoPart(aJPEG)}, 422, "unknown_field", "/a~1b"},
		"with a malformed checksum": {
			anna, []part{{name: "sha256", value: "x"}, photoPart(aJPEG)}, 422, "invalid_field", "/sha256",
		},
		"with another photo's checksum": {
			anna, []part{{name: "sha256", value: hexSum("x")}, photoPart(aJPEG)}, 422, "invalid_field", "/sha256",
		},
		"with two checksums": {
			anna, []part{{name: "sha256", value: "x"}, {name: "sha256", value: "x"}, photoPart(aJPEG)}, 400, "malformed_body", "/sha256",
		},
		"with a text after the photo": {
			anna, []part{photoPart(aJPEG), {name: "sha256", value: hexSum(aJPEG)}}, 400, "malformed_body", "/sha256",
		},
		"with two photos": {anna, []part{photoPart(aJPEG), photoPart(aJPEG)}, 400, "malformed_body", "/photo"},
		"a byte too large": {
			anna, []part{photoPart(aJPEG + strings.Repeat("x", MaxBytes+1-len(aJPEG)))}, 413, "body_too_large", "",
		},
		"with a huge text": {
			anna, []part{{name: "sha256", value: strings.Repeat("a", 70_000)}, photoPart(aJPEG)}, 413, "body_too_large", "",
		},
		"far too large": {anna, []part{photoPart(aJPEG + strings.Repeat("x", 2*MaxBytes))}, 413, "body_too_large", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := wantProblem(t, direct(t, e.uploadsAPI(), tt.uid, "", tt.parts...), tt.status, tt.code)
			if tt.pointer != "" && (len(p.Fields) != 1 || p.Fields[0].Pointer != tt.pointer) {
				t.Errorf("fields %v, want the one %s", p.Fields, tt.pointer)
			}
		})
	}
	raw := map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"as JSON":                 {"application/json", `{}`, 415, "unsupported_media_type"},
		"as another multipart":    {"multipart/mixed; boundary=x", whole, 415, "unsupported_media_type"},
		"without a boundary":      {"multipart/form-data", whole, 415, "unsupported_media_type"},
		"with another boundary":   {"multipart/form-data; boundary=x", whole, 400, "malformed_body"},
		"empty":                   {form, "", 400, "malformed_body"},
		"without any part":        {form, boundary + "--\r\n", 422, "invalid_field"},
		"cut off in the photo":    {form, whole[:strings.Index(whole, aJPEG)+len(aJPEG)-2], 400, "malformed_body"},
		"cut off after the photo": {form, whole[:len(whole)-len("--\r\n")], 400, "malformed_body"},
		"cut off in a text":       {form, whole[:strings.Index(whole, hexSum(aJPEG))+9], 400, "malformed_body"},
	}
	for name, tt := range raw {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := directBody(t.Context(), e.uploadsAPI(), anna, "", tt.contentType, strings.NewReader(tt.body))
			wantProblem(t, w, tt.status, tt.code)
		})
	}
	t.Cleanup(func() { e.wantNothing(t) }) // after the sub-tests
}

// wantNothing is what a refused form leaves and costs: no object, no scan and no count.
func (e *env) wantNothing(t *testing.T) {
	t.Helper()
	e.wantNoPhotos(t)
	for _, collection := range []string{"scans", "limits"} {
		docs, err := e.fs.Collection(collection).Documents(context.WithoutCancel(t.Context())).GetAll()
		if err != nil || len(docs) > 0 {
			t.Errorf("%d documents in %s (%v)", len(docs), collection, err)
		}
	}
}

func (e *env) wantNoPhotos(t *testing.T) {
	t.Helper()
	if attrs, err := e.uploads.Objects(context.WithoutCancel(t.Context()), nil).Next(); err == nil {
		t.Errorf("the object %s is there, of %d bytes", attrs.Name, attrs.Size)
	}
}

// The client goes, or its connection breaks, in the middle of the photo: over a real connection.
func TestDirectUploadThatBreaksOff(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ended, underWay := make(chan struct{}, 1), make(chan struct{})
	var once sync.Once
	over := e.client(t, func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("upload_id") { // the first chunk
			once.Do(func() { close(underWay) })
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	api := e.uploadsAPI(func(u *Uploads) { u.Bucket = over.Bucket(uploadsBucket) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r)
		ended <- struct{}{}
	}))
	t.Cleanup(server.Close)
	body, contentType := formOf(t, photoPart(aJPEG+strings.Repeat("x", 4*chunkBytes)))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	in, out := io.Pipe()
	go func() {
		defer func() { _ = out.CloseWithError(context.Canceled) }()
		defer leave()
		_, _ = io.WriteString(out, body[:len(body)/2])
		receive(t, underWay, "the upload's first chunk")
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
	receive(t, ended, "the handler's end")
	e.wantNothing(t)
	w := directBody(t.Context(), api, anna, "key", contentType, strings.NewReader(body)) // the second try
	s := e.load(t, wantTicket(t, w, http.StatusAccepted).Scan.ID)
	if e.photoOf(t, s) != s.Generation {
		t.Error("the photo is not the scan's")
	}
}

func TestDirectUploadIsIdempotent(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	first := wantTicket(t, direct(t, api, anna, "key", photoPart(aJPEG)), http.StatusAccepted)
	queued := e.load(t, first.Scan.ID)
	unchanged := func(t *testing.T, want Scan) {
		t.Helper()
		if diff := cmp.Diff(want, e.load(t, want.ID)); diff != "" {
			t.Errorf("the scan changed:\n%s", diff)
		}
	}
	t.Run("the same again is the same scan", func(t *testing.T) {
		got := wantTicket(t, direct(t, api, anna, "key", photoPart(aJPEG)), http.StatusOK)
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("answer (-first +second):\n%s", diff)
		}
		unchanged(t, queued)
	})
	t.Run("another photo is refused", func(t *testing.T) {
		wantProblem(t, direct(t, api, anna, "key", photoPart(aJPEG+"!")), 422, "idempotency_key_reused")
		wantProblem(t, direct(t, api, anna, "key", part{name: "photo", contentType: "image/png", value: "\x89PNG\r\n\x1a\n"}), 422, "idempotency_key_reused")
		wantProblem(t, direct(t, api, anna, "key", part{name: "sha256", value: hexSum(aJPEG)}, photoPart(aJPEG)), 422, "idempotency_key_reused")
		unchanged(t, queued)
	})
	t.Run("once it is measured it is answered with its result", func(t *testing.T) {
		if err := e.analyzer(measure).Handle(t.Context(), finalized(t, queued, queued.Generation)); err != nil {
			t.Fatal(err)
		}
		done := e.load(t, queued.ID)
		got := wantTicket(t, direct(t, api, anna, "key", photoPart(aJPEG)), http.StatusOK)
		if got.Scan.State != Completed || got.Scan.ID != done.ID || got.SamePhoto {
			t.Errorf("got %+v", got)
		}
		wantProblem(t, direct(t, api, anna, "key", photoPart(aJPEG+"!")), 422, "idempotency_key_reused")
		unchanged(t, done)
	})
	t.Run("a ticket's scan is taken up", func(t *testing.T) {
		ticket := wantTicket(t, ticketFor(t, api, anna, "ticket", jpegRequest), http.StatusCreated)
		got := wantTicket(t, direct(t, api, anna, "ticket", photoPart(aJPEG)), http.StatusAccepted)
		if got.Scan.ID != ticket.Scan.ID || got.Scan.State != Queued {
			t.Errorf("got %+v, want the ticket's scan", got.Scan)
		}
		if put := putPhoto(t, ticket.Upload, "other", nil); put.status != http.StatusPreconditionFailed {
			t.Errorf("PUT with the ticket: %v", put)
		}
	})
	t.Run("what was measured before is not stored again", func(t *testing.T) {
		original := e.analyzed(t, aJPEG+" known", currently)
		parts := []part{{name: "sha256", value: hexSum(aJPEG + " known")}, photoPart(aJPEG + " known")}
		got := wantTicket(t, direct(t, api, anna, "", parts...), http.StatusOK)
		if got.Scan.ID != original.ID || !got.SamePhoto {
			t.Errorf("got %+v, want the earlier scan", got)
		}
		other := []part{parts[0], photoPart(aJPEG + " other")}
		if p := wantProblem(t, direct(t, api, anna, "", other...), 422, "invalid_field"); p.Fields[0].Pointer != "/sha256" {
			t.Errorf("fields %v", p.Fields)
		}
		wantProblem(t, direct(t, api, anna, "", append(parts, part{name: "more"})...), 400, "malformed_body")
	})
}

func TestDirectUploadAtOnce(t *testing.T) {
	t.Parallel()
	const requests = 6
	e := newEnv(t)
	api := e.uploadsAPI()
	answers := make(chan *httptest.ResponseRecorder, requests)
	for range requests {
		go func() { answers <- direct(t, api, anna, "key", photoPart(aJPEG)) }()
	}
	var id ID
	for range requests {
		w := receive(t, answers, "an answer")
		if w.Code != http.StatusAccepted && w.Code != http.StatusOK {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		got := decoded[ticketAnswer](t, w).Scan
		if id != "" && got.ID != id || got.State != Queued {
			t.Errorf("got %+v beside scan %s", got, id)
		}
		id = got.ID
	}
	if s := e.load(t, id); s.Version != 2 || s.Generation != e.photoOf(t, s) {
		t.Errorf("scan %+v", s)
	}
}

// The process dies when the photo is stored and the scan does not know of it.
func TestDirectUploadThatCrashes(t *testing.T) {
	t.Parallel()
	crash := func(t *testing.T) (*env, Scan) {
		t.Helper()
		e := newEnv(t)
		u := e.uploading()
		fresh, err := u.ScanFor(anna, "key", uploadRequest{ContentType: "image/jpeg"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := u.Open(t.Context(), fresh)
		if err != nil {
			t.Fatal(err)
		}
		e.upload(t, s, []byte(aJPEG))
		return e, s
	}
	t.Run("and whose client tries again goes on", func(t *testing.T) {
		t.Parallel()
		e, s := crash(t)
		got := wantTicket(t, direct(t, e.uploadsAPI(), anna, "key", photoPart(aJPEG)), http.StatusAccepted)
		if got.Scan.ID != s.ID || e.load(t, s.ID).Generation != e.photoOf(t, s) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("and whose client tries another photo refuses that", func(t *testing.T) {
		t.Parallel()
		e, s := crash(t)
		for _, other := range []string{aJPEG + "!", strings.Replace(aJPEG, "so", "no", 1)} {
			wantProblem(t, direct(t, e.uploadsAPI(), anna, "key", photoPart(other)), 422, "idempotency_key_reused")
		}
		if got := contentOf(t, e.uploads.Object(PhotoName(anna, s.ID))); got != aJPEG {
			t.Errorf("the photo is %q now", got)
		}
	})
	t.Run("is analysed by its notification all the same", func(t *testing.T) {
		t.Parallel()
		e, s := crash(t)
		if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, e.photoOf(t, s))); err != nil {
			t.Fatal(err)
		}
		wantOriginal(t, e, e.load(t, s.ID))
		got := wantTicket(t, direct(t, e.uploadsAPI(), anna, "key", photoPart(aJPEG)), http.StatusOK)
		if got.Scan.State != Completed {
			t.Errorf("got %+v", got.Scan)
		}
	})
	t.Run("before anything was stored expires", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.clock.advance(schema.TicketLife + expireGrace + time.Second)
		if _, err := e.sweeper().Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.load(t, s.ID); got.State != Expired {
			t.Errorf("scan is %s", got.State)
		}
	})
}

// Between the photo's being stored and the scan's being queued the world goes on.
func TestDirectUploadIsOvertaken(t *testing.T) {
	t.Parallel()
	stored := func(t *testing.T, e *env, then func(s Scan)) *httptest.ResponseRecorder {
		t.Helper()
		var once sync.Once
		over := e.client(t, func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if r.Method == http.MethodPost && err == nil {
				id := e.uploading().NewID(anna, "key")
				once.Do(func() { then(e.load(t, id)) })
			}
			return resp, err
		})
		api := e.uploadsAPI(func(u *Uploads) { u.Bucket = over.Bucket(uploadsBucket) })
		return direct(t, api, anna, "key", photoPart(aJPEG))
	}
	t.Run("by the analysis, whose end is answered", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		w := stored(t, e, func(s Scan) {
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, e.photoOf(t, s))); err != nil {
				t.Error(err)
			}
		})
		if got := wantTicket(t, w, http.StatusAccepted); got.Scan.State != Completed {
			t.Errorf("got %+v", got.Scan)
		}
	})
	t.Run("by the consent's withdrawal, and nothing is left", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		wantProblem(t, stored(t, e, func(Scan) { e.setConsent(t, false, 2) }), 403, "consent_required")
		e.wantNoPhotos(t)
	})
	t.Run("by the consent's withdrawal and grant, and nothing is left", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		wantProblem(t, stored(t, e, func(Scan) { e.setConsent(t, true, 3) }), 403, "consent_required")
		e.wantNoPhotos(t)
		wantTicket(t, direct(t, e.uploadsAPI(), anna, "key", photoPart(aJPEG)), http.StatusAccepted)
	})
	t.Run("by the scan's deletion, and nothing is left", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		wantProblem(t, stored(t, e, func(s Scan) {
			if _, err := ref(e.fs, s.ID).Delete(t.Context()); err != nil {
				t.Error(err)
			}
		}), 404, "not_found")
		e.wantNoPhotos(t)
	})
}

func TestDirectUploadWithoutStorage(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	away := e.client(t, refusing(http.StatusForbidden, method(http.MethodPost)))
	api := e.uploadsAPI(func(u *Uploads) { u.Bucket = away.Bucket(uploadsBucket) })
	p := wantProblem(t, direct(t, api, anna, "key", photoPart(aJPEG)), 503, "unavailable")
	if strings.Contains(p.Detail, "refused by the test") {
		t.Errorf("the cause is shown: %q", p.Detail)
	}
	wantTicket(t, direct(t, e.uploadsAPI(), anna, "key", photoPart(aJPEG)), http.StatusAccepted)
}

// A photo is passed on as it comes: what the handler allocates does not grow with it.
func TestDirectUploadHoldsLittle(t *testing.T) {
	// Not parallel: it counts what is allocated.
	e := newEnv(t)
	photo := aJPEG + strings.Repeat("x", 10<<20)
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum([]byte(photo), crc32.MakeTable(crc32.Castagnoli)))
	stored := `{"generation":"1","crc32c":"` + base64.StdEncoding.EncodeToString(sum) + `"}`
	swallow := e.client(t, func(r *http.Request) (*http.Response, error) {
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
	api := e.uploadsAPI(func(u *Uploads) { u.Bucket = swallow.Bucket(uploadsBucket) })
	body, contentType := formOf(t, photoPart(photo))
	var before, after runtime.MemStats
	for range 2 { // the first makes what lasts
		runtime.ReadMemStats(&before)
		wantTicket(t, directBody(t.Context(), api, anna, "", contentType, strings.NewReader(body)), http.StatusAccepted)
		runtime.ReadMemStats(&after)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 3*chunkBytes {
		t.Errorf("%d bytes were allocated for a photo of %d", allocated, len(photo))
	}
}
