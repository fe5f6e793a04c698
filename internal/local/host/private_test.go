package host

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForThisMachine(t *testing.T) {
	t.Parallel()
	served := forThisMachine(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, tt := range map[string]struct {
		method, host string
		header       map[string]string
		want         int
	}{
		"by address":            {method: http.MethodGet, host: "127.0.0.1:8080", want: http.StatusOK},
		"without port":          {method: http.MethodGet, host: "127.0.0.1", want: http.StatusOK},
		"by name":               {method: http.MethodGet, host: "localhost:8080", want: http.StatusOK},
		"another name":          {method: http.MethodGet, host: "a.example.com:8080", want: http.StatusMisdirectedRequest},
		"a name that begins so": {method: http.MethodGet, host: "localhost.example.com", want: http.StatusMisdirectedRequest},
		"no name":               {method: http.MethodGet, host: "", want: http.StatusMisdirectedRequest},
		"a program's post":      {method: http.MethodPost, host: "127.0.0.1:8080", want: http.StatusOK},
		"a page's post": {
			method: http.MethodPost, host: "127.0.0.1:8080", header: map[string]string{"Sec-Fetch-Site": "cross-site"},
			want: http.StatusForbidden,
		},
		"an old browser's post": {
			method: http.MethodPost, host: "127.0.0.1:8080", header: map[string]string{"Origin": "https://example.com"},
			want: http.StatusForbidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tt.method, "/view/mails", http.NoBody)
			r.Host = tt.host
			for key, value := range tt.header {
				r.Header.Set(key, value)
			}
			rec := httptest.NewRecorder()
			served.ServeHTTP(rec, r)
			if rec.Code != tt.want {
				t.Errorf("status %d, want %d", rec.Code, tt.want)
			}
		})
	}
}
