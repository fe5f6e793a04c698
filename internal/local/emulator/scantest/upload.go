package scantest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"regexp"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/testkit"
)

// JPEG begins like one; nothing in this file decodes it.
const JPEG = "\xff\xd8\xff\xe0 and so on"

// Part is a part of a form. A file has a content type, a text has none.
type Part struct{ Name, ContentType, Value string }

// PhotoPart returns the photo of a form.
func PhotoPart(photo string) Part {
	return Part{Name: "photo", ContentType: "image/jpeg", Value: photo}
}

// FormOf returns the form and its content type.
func FormOf(t *testing.T, parts ...Part) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.Name + `"`}}
		if p.ContentType != "" {
			header = textproto.MIMEHeader{
				"Content-Disposition": {`form-data; name="` + p.Name + `"; filename="../../IMG 1.jpg"`},
				"Content-Type":        {p.ContentType},
			}
		}
		in, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(in, p.Value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// Direct sends the form; key "" is no Idempotency-Key.
func Direct(t *testing.T, api http.Handler, uid account.UID, key string, parts ...Part) *httptest.ResponseRecorder {
	t.Helper()
	body, contentType := FormOf(t, parts...)
	return DirectBody(t.Context(), api, uid, key, contentType, strings.NewReader(body))
}

// DirectBody sends the body as a form.
func DirectBody(
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

// WantNothing checks that a refused form left and cost nothing: no object, no scan and no count.
func (e *Env) WantNothing(t *testing.T) {
	t.Helper()
	e.WantNoPhotos(t)
	for _, collection := range []*firestore.CollectionRef{
		e.Firestore.Collection("scans"), e.Firestore.Collection("limits"),
	} {
		docs, err := collection.Documents(context.WithoutCancel(t.Context())).GetAll()
		if err != nil || len(docs) > 0 {
			t.Errorf("%d documents in %s (%v)", len(docs), collection.ID, err)
		}
	}
}

// WantNoPhotos checks that no photo is kept.
func (e *Env) WantNoPhotos(t *testing.T) {
	t.Helper()
	if attrs, err := e.Uploads.Objects(context.WithoutCancel(t.Context()), nil).Next(); err == nil {
		t.Errorf("the object %s is there, of %d bytes", attrs.Name, attrs.Size)
	}
}

// PutAnswer is what the storage says to a PUT, code "" on success.
type PutAnswer struct {
	Status int
	Code   string
}

var xmlCode = regexp.MustCompile(`<Code>(\w+)</Code>`)

// PutPhoto uploads as the ticket says, but for the change.
func PutPhoto(t *testing.T, ticket *upload.Ticket, body string, change func(*http.Request)) PutAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), ticket.Method, ticket.URL, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return PutAnswer{}
	}
	for name, value := range ticket.Headers {
		r.Header.Set(name, value)
	}
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return PutAnswer{}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	answer := PutAnswer{Status: resp.StatusCode}
	if found := xmlCode.FindSubmatch(text); found != nil {
		answer.Code = string(found[1])
	}
	return answer
}

// ContentOf returns what the object holds.
func ContentOf(t *testing.T, object *storage.ObjectHandle) string {
	t.Helper()
	r, err := object.NewReader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// MinAge is the age that uploads ask for.
const MinAge = 18

// UploadAPI returns POST /v1/uploads and /v1/uploads/direct, as change changes what serves them.
func (e *Env) UploadAPI(change ...func(*upload.Handler)) http.Handler {
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	uploads := e.UploadHandler()
	for _, c := range change {
		c(uploads)
	}
	uploads.Routes(api)
	return api
}

// UploadHandler returns the handler of uploads.
func (e *Env) UploadHandler() *upload.Handler {
	return &upload.Handler{
		Firestore: e.Firestore, Bucket: e.Uploads, Key: testkit.Ring(keys.ForScans), PhotoKey: testkit.Ring(keys.ForPhotos),
		Limits: quota.New(e.Firestore, testkit.Ring(keys.ForLimits), e.Clock.Now), MinAge: MinAge, Now: e.Clock.Now,
		Signing: e.signing(),
	}
}

// signing signs as the account whose key the storage knows.
func (e *Env) signing() storage.SignedURLOptions {
	return storage.SignedURLOptions{
		GoogleAccessID: e.storage.Account(), PrivateKey: e.storage.SigningKeyPEM(), Scheme: storage.SigningSchemeV4,
		Insecure: true,
	}
}

// JPEGRequest asks for a ticket.
const JPEGRequest = `{"contentType":"image/jpeg"}`

// TicketFor asks for a ticket; key "" is no Idempotency-Key.
func TicketFor(t *testing.T, api http.Handler, uid account.UID, key, body string) *httptest.ResponseRecorder {
	t.Helper()
	return posted(t, api, uid, "/v1/uploads", key, body)
}

// posted posts JSON as a user; key "" is no Idempotency-Key.
func posted(t *testing.T, api http.Handler, uid account.UID, path, key, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+string(uid))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// TicketAnswer is the answer to a request for a ticket.
type TicketAnswer struct {
	Scan      scan.View
	SamePhoto bool
	Upload    *upload.Ticket
}

// WantTicket returns the answer, whose status has to be that.
func WantTicket(t *testing.T, w *httptest.ResponseRecorder, status int) TicketAnswer {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	return Decoded[TicketAnswer](t, w)
}

// Decoded reads the answer's body.
func Decoded[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

// WantProblem checks that the answer is the problem, and returns it.
func WantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code string) httpapi.Problem {
	t.Helper()
	p := Decoded[httpapi.Problem](t, w)
	if w.Code != status || p.Status != status || string(p.Code) != code {
		t.Errorf("got %d %s, want %d %s: %s", w.Code, p.Code, status, code, w.Body)
	}
	return p
}
