package scan

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/schema"
)

// putAnswer is what the storage says to a PUT, code "" on success.
type putAnswer struct {
	status int
	code   string
}

var xmlCode = regexp.MustCompile(`<Code>(\w+)</Code>`)

// putPhoto uploads as the ticket says, but for the change.
func putPhoto(t *testing.T, ticket *Ticket, body string, change func(*http.Request)) putAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), ticket.Method, ticket.URL, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return putAnswer{}
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
		return putAnswer{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	answer := putAnswer{status: resp.StatusCode}
	if found := xmlCode.FindSubmatch(text); found != nil {
		answer.code = string(found[1])
	}
	return answer
}

func TestPutWithTheTicket(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, contentType := range ContentTypes {
		t.Run("a photo of type "+contentType+" gets there whole", func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"contentType":%q}`, contentType)
			opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", body), http.StatusCreated)
			if got := putPhoto(t, opened.Upload, "a photo", nil); got != (putAnswer{status: 200}) {
				t.Fatalf("PUT: %v", got)
			}
			object := e.uploads.Object(PhotoName(anna, opened.Scan.ID))
			attrs, err := object.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if attrs.ContentType != contentType || attrs.Metadata["owner"] != "anna" {
				t.Errorf("stored as %s with %v", attrs.ContentType, attrs.Metadata)
			}
			if diff := cmp.Diff("a photo", contentOf(t, object)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func contentOf(t *testing.T, object *storage.ObjectHandle) string {
	t.Helper()
	r, err := object.NewReader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPutBesideTheTicketIsRefused(t *testing.T) {
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
		want   putAnswer
	}{
		"with another content type": {"x", header("Content-Type", "text/html"), putAnswer{status: 403, code: "SignatureDoesNotMatch"}},
		"without a content type":    {"x", without("Content-Type"), putAnswer{status: 400, code: "MalformedSecurityHeader"}},
		"empty":                     {"", nil, putAnswer{status: 400, code: "EntityTooSmall"}},
		"a byte too large":          {strings.Repeat("x", MaxBytes+1), nil, putAnswer{status: 400, code: "EntityTooLarge"}},
		"too large with a larger limit": {
			"x", header("X-Goog-Content-Length-Range", "1,999999999"), putAnswer{status: 403, code: "SignatureDoesNotMatch"},
		},
		"without the limit": {"x", without("X-Goog-Content-Length-Range"), putAnswer{status: 400, code: "MalformedSecurityHeader"}},
		"allowed to overwrite": {
			"x", without("X-Goog-If-Generation-Match"), putAnswer{status: 400, code: "MalformedSecurityHeader"},
		},
		"for another owner":  {"x", header("X-Goog-Meta-Owner", "bob"), putAnswer{status: 403, code: "SignatureDoesNotMatch"}},
		"with more metadata": {"x", header("X-Goog-Meta-More", "m"), putAnswer{status: 400, code: "MalformedSecurityHeader"}},
		"to another user's path": {"x", func(r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "/anna/", "/bob/", 1)
		}, putAnswer{status: 403, code: "SignatureDoesNotMatch"}},
		"with a longer life": {"x", func(r *http.Request) {
			changeQuery(r.URL, "X-Goog-Expires", "604800")
		}, putAnswer{status: 403, code: "SignatureDoesNotMatch"}},
		"with another signature": {"x", func(r *http.Request) {
			changeQuery(r.URL, "X-Goog-Signature", strings.Repeat("ab", 256))
		}, putAnswer{status: 403, code: "SignatureDoesNotMatch"}},
		"without a signature": {"x", func(r *http.Request) { r.URL.RawQuery = "" }, putAnswer{status: 403, code: "AccessDenied"}},
		"by another method":   {"x", func(r *http.Request) { r.Method = http.MethodDelete }, putAnswer{status: 403, code: "SignatureDoesNotMatch"}},
	}
	e := newEnv(t)
	api := e.uploadsAPI()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened := wantTicket(t, ticketFor(t, api, anna, "", jpegRequest), http.StatusCreated)
			if got := putPhoto(t, opened.Upload, tt.body, tt.change); got != tt.want {
				t.Errorf("PUT: %v, want %v", got, tt.want)
			}
			if g := e.photoOf(t, Scan{UID: anna, ID: opened.Scan.ID}); g != 0 {
				t.Errorf("the object is there, generation %d", g)
			}
			if got := putPhoto(t, opened.Upload, "x", nil); got.status != http.StatusOK {
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
	e := newEnv(t)
	opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
	if got := putPhoto(t, opened.Upload, strings.Repeat("x", MaxBytes), nil); got.status != http.StatusOK {
		t.Errorf("PUT of %d bytes: %v", MaxBytes, got)
	}
}

func TestPutAfterTheTicketsEnd(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	opened := wantTicket(t, ticketFor(t, api, anna, "key", jpegRequest), http.StatusCreated)
	e.clock.advance(schema.TicketLife + time.Second)
	if got := putPhoto(t, opened.Upload, "x", nil); got != (putAnswer{status: 400, code: "ExpiredToken"}) {
		t.Errorf("PUT: %v, want ExpiredToken", got)
	}
	again := wantTicket(t, ticketFor(t, api, anna, "key", jpegRequest), http.StatusOK)
	if got := putPhoto(t, again.Upload, "x", nil); got.status != http.StatusOK {
		t.Errorf("PUT with the renewed ticket: %v", got)
	}
}

// A ticket is good for one object at a time: while the photo is there a second PUT changes nothing, and what is put
// after its deletion is deleted by its own notification.
func TestTicketUsedAgain(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a := e.analyzer(measure)
	opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
	s := e.load(t, opened.Scan.ID)
	if got := putPhoto(t, opened.Upload, "first", nil); got.status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	generation := e.photoOf(t, s)
	if got := putPhoto(t, opened.Upload, "second", nil); got != (putAnswer{status: 412, code: "PreconditionFailed"}) {
		t.Errorf("second PUT: %v, want 412", got)
	}
	if got := e.photoOf(t, s); got != generation {
		t.Fatalf("the second PUT replaced generation %d by %d", generation, got)
	}
	if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	done := e.load(t, s.ID)

	if err := e.uploads.Object(PhotoName(s.UID, s.ID)).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := putPhoto(t, opened.Upload, "third", nil); got.status != http.StatusOK {
		t.Fatalf("PUT after the deletion: %v", got)
	}
	if err := a.Handle(t.Context(), finalized(t, s, e.photoOf(t, s))); err != nil {
		t.Fatal(err)
	}
	if g := e.photoOf(t, s); g != 0 {
		t.Errorf("generation %d was not deleted", g)
	}
	if diff := cmp.Diff(done, e.load(t, s.ID)); diff != "" {
		t.Errorf("the finished scan changed:\n%s", diff)
	}
	if !e.resultsOf(t, s) {
		t.Error("the report is gone")
	}
}

// Many use one ticket at once: one photo is kept, the others hear that there is one.
func TestTicketUsedAtOnce(t *testing.T) {
	t.Parallel()
	const puts = 8
	e := newEnv(t)
	opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
	answers := make(chan putAnswer, puts)
	for i := range puts {
		body := bytes.Repeat([]byte{byte('a' + i)}, 1000)
		go func() { answers <- putPhoto(t, opened.Upload, string(body), nil) }()
	}
	got := map[putAnswer]int{}
	for range puts {
		got[receive(t, answers, "a PUT")]++
	}
	want := map[putAnswer]int{{status: 200}: 1, {status: 412, code: "PreconditionFailed"}: puts - 1}
	if !maps.Equal(want, got) {
		t.Errorf("answers %v, want %v", got, want)
	}
}
