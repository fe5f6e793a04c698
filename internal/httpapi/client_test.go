package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/facescan/facescan/internal/httpapi"
)

func TestClientIP(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		forwarded []string
		peer      string
		want      string
	}{
		"behind the load balancer": {[]string{"198.51.100.7,203.0.113.1"}, "169.254.1.1:80", "198.51.100.7"},
		"with blanks":              {[]string{"198.51.100.7, 203.0.113.1"}, "169.254.1.1:80", "198.51.100.7"},
		"an element forged": {
			[]string{"1.1.1.1,198.51.100.7,203.0.113.1"}, "169.254.1.1:80", "198.51.100.7",
		},
		"rubbish forged": {
			[]string{"<script>,,198.51.100.7,203.0.113.1"}, "169.254.1.1:80", "198.51.100.7",
		},
		"a line of its own forged": {
			[]string{"1.1.1.1", "198.51.100.7,203.0.113.1"}, "169.254.1.1:80", "198.51.100.7",
		},
		"IPv6":                               {[]string{"2001:db8::7,203.0.113.1"}, "169.254.1.1:80", "2001:db8::7"},
		"no address where the client's is":   {[]string{"unknown,203.0.113.1"}, "169.254.1.1:80", "invalid IP"},
		"directly":                           {nil, "198.51.100.7:4711", "198.51.100.7"},
		"directly by IPv6":                   {nil, "[2001:db8::7]:4711", "2001:db8::7"},
		"directly, with one element forged":  {[]string{"1.1.1.1"}, "198.51.100.7:4711", "198.51.100.7"},
		"directly, from where nobody can be": {nil, "pipe", "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header["X-Forwarded-For"] = tt.forwarded
			r.RemoteAddr = tt.peer
			if got := httpapi.ClientIP(r).String(); got != tt.want {
				t.Errorf("client = %s, want %s", got, tt.want)
			}
		})
	}
}
