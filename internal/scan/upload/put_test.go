package upload_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
)

func TestPutWithTheTicket(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	for _, contentType := range scan.ContentTypes {
		t.Run("a photo of type "+contentType+" gets there whole", func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"contentType":%q}`, contentType)
			opened := scantest.WantTicket(t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", body), http.StatusCreated)
			if got := scantest.PutPhoto(t, opened.Upload, "a photo", nil); got != (scantest.PutAnswer{Status: 200}) {
				t.Fatalf("PUT: %v", got)
			}
			object := e.Uploads.Object(scan.PhotoName(scantest.Anna, opened.Scan.ID))
			attrs, err := object.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if attrs.ContentType != contentType || attrs.Metadata["owner"] != "anna" {
				t.Errorf("stored as %s with %v", attrs.ContentType, attrs.Metadata)
			}
			if diff := cmp.Diff("a photo", scantest.ContentOf(t, object)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPutBesideTheTicket_isRefused(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	without := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del(name) }
	}
	tests := map[string]struct {
		body   string
		change func(*http.Request)
		want   scantest.PutAnswer
	}{
		"with another content type": {
			"x", header("Content-Type", "text/html"), scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"},
		},
		"without a content type": {
			"x", without("Content-Type"), scantest.PutAnswer{Status: 400, Code: "MalformedSecurityHeader"},
		},
		"empty": {"", nil, scantest.PutAnswer{Status: 400, Code: "EntityTooSmall"}},
		"a byte too large": {
			strings.Repeat("x", scan.MaxBytes+1), nil, scantest.PutAnswer{Status: 400, Code: "EntityTooLarge"},
		},
		"too large with a larger limit": {
			"x", header("X-Goog-Content-Length-Range", "1,999999999"),
			scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"},
		},
		"without the limit": {
			"x", without("X-Goog-Content-Length-Range"), scantest.PutAnswer{Status: 400, Code: "MalformedSecurityHeader"},
		},
		"allowed to overwrite": {
			"x", without("X-Goog-If-Generation-Match"), scantest.PutAnswer{Status: 400, Code: "MalformedSecurityHeader"},
		},
		"for another owner": {
			"x", header("X-Goog-Meta-Owner", "bob"), scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"},
		},
		"with more metadata": {
			"x", header("X-Goog-Meta-More", "m"), scantest.PutAnswer{Status: 400, Code: "MalformedSecurityHeader"},
		},
		"to another user's path": {"x", func(r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "/anna/", "/bob/", 1)
		}, scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"}},
		"with a longer life": {"x", func(r *http.Request) {
			changeQuery(r.URL, "X-Goog-Expires", "604800")
		}, scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"}},
		"with another signature": {"x", func(r *http.Request) {
			changeQuery(r.URL, "X-Goog-Signature", strings.Repeat("ab", 256))
		}, scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"}},
		"without a signature": {
			"x", func(r *http.Request) { r.URL.RawQuery = "" }, scantest.PutAnswer{Status: 403, Code: "AccessDenied"},
		},
		"by another method": {
			"x", func(r *http.Request) { r.Method = http.MethodDelete },
			scantest.PutAnswer{Status: 403, Code: "SignatureDoesNotMatch"},
		},
	}
	e := scantest.New(t)
	api := e.UploadAPI()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened := scantest.WantTicket(
				t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
			)
			if got := scantest.PutPhoto(t, opened.Upload, tt.body, tt.change); got != tt.want {
				t.Errorf("PUT: %v, want %v", got, tt.want)
			}
			if g := e.PhotoOf(t, scan.Scan{UID: scantest.Anna, ID: opened.Scan.ID}); g != 0 {
				t.Errorf("the object is there, generation %d", g)
			}
			if got := scantest.PutPhoto(t, opened.Upload, "x", nil); got.Status != http.StatusOK {
				t.Errorf("the ticket itself does not hold any more: %v", got)
			}
		})
	}
}

func changeQuery(u *url.URL, name, value string) {
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
}

func TestPutOfTheLargestPhoto(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
	)
	if got := scantest.PutPhoto(t, opened.Upload, strings.Repeat("x", scan.MaxBytes), nil); got.Status != http.StatusOK {
		t.Errorf("PUT of %d bytes: %v", scan.MaxBytes, got)
	}
}

func TestPutAfterTheTicketsEnd(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated,
	)
	e.Clock.Advance(schema.TicketLife + time.Second)
	if got := scantest.PutPhoto(t, opened.Upload, "x", nil); got != (scantest.PutAnswer{
		Status: 400, Code: "ExpiredToken",
	}) {
		t.Errorf("PUT: %v, want ExpiredToken", got)
	}
	again := scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), http.StatusOK)
	if got := scantest.PutPhoto(t, again.Upload, "x", nil); got.Status != http.StatusOK {
		t.Errorf("PUT with the renewed ticket: %v", got)
	}
}

// A ticket is good for one object at a time: while the photo is there a second PUT changes nothing,
// and what is put after its deletion is deleted by its own notification.
func TestTicketUsedAgain(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	a := e.Analyzer(scantest.Measure)
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
	)
	s := e.Load(t, opened.Scan.ID)
	if got := scantest.PutPhoto(t, opened.Upload, "first", nil); got.Status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	generation := e.PhotoOf(t, s)
	if got := scantest.PutPhoto(t, opened.Upload, "second", nil); got != (scantest.PutAnswer{
		Status: 412, Code: "PreconditionFailed",
	}) {
		t.Errorf("second PUT: %v, want 412", got)
	}
	if got := e.PhotoOf(t, s); got != generation {
		t.Fatalf("the second PUT replaced generation %d by %d", generation, got)
	}
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	done := e.Load(t, s.ID)

	if err := e.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := scantest.PutPhoto(t, opened.Upload, "third", nil); got.Status != http.StatusOK {
		t.Fatalf("PUT after the deletion: %v", got)
	}
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, e.PhotoOf(t, s))); err != nil {
		t.Fatal(err)
	}
	if g := e.PhotoOf(t, s); g != 0 {
		t.Errorf("generation %d was not deleted", g)
	}
	if diff := cmp.Diff(done, e.Load(t, s.ID)); diff != "" {
		t.Errorf("the finished scan changed:\n%s", diff)
	}
	if !e.ResultsOf(t, s) {
		t.Error("the report is gone")
	}
}

// Many use one ticket at once: one photo is kept, the others hear that there is one.
func TestTicketUsedAtOnce(t *testing.T) {
	t.Parallel()
	const puts = 8
	e := scantest.New(t)
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
	)
	answers := make(chan scantest.PutAnswer, puts)
	for i := range puts {
		body := bytes.Repeat([]byte{byte('a' + i)}, 1000)
		go func() { answers <- scantest.PutPhoto(t, opened.Upload, string(body), nil) }()
	}
	got := map[scantest.PutAnswer]int{}
	for range puts {
		got[scantest.Receive(t, answers, "a PUT")]++
	}
	want := map[scantest.PutAnswer]int{{Status: 200}: 1, {Status: 412, Code: "PreconditionFailed"}: puts - 1}
	if !maps.Equal(want, got) {
		t.Errorf("answers %v, want %v", got, want)
	}
}
