package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/facescan/facescan/internal/httpapi"
)

func TestClientIP(t *testing.T) {
	t.Parallel()
	const balancer = "169.254.1.1:80"
	for name, tt := range map[string]struct {
		told      []string
		forwarded string
		peer      string
		want      string
	}{
		"behind the load balancer":     {[]string{"198.51.100.7"}, "", balancer, "198.51.100.7"},
		"by IPv6":                      {[]string{"2001:db8::7"}, "", balancer, "2001:db8::7"},
		"by IPv4 within IPv6":          {[]string{"::ffff:198.51.100.7"}, "", balancer, "198.51.100.7"},
		"with forged hops":             {[]string{"198.51.100.7"}, "1.1.1.1, 2.2.2.2", balancer, "198.51.100.7"},
		"a header that was added to":   {[]string{"1.1.1.1,198.51.100.7"}, "", balancer, "invalid IP"},
		"a second header":              {[]string{"1.1.1.1", "198.51.100.7"}, "", balancer, "invalid IP"},
		"no address where one belongs": {[]string{"{client_ip_address}"}, "", balancer, "invalid IP"},
		"nothing where one belongs":    {[]string{""}, "", balancer, "invalid IP"},
		"directly":                     {nil, "", "198.51.100.7:4711", "198.51.100.7"},
		"directly by IPv6":             {nil, "", "[2001:db8::7]:4711", "2001:db8::7"},
		"directly, with forged hops":   {nil, "1.1.1.1, 2.2.2.2", "198.51.100.7:4711", "198.51.100.7"},
		"directly, from no address":    {nil, "", "pipe", "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			for _, value := range tt.told {
				r.Header.Add(httpapi.HeaderClient, value)
			}
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			r.RemoteAddr = tt.peer
			if got := httpapi.ClientIP(r).String(); got != tt.want {
				t.Errorf("client = %s, want %s", got, tt.want)
			}
		})
	}
}
