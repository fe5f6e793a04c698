package deploy

import (
	"cmp"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/httpapi/health"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

// behind serves /health behind a balancer that changes the requests, or answers them itself.
func behind(t *testing.T, balancer func(http.ResponseWriter, *http.Request) (answered bool)) string {
	t.Helper()
	api := httpapi.New(httpapi.Options{LogKey: testkit.Ring(keys.ForLogs)})
	health.Routes(api, "", nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !balancer(w, r) {
			api.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestClientSeen(t *testing.T) {
	t.Parallel()
	closed := behind(t, func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusNotFound) // what Cloud Run answers to whom ingress does not admit
		return true
	})
	sets := func(_ http.ResponseWriter, r *http.Request) bool {
		r.Header.Set(httpapi.HeaderClient, "198.51.100.7")
		return false
	}
	for name, tt := range map[string]struct {
		balancer func(http.ResponseWriter, *http.Request) bool
		direct   string
		want     string
		skipped  bool
	}{
		"as it should be": {balancer: sets},
		"a balancer that adds": {
			balancer: func(_ http.ResponseWriter, r *http.Request) bool {
				r.Header.Add(httpapi.HeaderClient, "198.51.100.7")
				return false
			},
			want: "adds to the X-FaceScan-Client that a client sends",
		},
		"a balancer that leaves it": {
			balancer: func(_ http.ResponseWriter, r *http.Request) bool {
				r.Header.Set(httpapi.HeaderClient, cmp.Or(r.Header.Get(httpapi.HeaderClient), "198.51.100.7"))
				return false
			},
			want: "is who it says",
		},
		"a balancer that does not know": {
			balancer: func(_ http.ResponseWriter, r *http.Request) bool {
				r.Header.Del(httpapi.HeaderClient)
				return false
			},
			want: `take this machine for "127.0.0.1"`,
		},
		"a way around": {balancer: sets, direct: behind(t, sets), want: "answers around the balancer"},
		"no certificate yet": {
			balancer: func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusBadGateway)
				return true
			},
			want: "does not answer yet", skipped: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := clientSeen(t.Context(), behind(t, tt.balancer), cmp.Or(tt.direct, closed))
			if tt.want == "" && (err != nil || !strings.HasPrefix(found, "198.51.100.7")) {
				t.Errorf("%q, %v", found, err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("err = %v, want %q in it", err, tt.want)
			}
			finding := new(doctor.Finding)
			if skipped := errors.As(err, &finding) && finding.Kind == doctor.Skipped; skipped != tt.skipped {
				t.Errorf("skipped: %v", skipped)
			}
		})
	}
}
