package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/facescan/facescan/scripts/bench/single"
)

const (
	// burst is how many requests are sent at once, and bursts how often that is done, by another
	// user or from another address each time.
	burst  = 20
	bursts = 5
	// burstsName is the name of the bursts for -routes.
	burstsName = "atOnce"
)

// contended are the routes whose requests contend for one document when one user sends many at
// once, or many users do from one address.
var contended = []struct {
	operation string
	// shared makes the requests come from one address, and from as many users as there are;
	// otherwise one user sends all.
	shared bool
}{
	{operation: "openScan"}, {operation: "updateProfile"}, {operation: "setPreferences"},
	{operation: "signUp", shared: true},
}

// atOnce is what was measured of one of them.
type atOnce struct {
	Operation string  `json:"operation"`
	By        string  `json:"by"`
	Requests  int     `json:"requests"`
	Failed    int     `json:"failed"`
	P50       float64 `json:"p50Ms"`
	P95       float64 `json:"p95Ms"`
	Max       float64 `json:"maxMs"`
	failure   string
}

func (a atOnce) row() []string {
	return []string{
		a.Operation, a.By, strconv.Itoa(a.Requests), strconv.Itoa(a.Failed),
		fmt.Sprintf("%.0f", a.P50), fmt.Sprintf("%.0f", a.P95), fmt.Sprintf("%.0f", a.Max),
	}
}

var burstColumns = []string{"operation", "all by", "requests", "failed", "p50 ms", "p95 ms", "slowest ms"}

// atOnce sends bursts of requests for each of the contended routes.
func (w *world) atOnce(ctx context.Context) ([]atOnce, error) {
	var all []atOnce
	for _, c := range contended {
		if err := w.settle(ctx); err != nil {
			return all, err
		}
		i := slices.IndexFunc(routes, func(r route) bool { return r.operation == c.operation })
		a := atOnce{Operation: c.operation, By: "one user"}
		if c.shared {
			a.By = "one address"
		}
		var took []time.Duration
		for n := range bursts {
			took = append(took, w.burst(ctx, routes[i], n, c.shared, &a)...)
		}
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		a.Requests, a.Max = len(took), ms(single.Percentile(took, 100))
		a.P50, a.P95 = ms(single.Percentile(took, 50)), ms(single.Percentile(took, 95))
		all = append(all, a)
	}
	return all, nil
}

// burst sends the requests of one burst, each on a connection of its own, and returns how long they
// took.
func (w *world) burst(ctx context.Context, r route, n int, shared bool, a *atOnce) []time.Duration {
	transport := &http.Transport{MaxIdleConnsPerHost: burst}
	defer transport.CloseIdleConnections()
	address := ""
	if shared {
		address = w.address()
	}
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	for i := range burst {
		// Numbers of their own, as those of the route itself make names of users that are there
		// already.
		t := turn{n: 1_000_000 + n*burst + i, person: w.people[n%len(w.people)], address: address}
		if shared {
			t.person = w.people[i%len(w.people)]
		}
		all.Go(func() {
			one, err := w.ask(ctx, transport, r, t)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, one)
			if err != nil {
				a.Failed++
				a.failure = err.Error()
			}
		})
	}
	all.Wait()
	return took
}
