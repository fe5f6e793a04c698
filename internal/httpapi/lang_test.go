package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/sentence"
)

// The language of an account that has been read comes before that of the header.
func TestLang(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path, accept string
		locales      []string
		want         sentence.Lang
	}{
		"nothing read":               {"/user", "de", nil, sentence.German},
		"an account in German":       {"/user", "en", []string{"de-AT"}, sentence.German},
		"an account in English":      {"/user", "de", []string{"en"}, sentence.English},
		"an account without one":     {"/user", "de", []string{""}, sentence.German},
		"one of another language":    {"/user", "fr, de", []string{"pt-BR"}, sentence.German},
		"neither":                    {"/user", "fr", []string{"pt-BR"}, sentence.English},
		"read again after a change":  {"/user", "en", []string{"de", "pt-BR"}, sentence.English},
		"a route that has no caller": {"/public", "en", []string{"de"}, sentence.English},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := httpapi.New(httpapi.Options{Verifier: &fakeVerifier{token: httpapi.Token{UID: "u1"}}})
			answer := func(w http.ResponseWriter, r *http.Request) error {
				for _, locale := range tt.locales {
					sentence.Speak(r.Context(), locale)
				}
				return httpapi.WriteIn(w, http.StatusOK, sentence.OfAnswer(r), map[string]string{})
			}
			api.Handle("GET /user", httpapi.User, answer)
			api.Handle("GET /public", httpapi.Open, answer)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, nil)
			r.Header.Set("Authorization", "Bearer abc")
			r.Header.Set("Accept-Language", tt.accept)
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			got := w.Header()
			if got.Get("Content-Language") != string(tt.want) || got.Get("Vary") != "Accept-Language" {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}
