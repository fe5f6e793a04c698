package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/scripts/bench/single"
	"golang.org/x/sync/errgroup"
)

const (
	// inProcess is how many requests the allocations are the median of, and warmUp how many come
	// before them: the first one makes the function's clients.
	inProcess = 25
	warmUp    = 3
	// perSecond is for how many requests a second supplies are made.
	perSecond = 60
	// maxAnswer bounds what is kept of an answer that is not as it should be.
	maxAnswer = 300
)

// figures are what was measured of a route.
type figures struct {
	Operation string  `json:"operation"`
	Route     string  `json:"route"`
	Note      string  `json:"note,omitempty"`
	Requests  int     `json:"requests"`
	Failed    int     `json:"failed"`
	PerSecond float64 `json:"requestsPerSecond"`
	P50       float64 `json:"p50Ms"`
	P95       float64 `json:"p95Ms"`
	P99       float64 `json:"p99Ms"`
	// Allocs and AllocBytes are of one request: see [world.allocations].
	Allocs     uint64 `json:"allocs"`
	AllocBytes uint64 `json:"allocBytes"`
	// failure is the first answer that was none of the contract's successes.
	failure string
}

// supplied are a route's turns with all that they use up.
type supplied struct {
	people   []*person
	supplies []string
	most     int
}

func (s supplied) turn(n int) turn {
	t := turn{n: n, person: s.people[n%len(s.people)]}
	if len(s.supplies) > 0 {
		t.supply = s.supplies[n]
	}
	return t
}

// most returns the largest number of requests of the route that n users can make.
func (r route) mostOf(n int) int {
	most := math.MaxInt
	if r.perUser > 0 {
		most = n * r.perUser
	}
	if r.most > 0 {
		most = min(most, r.most)
	}
	return most
}

// measure asks for the route's operation: in this process first, then over loopback by all clients
// at the same time.
func (w *world) measure(ctx context.Context, r route, o options) (figures, error) {
	if err := w.settle(ctx); err != nil {
		return figures{}, err
	}
	turns, err := w.supplied(ctx, r, o)
	if err != nil {
		return figures{}, fmt.Errorf("prepare the requests: %w", err)
	}
	op := w.operations[r.operation]
	f := figures{Operation: r.operation, Route: op.method + " " + op.path, Note: r.note}
	used, err := w.allocations(ctx, r, turns, o, &f)
	if err != nil {
		return figures{}, err
	}
	return f, w.load(ctx, r, turns, used, o, &f)
}

// supplied returns the route's turns, with their supplies made.
func (w *world) supplied(ctx context.Context, r route, o options) (supplied, error) {
	s := supplied{people: w.people}
	if r.readers {
		s.people = w.readers
	}
	s.most = r.mostOf(len(s.people))
	if r.supply == nil {
		return s, nil
	}
	s.most = min(s.most, warmUp+inProcess+int(perSecond*o.seconds))
	supplies := make([]string, s.most)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.clients)
	for n := range supplies {
		group.Go(func() error {
			var err error
			supplies[n], err = r.supply(ctx, w, s.turn(n))
			return err
		})
	}
	err := group.Wait()
	s.supplies = supplies
	return s, err
}

// allocations measures what one request allocates, as the median over several that follow on each
// other and go to the function's handler without a network. That is all that the process allocates
// meanwhile, so the function's clients of the database and of Firebase are in it, and the local
// Cloud Storage where a photo goes there; the client's side of HTTP and the server's parsing of it
// are not. A slow route gets fewer requests. It returns how many turns it used.
func (w *world) allocations(ctx context.Context, r route, turns supplied, o options, f *figures) (used int, err error) {
	handler, ok := boot.Function(catalog.Owner(w.operations[r.operation].path).Name)
	if !ok {
		return 0, fmt.Errorf("nobody serves %s", r.operation)
	}
	var mallocs, bytes []uint64
	until := time.Now().Add(o.lasting)
	for used < min(warmUp+inProcess, turns.most/2) && ctx.Err() == nil && (used <= warmUp || time.Now().Before(until)) {
		req, err := w.request(ctx, r, turns.turn(used))
		if err != nil {
			return used, err
		}
		used++
		recorder := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		handler(recorder, req)
		runtime.ReadMemStats(&after)
		if recorder.Code >= http.StatusBadRequest {
			return used, fmt.Errorf("answered %d %.*s", recorder.Code, maxAnswer, recorder.Body)
		}
		if used > warmUp {
			mallocs, bytes = append(mallocs, after.Mallocs-before.Mallocs), append(bytes, after.TotalAlloc-before.TotalAlloc)
		}
	}
	f.Allocs, f.AllocBytes = single.Percentile(mallocs, 50), single.Percentile(bytes, 50)
	return used, ctx.Err()
}

// load has the clients ask, each as soon as it has its answer, until the time or the turns are used
// up.
func (w *world) load(ctx context.Context, r route, turns supplied, used int, o options, f *figures) error {
	transport := &http.Transport{MaxIdleConnsPerHost: o.clients}
	defer transport.CloseIdleConnections()
	var (
		mu      sync.Mutex
		took    []time.Duration
		clients sync.WaitGroup
		began   = time.Now()
		until   = began.Add(o.lasting)
	)
	next := func() (turn, bool) {
		mu.Lock()
		defer mu.Unlock()
		if used >= turns.most || time.Now().After(until) || ctx.Err() != nil {
			return turn{}, false
		}
		used++
		return turns.turn(used - 1), true
	}
	for range o.clients {
		clients.Go(func() {
			for t, ok := next(); ok; t, ok = next() {
				one, err := w.ask(ctx, transport, r, t)
				mu.Lock()
				took = append(took, one)
				if err != nil {
					f.Failed++
					f.failure = err.Error()
				}
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	f.Requests, f.PerSecond = len(took), float64(len(took))/time.Since(began).Seconds()
	f.P50, f.P95, f.P99 = ms(single.Percentile(took, 50)), ms(single.Percentile(took, 95)), ms(single.Percentile(took, 99))
	return ctx.Err()
}

// ask sends the turn's request and reads its answer; making the request is not timed.
func (w *world) ask(ctx context.Context, transport http.RoundTripper, r route, t turn) (time.Duration, error) {
	req, err := w.request(ctx, r, t)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return time.Since(began), fmt.Errorf("ask: %w", err)
	}
	answer, err := io.ReadAll(resp.Body)
	took := time.Since(began)
	_ = resp.Body.Close() // it was read to its end
	if err != nil {
		return took, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return took, fmt.Errorf("answered %d %.*s", resp.StatusCode, maxAnswer, answer)
	}
	return took, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
