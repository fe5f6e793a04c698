package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/local/faults"
)

// delivery returns the delivery of an event to a function, as package pusher posts it.
func delivery(t *testing.T, function, id, message string) *http.Request {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"message": map[string]any{"attributes": map[string]string{"id": id}, "messageId": message},
	})
	if err != nil {
		t.Fatal(err)
	}
	return httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events/"+function, bytes.NewReader(body))
}

// serve sends one delivery through h and returns the status.
func serve(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// recorder counts the events that it handles, and answers 204.
type recorder struct {
	mu      sync.Mutex
	handled []string
}

func (e *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var push struct {
		Message struct{ Attributes map[string]string }
	}
	raw, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(raw, &push)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handled = append(e.handled, push.Message.Attributes["id"])
	w.WriteHeader(http.StatusNoContent)
}

func events(rates faults.Rates) faults.Spec { return faults.Spec{faults.Events: rates} }

func TestHandler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rates  faults.Rates
		status int
		times  int
		counts map[faults.Kind]int
	}{
		"no fault":       {status: 204, times: 1},
		"handled twice":  {faults.Rates{Dup: 1}, 204, 2, map[faults.Kind]int{faults.Dup: 1}},
		"an answer lost": {faults.Rates{Drop: 1}, 503, 1, map[faults.Kind]int{faults.Drop: 1}},
		"refused unseen": {faults.Rates{Fail: 1}, 503, 0, map[faults.Kind]int{faults.Fail: 1}},
		"twice, and answers lost": {
			faults.Rates{Dup: 1, Drop: 1}, 503, 2, map[faults.Kind]int{faults.Dup: 1, faults.Drop: 1},
		},
		"refused rather than handled twice": {faults.Rates{Dup: 1, Fail: 1}, 503, 0, map[faults.Kind]int{faults.Fail: 1}},
		"nothing to kill":                   {faults.Rates{Crash: 1}, 204, 1, map[faults.Kind]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got recorder
			i := faults.New(events(c.rates), 1)
			status := serve(i.Handler(&got), delivery(t, "rank", "a", "1"))
			if status != c.status || len(got.handled) != c.times {
				t.Errorf("status %d, handled %d times, want %d and %d", status, len(got.handled), c.status, c.times)
			}
			if diff := cmp.Diff(c.counts, i.Counts()[faults.Events], cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDraw_doesNotDependOnTheOrder has requests come in two orders. The n-th with a key has the
// same fate in both, whatever came in between.
func TestDraw_doesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	spec, err := faults.Parse("dup=.3,drop=.3,5xx=.3,reorder=.3,slow=1s")
	if err != nil {
		t.Fatal(err)
	}
	type request struct {
		seam faults.Seam
		key  string
	}
	fates := func(requests []request) map[request][]faults.Fate {
		all, i := map[request][]faults.Fate{}, faults.New(spec, 7)
		for _, r := range requests {
			all[r] = append(all[r], i.Draw(r.seam, r.key))
		}
		return all
	}
	rapid.Check(t, func(t *rapid.T) {
		requests := rapid.SliceOf(rapid.Custom(func(t *rapid.T) request {
			seam := rapid.SampledFrom(faults.Seams()).Draw(t, "seam")
			return request{seam, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")}
		})).Draw(t, "requests")
		other := rapid.Permutation(requests).Draw(t, "another order")
		if diff := cmp.Diff(fates(requests), fates(other)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHandler_knowsAnEventByItsID(t *testing.T) {
	t.Parallel()
	statuses := func(seed uint64, function, ids, messages string) (all []int) {
		h := faults.New(events(faults.Rates{Fail: .5}), seed).Handler(&recorder{})
		for n := range 64 {
			all = append(all, serve(h, delivery(t, function, fmt.Sprintf(ids, n), fmt.Sprintf(messages, n))))
		}
		return all
	}
	one := statuses(1, "rank", "event-%d", "%d")
	if diff := cmp.Diff(one, statuses(1, "rank", "event-%d", "published again %d")); diff != "" {
		t.Errorf("an event's fate depends on its message: %s", diff)
	}
	for what, other := range map[string][]int{
		"two seeds":     statuses(2, "rank", "event-%d", "%d"),
		"two events":    statuses(1, "rank", "other-%d", "%d"),
		"two functions": statuses(1, "notify", "event-%d", "%d"),
	} {
		if cmp.Equal(one, other) {
			t.Errorf("%s share their numbers", what)
		}
	}
	if cmp.Equal(statuses(1, "rank", "one%.0d", "%d")[1:], statuses(1, "rank", "one%.0d", "%d")[:63]) {
		t.Error("each attempt of an event has the same fate")
	}
}

// TestDraw_isAsFrequentAsSaid counts the faults of 20,000 requests. The bounds are five standard
// deviations of the binomial distribution.
func TestDraw_isAsFrequentAsSaid(t *testing.T) {
	t.Parallel()
	const n, share, bound = 20_000, .2, 283
	i := faults.New(faults.Spec{faults.Mail: {Drop: share}}, 3)
	for k := range n {
		i.Draw(faults.Mail, fmt.Sprintf("user-%d@example.com", k))
	}
	if got := i.Counts()[faults.Mail][faults.Drop]; got < share*n-bound || got > share*n+bound {
		t.Errorf("%d of %d, want %.0f ± %d", got, n, share*n, bound)
	}
}

func TestHandler_reorders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got recorder
		i := faults.New(events(faults.Rates{Reorder: 1}), 1)
		h := i.Handler(&got)
		var all sync.WaitGroup
		all.Go(func() { serve(h, delivery(t, "rank", "first", "1")) })
		synctest.Wait() // it is held
		i.Set(nil)
		serve(h, delivery(t, "notify", "elsewhere", "2"))
		serve(h, delivery(t, "rank", "second", "3"))
		all.Wait()
		if diff := cmp.Diff([]string{"elsewhere", "second", "first"}, got.handled); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff("events: reorder 1\n", i.Counts().String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHandler_holdsNothingForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, began := faults.New(events(faults.Rates{Reorder: 1}), 1), time.Now()
		status := serve(i.Handler(&recorder{}), delivery(t, "rank", "alone", "1"))
		if took := time.Since(began); status != 204 || took != 2*time.Second {
			t.Errorf("%d after %s, want 204 after 2s", status, took)
		}
		if said := i.Counts().String(); said != "" {
			t.Errorf("nothing has overtaken it, and the counts are %q", said)
		}
	})
}

func TestHandler_waitsForPubSub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := faults.New(faults.Spec{faults.PubSub: {Away: time.Hour}}, 1)
		i.Set(faults.Spec{faults.PubSub: {Away: time.Minute}})
		began := time.Now()
		status := serve(i.Handler(&recorder{}), delivery(t, "rank", "a", "1"))
		if took := time.Since(began); status != 204 || took != time.Minute {
			t.Errorf("%d after %s, want 204 after a minute", status, took)
		}
		if diff := cmp.Diff("pubsub: away 1\n", i.Counts().String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDraw_away(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := faults.New(faults.Spec{faults.Firestore: {Away: time.Minute, Slow: time.Second}}, 1)
		i.Pause()
		paused := i.Draw(faults.Firestore, "x")
		faults.Wait(t.Context(), time.Hour)
		i.Resume()
		first := i.Draw(faults.Firestore, "x")
		faults.Wait(t.Context(), time.Minute)
		after := i.Draw(faults.Firestore, "x")
		want := []faults.Fate{{}, {Refused: faults.Away}}
		if diff := cmp.Diff(want, []faults.Fate{paused, first}); diff != "" {
			t.Error(diff)
		}
		if after.Refused != "" || after.Slow == 0 {
			t.Errorf("after the minute: %+v", after)
		}
	})
}

func TestSet(t *testing.T) {
	t.Parallel()
	i := faults.New(events(faults.Rates{Fail: 1}), 1)
	h := i.Handler(&recorder{})
	before := serve(h, delivery(t, "rank", "a", "1"))
	i.Set(faults.Spec{})
	if diff := cmp.Diff([]int{503, 204}, []int{before, serve(h, delivery(t, "rank", "b", "2"))}); diff != "" {
		t.Error(diff)
	}
}
