package emulator

import (
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator/machine"
)

// question is a request for all users as a browser of this machine sends it, and what is answered.
type question struct {
	host, origin string // "" is the address, and no page
	want         int
}

// TestAuth_refusesPages asks for all users and their passwords, as any page may that is open in a
// browser of this machine.
func TestAuth_refusesPages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts Options
		asks map[string]question
	}{
		"by default": {asks: map[string]question{
			"a program":                          {"", "", http.StatusOK},
			"a page of this machine":             {"", "http://localhost:5173", http.StatusOK},
			"a page of its address":              {"", "http://127.0.0.1:5173", http.StatusOK},
			"a page without port":                {"", "http://localhost", http.StatusOK},
			"localhost":                          {"localhost:9099", "", http.StatusOK},
			"Android's emulator":                 {"10.0.2.2:9099", "", http.StatusOK},
			"its own page there":                 {"10.0.2.2:9099", "http://10.0.2.2:9099", http.StatusOK},
			"a page of the internet":             {"", "https://evil.example", http.StatusForbidden},
			"a page of a name that begins so":    {"", "http://localhost.evil.example", http.StatusForbidden},
			"a page of a frame without origin":   {"", "null", http.StatusForbidden},
			"a name that is turned to 127.0.0.1": {"evil.example:9099", "", http.StatusMisdirectedRequest},
			"a page of such a name":              {"evil.example", "http://evil.example", http.StatusMisdirectedRequest},
			"an address that is none of its":     {"192.168.1.20:9099", "", http.StatusMisdirectedRequest},
		}},
		"with origins of its own": {
			opts: Options{Origins: []string{"https://A.test", "http://*.b.test"}},
			asks: map[string]question{
				"its own page":           {"127.0.0.1:9099", "http://127.0.0.1:9099", http.StatusOK},
				"an origin":              {"", "https://a.test", http.StatusOK},
				"one of many":            {"", "http://x.b.test", http.StatusOK},
				"a page of this machine": {"", "http://localhost:5173", http.StatusForbidden},
				"an origin's beginning":  {"", "http://.b.test.evil.example", http.StatusForbidden},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asksAuth(t, tt.opts, tt.asks)
		})
	}
}

func asksAuth(t *testing.T, opts Options, asks map[string]question) {
	t.Helper()
	opts.Progress = t.Output()
	s, err := start(t.Context(), freshMachine(), opts, machine.Auth)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	at := "http://" + s.hosts[Auth] +
		"/identitytoolkit.googleapis.com/v1/projects/" + DefaultProject + "/accounts:batchGet"
	for name, a := range asks {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodOptions} {
				req, err := http.NewRequestWithContext(t.Context(), method, at, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = a.host
				req.Header.Set("Authorization", "Bearer owner")
				if a.origin != "" {
					req.Header.Set("Origin", a.origin)
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				want := a.want
				if method == http.MethodOptions && want == http.StatusOK {
					want = http.StatusNoContent
				}
				readable := resp.Header.Get("Access-Control-Allow-Origin") != ""
				if resp.StatusCode != want || readable && a.want != http.StatusOK {
					t.Errorf("%s: %s, a page may read it: %t", method, resp.Status, readable)
				}
			}
		})
	}
}
