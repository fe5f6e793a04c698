package upload_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testkit"
)

func TestTicket(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	w := scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest)
	got := scantest.WantTicket(t, w, http.StatusCreated)
	id := got.Scan.ID
	now := e.Clock.Now()
	want := scantest.TicketAnswer{
		Scan: scan.View{
			ID: id, State: scan.AwaitingUpload, Revision: 1, CreatedAt: httpapi.Time(now), UpdatedAt: httpapi.Time(now),
		},
		Upload: &upload.Ticket{
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
	if w.Header().Get("Location") != "/v1/scans/"+string(id) || !id.Valid() {
		t.Errorf("Location %q of scan %q", w.Header().Get("Location"), id)
	}
	u, err := url.Parse(got.Upload.URL)
	if err != nil || u.Path != "/uploads/uploads/anna/"+string(id) {
		t.Errorf("the URL is of %q (%v)", u.Path, err)
	}
	look := now.Add(scan.FirstLook)
	wantScan := scan.Scan{
		Schema: 1, ID: id, UID: scantest.Anna, ConsentEpoch: 1, State: scan.AwaitingUpload, Version: 1,
		ContentType:     "image/jpeg",
		Request:         testkit.Ring(keys.ForScans).ID(keys.Request, "anna", `{"contentType":"image/jpeg","sha256":""}`),
		TicketExpiresAt: now.Add(schema.TicketLife), CreatedAt: now, UpdatedAt: now, SweepAt: &look,
	}
	if diff := cmp.Diff(wantScan, e.Load(t, id)); diff != "" {
		t.Errorf("scan (-want +got):\n%s", diff)
	}
}

func TestTicketCarriesTheTrace(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	ticket, err := e.UploadHandler().Sign(telemetry.FromTraceparent(t.Context(), scantest.Traceparent), s)
	if err != nil {
		t.Fatal(err)
	}
	if got := scantest.PutPhoto(t, ticket, "photo", nil); got.Status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	attrs, err := e.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(
		map[string]string{"owner": "anna", "traceparent": scantest.Traceparent}, attrs.Metadata,
	); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestTicket_isRefused(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	e.PutUser(t, account.User{UID: "withdrawn", State: account.Active, ConsentEpoch: 2})
	e.PutUser(
		t, account.User{UID: "erasing", State: account.Erasing, ConsentEpoch: 1, Consent: account.Consent{Granted: true}},
	)
	granted := account.Consent{Granted: true}
	e.PutUser(t, account.User{UID: "ageless", State: account.Active, ConsentEpoch: 1, Consent: granted})
	e.PutUser(t, account.User{
		UID: "minor", State: account.Active, ConsentEpoch: 1, Consent: granted,
		BirthYear: e.Clock.Now().Year() - scantest.MinAge,
	})
	tests := map[string]struct {
		uid     account.UID
		key     string
		body    string
		status  int
		code    string
		pointer string
	}{
		"without consent":         {"withdrawn", "", scantest.JPEGRequest, 403, "consent_required", ""},
		"without a birth year":    {"ageless", "", scantest.JPEGRequest, 403, "birth_year_required", ""},
		"under age":               {"minor", "", scantest.JPEGRequest, 403, "under_age", ""},
		"not registered":          {"stranger", "", scantest.JPEGRequest, 403, "not_registered", ""},
		"being erased":            {"erasing", "", scantest.JPEGRequest, 403, "account_erasing", ""},
		"without a token":         {"", "", scantest.JPEGRequest, 401, "token_missing", ""},
		"for a HEIC photo":        {scantest.Anna, "", `{"contentType":"image/heic"}`, 422, "invalid_field", "/contentType"},
		"for no content type":     {scantest.Anna, "", `{}`, 422, "invalid_field", "/contentType"},
		"for a type with a space": {scantest.Anna, "", `{"contentType":"image/jpeg "}`, 422, "invalid_field", "/contentType"},
		"without a body":          {scantest.Anna, "", ``, 400, "malformed_body", ""},
		"for a broken body":       {scantest.Anna, "", `{"contentType":`, 400, "malformed_body", ""},
		"for an unknown field": {
			scantest.Anna, "", `{"contentType":"image/jpeg","size":1}`, 422, "unknown_field", "/size",
		},
		"for a wrong type": {scantest.Anna, "", `{"contentType":1}`, 422, "invalid_field", "/contentType"},
		"with too long a key": {
			scantest.Anna, strings.Repeat("k", 129), scantest.JPEGRequest, 400, "invalid_parameter", "header/Idempotency-Key",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := scantest.WantProblem(t, scantest.TicketFor(t, api, tt.uid, tt.key, tt.body), tt.status, tt.code)
			if tt.pointer != "" && (len(p.Fields) != 1 || p.Fields[0].String() != tt.pointer) {
				t.Errorf("fields %v, want the one %s", p.Fields, tt.pointer)
			}
			if strings.Contains(tt.body, "heic") && !strings.Contains(p.Detail, "HEIC") {
				t.Errorf("no hint on HEIC in %q", p.Detail)
			}
		})
	}
	t.Cleanup(func() { // after the sub-tests
		docs, err := e.Firestore.Collection("scans").Documents(context.WithoutCancel(t.Context())).GetAll()
		if err != nil || len(docs) > 0 {
			t.Errorf("%d scans were opened all the same (%v)", len(docs), err)
		}
	})
}

func TestTicket_isIdempotent(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	key := strings.Repeat("k", 128)
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, api, scantest.Anna, key, scantest.JPEGRequest), http.StatusCreated,
	)

	t.Run("the same again is the same scan, signed anew", func(t *testing.T) {
		e.Clock.Advance(10 * time.Minute)
		again := scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, key, scantest.JPEGRequest), http.StatusOK)
		want := opened.Scan
		want.UpdatedAt = httpapi.Time(e.Clock.Now())
		if diff := cmp.Diff(want, again.Scan); diff != "" {
			t.Errorf("scan (-want +got):\n%s", diff)
		}
		if again.Upload == nil || again.Upload.ExpiresAt != httpapi.Time(e.Clock.Now().Add(schema.TicketLife)) {
			t.Fatalf("ticket %+v is not for another 15 minutes", again.Upload)
		}
		if got := e.Load(t, want.ID).TicketExpiresAt; !got.Equal(e.Clock.Now().Add(schema.TicketLife)) {
			t.Errorf("the scan's ticket ends at %s", got)
		}
	})
	t.Run("another body is refused", func(t *testing.T) {
		before := e.Load(t, opened.Scan.ID)
		scantest.WantProblem(
			t, scantest.TicketFor(t, api, scantest.Anna, key, `{"contentType":"image/png"}`), 422, "idempotency_key_reused",
		)
		if diff := cmp.Diff(before, e.Load(t, opened.Scan.ID)); diff != "" {
			t.Errorf("the scan changed:\n%s", diff)
		}
	})
	t.Run("another key, and none, are other scans", func(t *testing.T) {
		seen := map[scan.ID]bool{opened.Scan.ID: true}
		for _, key := range []string{"other", "", ""} {
			got := scantest.WantTicket(
				t, scantest.TicketFor(t, api, scantest.Anna, key, scantest.JPEGRequest), http.StatusCreated,
			)
			if seen[got.Scan.ID] {
				t.Errorf("key %q got the scan of another", key)
			}
			seen[got.Scan.ID] = true
		}
	})
	t.Run("another user's same key is another scan", func(t *testing.T) {
		e.PutBob(t)
		got := scantest.WantTicket(t, scantest.TicketFor(t, api, "bob", key, scantest.JPEGRequest), http.StatusCreated)
		if got.Scan.ID == opened.Scan.ID {
			t.Error("it is the same scan")
		}
	})
	t.Run("the ticket may be used", func(t *testing.T) {
		if got := scantest.PutPhoto(t, opened.Upload, "photo", nil); got.Status != http.StatusOK {
			t.Fatalf("PUT: %v", got)
		}
	})
	t.Run("once the photo is taken there is no ticket any more", func(t *testing.T) {
		s := e.Load(t, opened.Scan.ID)
		if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, e.PhotoOf(t, s))); err != nil {
			t.Fatal(err)
		}
		done := e.Load(t, s.ID)
		e.Clock.Advance(time.Minute)
		again := scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, key, scantest.JPEGRequest), http.StatusOK)
		if diff := cmp.Diff(done, e.Load(t, s.ID)); diff != "" {
			t.Errorf("the finished scan changed:\n%s", diff)
		}
		if again.Upload != nil || again.Scan.ID != s.ID || again.Scan.State != scan.Completed {
			t.Errorf("got %+v with ticket %v", again.Scan, again.Upload)
		}
	})
	t.Run("after the consent is withdrawn it is refused", func(t *testing.T) {
		e.SetConsent(t, false, 2)
		scantest.WantProblem(t, scantest.TicketFor(t, api, scantest.Anna, key, scantest.JPEGRequest), 403, "consent_required")
	})
}

func TestTicket_cannotBeSigned(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI(func(u *upload.Handler) {
		u.Signing.PrivateKey = nil
		u.Signing.SignBytes = func([]byte) ([]byte, error) { return nil, errors.New("IAM is away") }
	})
	p := scantest.WantProblem(
		t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), 503, "unavailable",
	)
	if strings.Contains(p.Detail, "IAM") {
		t.Errorf("the cause is shown: %q", p.Detail)
	}
	// the scan waits for the next try
	scantest.WantTicket(t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "key", scantest.JPEGRequest), http.StatusOK)
}
