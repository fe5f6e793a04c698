package host

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/faults"
)

func TestFaultsAreReadAndSet(t *testing.T) {
	t.Parallel()
	h := &Host{faults: faults.New(nil, 1)}
	for _, tt := range []struct {
		body, want string
		status     int
	}{
		{"dup=2", "is no share", http.StatusBadRequest},
		{strings.Repeat("x", maxFaults+1), "could not be read", http.StatusBadRequest},
		{"crash=.1,5xx=.2,slow=1s", "5xx=0.2,crash=0.1,slow=1s\n", http.StatusOK},
		{"", "\n", http.StatusOK},
	} {
		rec := httptest.NewRecorder()
		h.setFaults(rec, httptest.NewRequestWithContext(t.Context(), "POST", faultsPath, strings.NewReader(tt.body)))
		if got := rec.Body.String(); rec.Code != tt.status || !strings.Contains(got, tt.want) {
			t.Errorf("after %.20q: %d %q, want %d %q", tt.body, rec.Code, got, tt.status, tt.want)
		}
	}
}

func TestCrashKillsTheProcessThatIsStartedAgain(t *testing.T) {
	t.Parallel()
	c, _ := fronted(t, "serves")
	first, err := c.await(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{children: []*child{c}, faults: faults.New(faults.Spec{faults.Events: {Crash: 1}}, 1)}
	h.faults.OnCrash(h.crash)
	events := h.faults.Handler(front(h.children, func(a addresses) string { return a.Events }))
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "http://"+address.Loopback+"/", http.NoBody)
	events.ServeHTTP(rec, r)
	next, err := c.await(t.Context(), first)
	if err != nil || next.pid == first.pid {
		t.Errorf("after a crash: %v, %v", next, err)
	}
}
