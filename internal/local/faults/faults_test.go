package faults_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/faults"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want faults.Spec
		err  string
	}{
		"none": {},
		"all": {
			text: "dup=.2, drop=.05,slow=200ms,5xx=1,crash=.02",
			want: faults.Spec{Dup: .2, Drop: .05, Fail: 1, Slow: 200 * time.Millisecond, Crash: .02},
		},
		"an unknown name":  {text: "dupe=.2", err: `no fault "dupe"`},
		"an empty field":   {text: "dup=.2,", err: `no fault ""`},
		"a name twice":     {text: "dup=.2,dup=.3", err: `"dup" is given twice`},
		"no value":         {text: "drop", err: `fault drop: "" is no share`},
		"above one":        {text: "5xx=5", err: `fault 5xx: "5" is no share`},
		"below zero":       {text: "dup=-.1", err: `fault dup: "-.1" is no share`},
		"not a number":     {text: "dup=NaN", err: `fault dup: "NaN" is no share`},
		"no unit":          {text: "slow=200", err: `fault slow: "200" is no duration`},
		"too slow":         {text: "slow=11s", err: `fault slow: "11s" is no duration`},
		"a negative delay": {text: "slow=-1s", err: `fault slow: "-1s" is no duration`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := faults.Parse(c.text)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("Parse(%q): %v, want an error with %q", c.text, err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// serve sends one request with a body through h and returns the status.
func serve(t *testing.T, h http.Handler) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("event")))
	return w.Code
}

// recorder returns a handler that answers 204 and keeps the bodies it gets.
func recorder(bodies *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*bodies = append(*bodies, string(body))
		w.WriteHeader(http.StatusNoContent)
	})
}

func TestHandler(t *testing.T) {
	for name, c := range map[string]struct {
		spec   faults.Spec
		status int
		bodies []string
	}{
		"no fault":                {status: 204, bodies: []string{"event"}},
		"handled twice":           {spec: faults.Spec{Dup: 1}, status: 204, bodies: []string{"event", "event"}},
		"an answer lost":          {spec: faults.Spec{Drop: 1}, status: 503, bodies: []string{"event"}},
		"refused unseen":          {spec: faults.Spec{Fail: 1}, status: 503},
		"twice, and answers lost": {spec: faults.Spec{Dup: 1, Drop: 1}, status: 503, bodies: []string{"event", "event"}},
	} {
		t.Run(name, func(t *testing.T) {
			var bodies []string
			status := serve(t, faults.New(c.spec, 1).Handler("scan", recorder(&bodies)))
			if diff := cmp.Diff(c.status, status); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.bodies, bodies); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeeds(t *testing.T) {
	statuses := func(seed uint64, seam string) (all []int) {
		var bodies []string
		h := faults.New(faults.Spec{Fail: .5}, seed).Handler(seam, recorder(&bodies))
		for range 64 {
			all = append(all, serve(t, h))
		}
		return all
	}
	if diff := cmp.Diff(statuses(1, "scan"), statuses(1, "scan")); diff != "" {
		t.Errorf("one seed gave two runs: %s", diff)
	}
	if cmp.Equal(statuses(1, "scan"), statuses(2, "scan")) {
		t.Error("two seeds gave one run")
	}
	if cmp.Equal(statuses(1, "scan"), statuses(1, "notify")) {
		t.Error("two seams share their numbers")
	}
}

func TestSet(t *testing.T) {
	var bodies []string
	i := faults.New(faults.Spec{Fail: 1}, 1)
	h := i.Handler("scan", recorder(&bodies))
	before := serve(t, h)
	i.Set(faults.Spec{})
	if diff := cmp.Diff([]int{503, 204}, []int{before, serve(t, h)}); diff != "" {
		t.Error(diff)
	}
}
