package scan

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/telemetry"
)

// minAge is the age that uploads ask for.
const minAge = 18

// uploadsAPI is POST /v1/uploads and /v1/uploads/direct, as change changes what serves them.
func (e *env) uploadsAPI(change ...func(*Uploads)) http.Handler {
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	uploads := e.uploading()
	for _, c := range change {
		c(uploads)
	}
	uploads.Routes(api)
	return api
}

func (e *env) uploading() *Uploads {
	return &Uploads{
		Firestore: e.fs, Bucket: e.uploads, Key: []byte(hashKey), Limits: quota.New(e.fs, []byte(hashKey), e.clock.Now), MinAge: minAge, Now: e.clock.Now,
		Signing: e.signing(),
	}
}

// signing signs as the account whose key the storage knows.
func (e *env) signing() storage.SignedURLOptions {
	return storage.SignedURLOptions{
		GoogleAccessID: e.storage.Account(), PrivateKey: e.storage.SigningKeyPEM(), Scheme: storage.SigningSchemeV4, Insecure: true,
	}
}

const jpegRequest = `{"contentType":"image/jpeg"}`

// ticketFor asks for a ticket; key "" is no Idempotency-Key.
func ticketFor(t *testing.T, api http.Handler, uid account.UID, key, body string) *httptest.ResponseRecorder {
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

// ticketAnswer is the answer to a request for a ticket.
type ticketAnswer struct {
	Scan      view
	SamePhoto bool
	Upload    *Ticket
}

// wantTicket returns the answer, whose status has to be that.
func wantTicket(t *testing.T, w *httptest.ResponseRecorder, status int) ticketAnswer {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	return decoded[ticketAnswer](t, w)
}

func decoded[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code string) httpapi.Problem {
	t.Helper()
	p := decoded[httpapi.Problem](t, w)
	if w.Code != status || p.Status != status || string(p.Code) != code {
		t.Errorf("got %d %s, want %d %s: %s", w.Code, p.Code, status, code, w.Body)
	}
	return p
}

func TestTicket(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	w := ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest)
	got := wantTicket(t, w, http.StatusCreated)
	id := got.Scan.ID
	now := e.clock.Now()
	want := ticketAnswer{
		Scan: view{
			ID: id, State: AwaitingUpload, Version: 1, CreatedAt: httpapi.Time(now), UpdatedAt: httpapi.Time(now),
		},
		Upload: &Ticket{
			Method: http.MethodPut, URL: got.Upload.URL, MaxBytes: 15 << 20, ExpiresAt: httpapi.Time(now.Add(15 * time.Minute)),
			Headers: map[string]string{
				"Content-Type": "image/jpeg", "X-Goog-Content-Length-Range": "1,15728640", "X-Goog-If-Generation-Match": "0",
				"X-Goog-Meta-Owner": "anna",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if w.Header().Get("Location") != "/v1/scans/"+string(id) || !id.valid() {
		t.Errorf("Location %q of scan %q", w.Header().Get("Location"), id)
	}
	u, err := url.Parse(got.Upload.URL)
	if err != nil || u.Path != "/uploads/uploads/anna/"+string(id) {
		t.Errorf("the URL is of %q (%v)", u.Path, err)
	}
	look := now.Add(firstLook)
	wantScan := Scan{
		Schema: 1, ID: id, UID: anna, ConsentEpoch: 1, State: AwaitingUpload, Version: 1, ContentType: "image/jpeg",
		Request:         keys.Ring(hashKey).ID(keys.Request, "anna", `{"contentType":"image/jpeg","sha256":""}`),
		TicketExpiresAt: now.Add(schema.TicketLife), CreatedAt: now, UpdatedAt: now, SweepAt: &look,
	}
	if diff := cmp.Diff(wantScan, e.load(t, id)); diff != "" {
		t.Errorf("scan (-want +got):\n%s", diff)
	}
}

func TestTicketCarriesTheTrace(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	ticket, err := e.uploading().Sign(telemetry.FromTraceparent(t.Context(), traceparent), s)
	if err != nil {
		t.Fatal(err)
	}
	if got := putPhoto(t, ticket, "photo", nil); got.status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	attrs, err := e.uploads.Object(PhotoName(s.UID, s.ID)).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"owner": "anna", "traceparent": traceparent}, attrs.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestTicketIsRefused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	e.putUser(t, account.User{UID: "withdrawn", State: account.Active, ConsentEpoch: 2})
	e.putUser(t, account.User{UID: "erasing", State: account.Erasing, ConsentEpoch: 1, Consent: account.Consent{Granted: true}})
	granted := account.Consent{Granted: true}
	e.putUser(t, account.User{UID: "ageless", State: account.Active, ConsentEpoch: 1, Consent: granted})
	e.putUser(t, account.User{
		UID: "minor", State: account.Active, ConsentEpoch: 1, Consent: granted, BirthYear: e.clock.Now().Year() - minAge,
	})
	tests := map[string]struct {
		uid     account.UID
		key     string
		body    string
		status  int
		code    string
		pointer string
	}{
		"without consent":         {"withdrawn", "", jpegRequest, 403, "consent_required", ""},
		"without a birth year":    {"ageless", "", jpegRequest, 403, "birth_year_required", ""},
		"under age":               {"minor", "", jpegRequest, 403, "under_age", ""},
		"not registered":          {"stranger", "", jpegRequest, 403, "not_registered", ""},
		"being erased":            {"erasing", "", jpegRequest, 403, "account_erasing", ""},
		"without a token":         {"", "", jpegRequest, 401, "token_missing", ""},
		"for a HEIC photo":        {anna, "", `{"contentType":"image/heic"}`, 422, "invalid_field", "/contentType"},
		"for no content type":     {anna, "", `{}`, 422, "invalid_field", "/contentType"},
		"for a type with a space": {anna, "", `{"contentType":"image/jpeg "}`, 422, "invalid_field", "/contentType"},
		"without a body":          {anna, "", ``, 400, "malformed_body", ""},
		"for a broken body":       {anna, "", `{"contentType":`, 400, "malformed_body", ""},
		"for an unknown field":    {anna, "", `{"contentType":"image/jpeg","size":1}`, 422, "unknown_field", "/size"},
		"for a wrong type":        {anna, "", `{"contentType":1}`, 422, "invalid_field", "/contentType"},
		"with too long a key": {
			anna, strings.Repeat("k", 129), jpegRequest, 400, "invalid_parameter", "header/Idempotency-Key",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := wantProblem(t, ticketFor(t, api, tt.uid, tt.key, tt.body), tt.status, tt.code)
			if tt.pointer != "" && (len(p.Fields) != 1 || p.Fields[0].Pointer != tt.pointer) {
				t.Errorf("fields %v, want the one %s", p.Fields, tt.pointer)
			}
			if strings.Contains(tt.body, "heic") && !strings.Contains(p.Detail, "HEIC") {
				t.Errorf("no hint on HEIC in %q", p.Detail)
			}
		})
	}
	t.Cleanup(func() { // after the sub-tests
		docs, err := e.fs.Collection("scans").Documents(context.WithoutCancel(t.Context())).GetAll()
		if err != nil || len(docs) > 0 {
			t.Errorf("%d scans were opened all the same (%v)", len(docs), err)
		}
	})
}

func TestTicketIsIdempotent(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	key := strings.Repeat("k", 128)
	opened := wantTicket(t, ticketFor(t, api, anna, key, jpegRequest), http.StatusCreated)

	t.Run("the same again is the same scan, signed anew", func(t *testing.T) {
		e.clock.advance(10 * time.Minute)
		again := wantTicket(t, ticketFor(t, api, anna, key, jpegRequest), http.StatusOK)
		want := opened.Scan
		want.UpdatedAt = httpapi.Time(e.clock.Now())
		if diff := cmp.Diff(want, again.Scan); diff != "" {
			t.Errorf("scan (-want +got):\n%s", diff)
		}
		if again.Upload == nil || again.Upload.ExpiresAt != httpapi.Time(e.clock.Now().Add(schema.TicketLife)) {
			t.Fatalf("ticket %+v is not for another 15 minutes", again.Upload)
		}
		if got := e.load(t, want.ID).TicketExpiresAt; !got.Equal(e.clock.Now().Add(schema.TicketLife)) {
			t.Errorf("the scan's ticket ends at %s", got)
		}
	})
	t.Run("another body is refused", func(t *testing.T) {
		before := e.load(t, opened.Scan.ID)
		wantProblem(t, ticketFor(t, api, anna, key, `{"contentType":"image/png"}`), 422, "idempotency_key_reused")
		if diff := cmp.Diff(before, e.load(t, opened.Scan.ID)); diff != "" {
			t.Errorf("the scan changed:\n%s", diff)
		}
	})
	t.Run("another key, and none, are other scans", func(t *testing.T) {
		seen := map[ID]bool{opened.Scan.ID: true}
		for _, key := range []string{"other", "", ""} {
			got := wantTicket(t, ticketFor(t, api, anna, key, jpegRequest), http.StatusCreated)
			if seen[got.Scan.ID] {
				t.Errorf("key %q got the scan of another", key)
			}
			seen[got.Scan.ID] = true
		}
	})
	t.Run("another user's same key is another scan", func(t *testing.T) {
		e.putBob(t)
		got := wantTicket(t, ticketFor(t, api, "bob", key, jpegRequest), http.StatusCreated)
		if got.Scan.ID == opened.Scan.ID {
			t.Error("it is the same scan")
		}
	})
	t.Run("the ticket may be used", func(t *testing.T) {
		if got := putPhoto(t, opened.Upload, "photo", nil); got.status != http.StatusOK {
			t.Fatalf("PUT: %v", got)
		}
	})
	t.Run("once the photo is taken there is no ticket any more", func(t *testing.T) {
		s := e.load(t, opened.Scan.ID)
		if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, e.photoOf(t, s))); err != nil {
			t.Fatal(err)
		}
		done := e.load(t, s.ID)
		e.clock.advance(time.Minute)
		again := wantTicket(t, ticketFor(t, api, anna, key, jpegRequest), http.StatusOK)
		if diff := cmp.Diff(done, e.load(t, s.ID)); diff != "" {
			t.Errorf("the finished scan changed:\n%s", diff)
		}
		if again.Upload != nil || again.Scan.ID != s.ID || again.Scan.State != Completed {
			t.Errorf("got %+v with ticket %v", again.Scan, again.Upload)
		}
	})
	t.Run("after the consent is withdrawn it is refused", func(t *testing.T) {
		e.setConsent(t, false, 2)
		wantProblem(t, ticketFor(t, api, anna, key, jpegRequest), 403, "consent_required")
	})
}

func TestTicketCannotBeSigned(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI(func(u *Uploads) {
		u.Signing.PrivateKey = nil
		u.Signing.SignBytes = func([]byte) ([]byte, error) { return nil, errors.New("IAM is away") }
	})
	p := wantProblem(t, ticketFor(t, api, anna, "key", jpegRequest), 503, "unavailable")
	if strings.Contains(p.Detail, "IAM") {
		t.Errorf("the cause is shown: %q", p.Detail)
	}
	wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "key", jpegRequest), http.StatusOK) // the scan waits for the next try
}
