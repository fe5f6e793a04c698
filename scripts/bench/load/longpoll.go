package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/scripts/bench/single"
	"golang.org/x/sync/errgroup"
)

const (
	// longest is the longest wait that the API grants, in seconds.
	longest = 25
	// pace is the time between two changes: 50 scans a second make a step, and do not queue before the
	// emulator.
	pace = 20 * time.Millisecond
	// perWaiter are the goroutines that a waiter costs on the client's side, which here is in the same
	// process: its own, and its connection's reader and writer.
	perWaiter = 3
)

// waits is what was measured of the long polls.
type waits struct {
	Waiters int `json:"waiters"`
	Scans   int `json:"scans"`
	// Answered are the waiters that were told of the change, Polls how many requests that took: an app
	// polls again after 25 s without news.
	Answered int `json:"answered"`
	Polls    int `json:"polls"`
	// P50, P95 and Max are from the change's sending to the whole answer at the client; Commit50 and
	// Commit95 are how much of that the change's own commit took.
	P50      float64 `json:"p50Ms"`
	P95      float64 `json:"p95Ms"`
	Max      float64 `json:"maxMs"`
	Commit50 float64 `json:"commitP50Ms"`
	Commit95 float64 `json:"commitP95Ms"`
	// Before, During and After count the goroutines of the whole process, of which OfClients are the
	// waiters' own.
	Before    int `json:"goroutinesBefore"`
	During    int `json:"goroutinesDuring"`
	OfClients int `json:"goroutinesOfClients"`
	After     int `json:"goroutinesAfter"`
}

// polls is a measurement of long polls under way.
type polls struct {
	*world

	transport *http.Transport
	scans     []watched

	mu      sync.Mutex
	sent    int // requests so far
	changed []time.Time
	woken   []time.Duration
}

// watched is a scan and its owner.
type watched struct {
	owner   *person
	id      string
	version int64
}

// longPolls has o.waiters clients wait for o.scans scans, changes each scan once, and times the
// waking.
func (w *world) longPolls(ctx context.Context, o options, progress io.Writer) (*waits, error) {
	if err := w.settle(ctx); err != nil {
		return nil, err
	}
	p := &polls{world: w, changed: make([]time.Time, o.scans), transport: &http.Transport{MaxIdleConnsPerHost: o.waiters}}
	defer p.transport.CloseIdleConnections()
	if err := p.open(ctx, o); err != nil {
		return nil, fmt.Errorf("open the scans: %w", err)
	}
	if err := p.rehearse(ctx, o.waiters); err != nil {
		return nil, err
	}
	p.sent = 0 // the rehearsal does not count
	result := &waits{Waiters: o.waiters, Scans: o.scans, OfClients: perWaiter * o.waiters, Before: p.settled(ctx)}
	steps := terminal.Bar(progress, o.waiters, "waiters told")
	group, waiting := errgroup.WithContext(ctx)
	for i := range o.waiters {
		group.Go(func() error {
			defer steps.Add(1) //nolint:errcheck // a progress bar
			return p.wait(waiting, i%o.scans)
		})
	}
	commits, err := p.change(waiting, o.waiters, result)
	if err := errors.Join(err, group.Wait(), steps.Finish()); err != nil {
		return nil, err
	}
	result.After = p.settled(ctx)
	result.Answered, result.Polls = len(p.woken), p.sent
	result.P50, result.P95 = ms(single.Percentile(p.woken, 50)), ms(single.Percentile(p.woken, 95))
	result.Max = ms(single.Percentile(p.woken, 100))
	result.Commit50, result.Commit95 = ms(single.Percentile(commits, 50)), ms(single.Percentile(commits, 95))
	return result, ctx.Err()
}

// open opens the scans, of as many users as there are: the quota is 60 an hour for each.
func (p *polls) open(ctx context.Context, o options) error {
	p.scans = make([]watched, o.scans)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.clients)
	for i := range p.scans {
		group.Go(func() error {
			owner := p.people[i%len(p.people)]
			opened, err := owner.app.Open(ctx, fmt.Sprintf("wait-%s-%d", p.run, i), api.UploadRequestContentTypeImageJpeg)
			p.scans[i] = watched{owner: owner, id: opened.Scan.ID, version: opened.Scan.Revision}
			return err
		})
	}
	return group.Wait()
}

