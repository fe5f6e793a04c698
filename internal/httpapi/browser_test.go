package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/httpapi"
)

// The section "Browsers" of the contract lists the headers of CORS.
func TestContract_saysWhatBrowsersMaySend(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(contract(t).Info.Description, "## Browsers\n")
	sent, section, _ := strings.Cut(section, ", and read ")
	read, _, _ := strings.Cut(section, "Cookies")
	quoted := func(text string) (all []string) {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		return all
	}
	const origin = "https://app.example.com"
	api := httpapi.New(httpapi.Options{Origins: []string{origin}})
	ask := func(method string, header ...string) http.Header {
		r := httptest.NewRequestWithContext(t.Context(), method, "/v1/me", nil)
		r.Header.Set("Origin", origin)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		return answer.Header()
	}
	for _, word := range quoted(sent) {
		preflight := []string{"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", strings.ToLower(word)}
		if word == strings.ToUpper(word) {
			preflight = []string{"Access-Control-Request-Method", word}
		}
		if ask(http.MethodOptions, preflight...).Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s is refused", word)
		}
	}
	exposed := strings.Split(ask(http.MethodGet).Get("Access-Control-Expose-Headers"), ", ")
	for i := range exposed {
		exposed[i] = http.CanonicalHeaderKey(exposed[i])
	}
	listed := quoted(read)
	for i := range listed {
		listed[i] = http.CanonicalHeaderKey(listed[i])
	}
	slices.Sort(exposed)
	slices.Sort(listed)
	if diff := cmp.Diff(listed, exposed); diff != "" {
		t.Errorf("headers that may be read (-contract +API):\n%s", diff)
	}
}
