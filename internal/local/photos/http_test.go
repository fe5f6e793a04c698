package photos_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/facescan/facescan/internal/local/photos"
)

// get asks for a path, as the client of another host's name.
func get(t *testing.T, method, path string) (status int, header http.Header, body []byte) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	r.Host = "192.0.2.7:8080"
	rec := httptest.NewRecorder()
	photos.Before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "passed on")
	})).ServeHTTP(rec, r)
	return rec.Code, rec.Result().Header, rec.Body.Bytes()
}

func TestBefore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, path string
		status       int
		want         string // in the body
	}{
		"another path":            {http.MethodGet, "/v1/me", http.StatusOK, "passed on"},
		"a path that begins so":   {http.MethodGet, "/dev/photoset", http.StatusOK, "passed on"},
		"a path with two slashes": {http.MethodGet, "//dev/photos", http.StatusOK, "passed on"},
		"an unknown photo":        {http.MethodGet, "/dev/photos/none", http.StatusNotFound, `"code":"not_found"`},
		"no photo's name":         {http.MethodGet, "/dev/photos/", http.StatusNotFound, `"code":"not_found"`},
		"a path below a photo":    {http.MethodGet, "/dev/photos/completed/x", http.StatusNotFound, `"code":"not_found"`},
		"a post": {
			http.MethodPost, "/dev/photos", http.StatusMethodNotAllowed, `"code":"method_not_allowed"`,
		},
		"the head of a photo": {http.MethodHead, "/dev/photos/completed", http.StatusOK, ""},
		"the list, with its hosts": {
			http.MethodGet, "/dev/photos", http.StatusOK, `"http://192.0.2.7:8080/dev/photos/no_face"`,
		},
		"why there is none": {http.MethodGet, "/dev/photos", http.StatusOK, `"analysis_crashed"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, body := get(t, tt.method, tt.path)
			if status != tt.status || !bytes.Contains(body, []byte(tt.want)) || tt.want == "" && len(body) > 0 {
				t.Errorf("%d %.300s, want %d with %s", status, body, tt.status, tt.want)
			}
		})
	}
}

func TestBefore_photos(t *testing.T) {
	t.Parallel()
	_, _, body := get(t, http.MethodGet, photos.Path)
	var listed struct {
		Photos []struct{ Code, URL, ContentType string }
	}
	if err := json.Unmarshal(body, &listed); err != nil || len(listed.Photos) != len(photos.All()) {
		t.Fatalf("%d photos, %v", len(listed.Photos), err)
	}
	for code, kind := range map[string]string{
		"completed": "image/jpeg", "completed_webp": "image/webp", "content_type_mismatch": "image/png",
		"unsupported_format_heic": "image/heic",
	} {
		status, header, file := get(t, http.MethodGet, photos.Path+"/"+code)
		if status != http.StatusOK || header.Get("Content-Type") != kind || len(file) == 0 {
			t.Errorf("%s: %d %s, %d bytes", code, status, header.Get("Content-Type"), len(file))
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", code, name, got, want)
			}
		}
	}
}
