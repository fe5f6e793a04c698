package contract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/httpapi/contract"
)

func get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	api := httpapi.New(httpapi.Options{})
	contract.Routes(api)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	from := io.Reader(resp.Body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		from = unpacked
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		media string
		text  []byte
	}{
		"/v1/openapi.yaml": {"application/yaml", httpapi.Contract()},
		"/v1/openapi.json": {"application/json", contract.JSON()},
	} {
		for accept, packed := range map[string]bool{
			"": false, "gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "identity": false,
		} {
			t.Run(path+" "+accept, func(t *testing.T) {
				t.Parallel()
				resp := get(t, path, "Accept-Encoding", accept)
				if got := resp.Header.Get("Content-Encoding") == "gzip"; got != packed {
					t.Errorf("packed: %v", got)
				}
				if media := resp.Header.Get("Content-Type"); media != want.media || !bytes.Equal(body(t, resp), want.text) {
					t.Errorf("%s, or another text", media)
				}
				tag := resp.Header.Get("ETag")
				again := get(t, path, "Accept-Encoding", accept, "If-None-Match", tag)
				if again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != tag || len(body(t, again)) > 0 {
					t.Errorf("asked again with %s: %d", tag, again.StatusCode)
				}
				if other := get(t, path, "Accept-Encoding", accept, "If-None-Match", `"x"`); other.StatusCode != http.StatusOK {
					t.Errorf("asked with another tag: %d", other.StatusCode)
				}
			})
		}
	}
}

// Both formats say the same.
func TestJSON(t *testing.T) {
	t.Parallel()
	decoded := func(text []byte) any {
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := doc.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(again, &value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if diff := cmp.Diff(decoded(httpapi.Contract()), decoded(contract.JSON())); diff != "" {
		t.Errorf("(-YAML +JSON):\n%s", diff)
	}
}
