package emulator

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/crossorigin"
)

const (
	page    = "http://localhost:5173"
	foreign = "https://evil.example"
)

func TestPreflight(t *testing.T) {
	s := newStorageTest(t)
	put := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	ask := func(t *testing.T, origin, method, headers string) http.Header {
		t.Helper()
		resp, body := s.send(t, http.MethodOptions, put, nil, "Origin:"+origin,
			"Access-Control-Request-Method:"+method, "Access-Control-Request-Headers:"+headers)
		want(t, resp, body, http.StatusOK, "")
		return resp.Header
	}
	if got := ask(t, page, "PUT", "").Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a bucket without rules admits %q", got)
	}
	s.Admit(testBucket, []string{"http://localhost:*"}, crossorigin.Uploads())
	const sent = "content-type,x-goog-content-length-range,x-goog-if-generation-match,x-goog-meta-owner"
	for _, tt := range []struct {
		name, origin, method, headers string
		admitted                      bool
	}{
		{"a photo with the headers of a ticket", page, "PUT", sent, true},
		{"an original", page, "GET", "", true},
		{"the original's size", page, "HEAD", "", true},
		{"a foreign page", foreign, "PUT", sent, false},
		{"a foreign page whose name begins alike", "http://localhost.evil.example", "PUT", sent, false},
		{"no page's own origin", "null", "PUT", sent, false},
		{"a header that production's bucket does not list", page, "PUT", "x-goog-acl", false},
		{"a method that it does not list", page, "DELETE", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := ask(t, tt.origin, tt.method, tt.headers)
			got := h.Get("Access-Control-Allow-Origin")
			if tt.admitted && (got != tt.origin || h.Get("Access-Control-Allow-Methods") != tt.method ||
				h.Get("Access-Control-Allow-Headers") != tt.headers || h.Get("Access-Control-Max-Age") != "3600") {
				t.Errorf("not admitted: %v", h)
			}
			if !tt.admitted && got != "" {
				t.Errorf("admitted: %v", h)
			}
		})
	}
}

func TestReadByPage(t *testing.T) {
	s := newStorageTest(t)
	s.Admit(testBucket, []string{page}, crossorigin.Uploads())
	s.write(t, "0123456789")
	get := s.sign(t, http.MethodGet, "")
	for origin, told := range map[string]http.Header{
		page: {
			"Access-Control-Allow-Origin": {page},
			"Access-Control-Expose-Headers": {"Content-Type, X-Goog-Content-Length-Range, X-Goog-If-Generation-Match, " +
				"X-Goog-Meta-Owner, X-Goog-Meta-Traceparent"},
		},
		foreign: {},
	} {
		resp, body := s.send(t, http.MethodGet, get, nil, "Origin:"+origin)
		want(t, resp, body, http.StatusOK, "")
		if diff := cmp.Diff(told, corsOf(resp.Header)); diff != "" {
			t.Errorf("from %s (-want +got):\n%s", origin, diff)
		}
	}
}