// rehearse has everybody wait a second in vain, so that the connections that stay, to Firestore and
// of Firebase's client to the Auth emulator, are there already.
func (p *polls) rehearse(ctx context.Context, waiters int) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range waiters {
		group.Go(func() error {
			_, err := p.poll(ctx, p.scans[i%len(p.scans)], 1)
			return err
		})
	}
	return group.Wait()
}

// wait polls, as an app does, until the scan has changed.
func (p *polls) wait(ctx context.Context, i int) error {
	for {
		version, err := p.poll(ctx, p.scans[i], longest)
		if err != nil {
			return err
		}
		p.mu.Lock()
		at := p.changed[i]
		if version > p.scans[i].version {
			p.woken = append(p.woken, time.Since(at))
			p.mu.Unlock()
			return nil
		}
		p.mu.Unlock()
	}
}

// poll polls once. Where too many do at the same time it comes again when it is told to, as an app
// does.
func (p *polls) poll(ctx context.Context, s watched, seconds int) (version int64, err error) {
	for {
		version, again, err := p.once(ctx, s, seconds)
		if err != nil || again == 0 {
			return version, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(again):
		}
	}
}

// once sends one request. If it is refused for now, again is how long to wait.
func (p *polls) once(ctx context.Context, s watched, seconds int) (version int64, again time.Duration, err error) {
	query := fmt.Sprintf("wait=%d&since=%d", seconds, s.version)
	req, err := http.NewRequestWithContext(
		ctx, http.MethodGet, p.URL+p.operations["getScan"].target(s.id, query), http.NoBody,
	)
	if err != nil {
		return 0, 0, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.owner.session.IDToken)
	p.mu.Lock()
	p.sent++
	p.mu.Unlock()
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return 0, 0, fmt.Errorf("wait for a scan: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, 0, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && after > 0 {
			return 0, time.Duration(after) * time.Second, nil
		}
	}
	var scan api.Scan
	if err := json.Unmarshal(answer, &scan); err != nil || resp.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("wait for a scan: answered %d %.*s", resp.StatusCode, maxAnswer, answer)
	}
	return scan.Revision, 0, nil
}

// change changes one scan after the other, once everybody waits.
func (p *polls) change(ctx context.Context, waiters int, result *waits) ([]time.Duration, error) {
	result.During = p.settledAbove(ctx, result.Before+waiters*perWaiter)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var (
		mu      sync.Mutex
		commits []time.Duration
	)
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range p.scans {
		select {
		case <-ctx.Done():
			return nil, errors.Join(group.Wait(), ctx.Err())
		case <-tick.C:
		}
		group.Go(func() error {
			began := time.Now()
			p.mu.Lock()
			p.changed[i] = began
			p.mu.Unlock()
			// A commit as every step of the state machine makes one: the version, which waiters are told of,
			// goes up.
			_, err := p.fs.Collection("scans").Doc(s.id).Update(ctx, []firestore.Update{{Path: "version", Value: s.version + 1}})
			if err != nil {
				return fmt.Errorf("change a scan: %w", err)
			}
			mu.Lock()
			commits = append(commits, time.Since(began))
			mu.Unlock()
			return nil
		})
	}
	err := group.Wait()
	return commits, err
}

const (
	// lookEvery is how often goroutines are counted, steady how many counts in a row have to be alike,
	// and patience how long that is tried for.
	lookEvery = 200 * time.Millisecond
	steady    = 5
	patience  = 20 * time.Second
	// slack is what does not count as a change: the schedule and the emulators' connections come and
	// go.
	slack = 5
)

// settled returns the number of goroutines once it is steady, without idle connections of the
// waiters.
func (p *polls) settled(ctx context.Context) int {
	p.transport.CloseIdleConnections()
	return p.settledAbove(ctx, 0)
}

// settledAbove returns the number of goroutines once it is steady and at least the given one, or as
// it is when patience ends.
func (p *polls) settledAbove(ctx context.Context, least int) int {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last, alike := 0, 0
	for alike < steady {
		select {
		case <-ctx.Done():
			return runtime.NumGoroutine()
		case <-tick.C:
		}
		now := runtime.NumGoroutine()
		if now < least || now > last+slack || now < last-slack {
			last, alike = now, 0
			continue
		}
		alike++
	}
	return runtime.NumGoroutine()
}
