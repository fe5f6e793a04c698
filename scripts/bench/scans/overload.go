package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/prometheus/procfs"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/scripts/bench/single"
)

const (
	// times is how many times the capacity the overload is.
	times = 10
	// workers send the requests by which the capacity is found, each one after the other. They are
	// fewer than a function has places.
	workers = 48
	// mostAtOnce bounds the requests under way in the overload, each of which has a connection.
	mostAtOnce = 20_000
	// noAnswer is how long a client waits for an answer.
	noAnswer = 30 * time.Second
	// firstUsers are enough to find the capacity, and headroom is how many of the scans that a user
	// may open in an hour the plan leaves, as the ones that are accepted are spread by chance.
	firstUsers, headroom = 60, 12
	// warmUser is the number of one more user.
	warmUser = 4000
	// partSeconds is the length of each part but the overload, in seconds, and recoverySeconds that of
	// the last.
	partSeconds, recoverySeconds = 6, 10
)

// part is a part of the measurement.
type part string

// The parts.
const (
	closedLoop part = "capacity"
	half       part = "half of it"
	over       part = "overload"
	recovery   part = "half again"
)

// hit is a request and its answer.
type hit struct {
	sent   time.Time
	took   time.Duration
	status int
	// code is that of a problem, id that of an accepted scan, err says why there is no answer.
	code, id, err string
	// comeAgain reports whether the answer has Retry-After.
	comeAgain bool
}

func hitOf(r *vegeta.Result) hit {
	h := hit{sent: r.Timestamp, took: r.Latency, status: int(r.Code), comeAgain: r.Headers.Get("Retry-After") != ""}
	switch {
	case h.status == 0:
		h.err = r.Error
	case h.status < http.StatusBadRequest:
		var opened api.OpenedScan
		if err := json.Unmarshal(r.Body, &opened); err != nil {
			h.err = "the answer cannot be read: " + err.Error()
		}
		h.id = opened.Scan.ID
	default:
		var p api.Problem
		_ = json.Unmarshal(r.Body, &p) // what is none has no code
		h.code = p.Code
	}
	return h
}

// attack is a part with its requests.
type attack struct {
	part         part
	began, ended time.Time
	// answered is when the last of them was.
	answered time.Time
	hits     []hit
}

// attacker sends requests to open scans, of the users in turn.
type attacker struct {
	*world

	transport *http.Transport
	sent      atomic.Uint64
}

// next writes the next request. Each has a key of its own, as an app's.
func (a *attacker) next(t *vegeta.Target) error {
	n := a.sent.Add(1)
	p := a.people[n%uint64(len(a.people))]
	t.Method, t.URL, t.Body = http.MethodPost, a.URL+"/v1/uploads", []byte(`{"contentType":"image/jpeg"}`)
	t.Header = http.Header{
		"Authorization": {"Bearer " + p.token}, "Content-Type": {"application/json"},
		"Idempotency-Key": {"over-" + strconv.FormatUint(n, 10)},
	}
	return nil
}

// attack sends requests for so long: so many a second, whatever becomes of them, or with the rate 0
// as many as the workers can.
func (a *attacker) attack(ctx context.Context, p part, rate float64, lasting time.Duration) (attack, error) {
	pace, most := vegeta.Rate{}, uint64(workers)
	if rate > 0 {
		pace, most = vegeta.Rate{Freq: max(1, int(rate)), Per: time.Second}, mostAtOnce
	}
	v := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: a.transport, Timeout: noAnswer}), vegeta.Workers(workers),
		vegeta.MaxWorkers(most),
	)
	stop := context.AfterFunc(ctx, func() { v.Stop() })
	defer stop()
	all := attack{part: p, began: time.Now()}
	all.ended = all.began.Add(lasting)
	for r := range v.Attack(a.next, pace, lasting, "") {
		all.hits = append(all.hits, hitOf(r))
	}
	all.answered = time.Now()
	return all, ctx.Err()
}

// accepted returns how many of the requests were.
func (a attack) accepted() int {
	n := 0
	for _, h := range a.hits {
		if h.id != "" {
			n++
		}
	}
	return n
}

// rate returns how many were accepted in a second.
func (a attack) rate() float64 { return float64(a.accepted()) / a.ended.Sub(a.began).Seconds() }

// sample is the state of the functions' process.
type sample struct {
	at   time.Time
	rss  int // bytes
	open int // descriptors, which are connections but for a few
	pid  int
}

// watchProcess samples the functions' process every half second until ctx ends.
func (w *world) watchProcess(ctx context.Context) []sample {
	var all []sample
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return all
		case now := <-tick.C:
			s := sample{at: now, pid: w.PID()}
			p, err := procfs.NewProc(s.pid)
			if err != nil {
				continue // it has ended: the next has another id
			}
			if stat, err := p.Stat(); err == nil {
				s.rss = stat.ResidentMemory()
			}
			s.open, _ = p.FileDescriptorsLen()
			all = append(all, s)
		}
	}
}

// stroll has one scan a second go its whole way until ctx ends, beside everything else.
func (w *world) stroll(ctx, walking context.Context) []*journey {
	var all []*journey
	var strolls sync.WaitGroup
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			strolls.Wait()
			return all
		case now := <-tick.C:
			j := &journey{
				n: n, key: fmt.Sprintf("stroll-%d", n), kind: good, file: w.photos.file(good, n),
				person: w.people[n%firstUsers],
			}
			all = append(all, j)
			strolls.Go(func() { j.walk(walking, now) })
		}
	}
}

// measureOverload does it all.
func measureOverload(ctx context.Context, o options, progress io.Writer) (_ *overload, err error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("this measurement needs Linux, which tells in /proc what a process has used")
	}
	r := &overload{Command: o.Command, Machine: single.ThisMachine(), Seconds: o.seconds}
	_, _ = fmt.Fprintln(progress, "making the photos")
	p, err := makePhotos(ctx, 2)
	if err != nil {
		return nil, err
	}
	read := &logs{counts: newTallies()}
	w, err := start(ctx, o, p, read, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if _, err := w.signUpAll(ctx, firstUsers, progress); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintln(progress, "warming up")
	if err := w.getWarm(ctx, warmUser); err != nil {
		return nil, err
	}
	read.still(ctx)
	read.take()
	return r, w.underOverload(ctx, o, r, read, progress)
}

// underOverload runs the parts and fills the report.
func (w *world) underOverload(ctx context.Context, o options, r *overload, read *logs, progress io.Writer) error {
	a := &attacker{world: w, transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: noAnswer}).DialContext, MaxIdleConnsPerHost: mostAtOnce,
	}}
	defer a.transport.CloseIdleConnections()
	looking, stopLooking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLooking()
	var background sync.WaitGroup
	var samples []sample
	background.Go(func() { samples = w.watchProcess(looking) })
	watch, err := newWatcher("/proc", w.pids)
	if err != nil {
		return err
	}
	var watchErr error
	background.Go(func() { watchErr = watch.watch(looking) })
	walking, cancel := context.WithTimeoutCause(ctx, o.longest(), errors.New("the patience is over"))
	defer cancel()
	strolling, stopStrolling := context.WithCancel(ctx)
	defer stopStrolling()
	var strolls []*journey
	var strolled sync.WaitGroup
	strolled.Go(func() { strolls = w.stroll(strolling, walking) })
	attacks, err := a.all(ctx, o, progress)
	stopStrolling()
	strolled.Wait()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(o.patience)
	checking, done := context.WithDeadline(ctx, deadline.Add(afterInterrupt))
	defer done()
	_, _ = fmt.Fprintln(progress, "waiting until nothing is owed")
	s, err := w.quiet(checking, strolls, deadline)
	if err != nil {
		return err
	}
	read.still(checking)
	stopLooking()
	background.Wait()
	if watchErr != nil {
		return watchErr
	}
	t := read.read()
	r.Account = accountFor(strolls, s, t)
	r.Errors, r.Warnings = t.errors, t.warnings
	r.fill(attacks, samples, watch.system)
	if r.Missing, err = w.missing(checking, attacks); err != nil {
		return err
	}
	r.Broken = r.judge()
	return nil
}

// all runs the parts.
func (a *attacker) all(ctx context.Context, o options, progress io.Writer) ([]attack, error) {
	first, err := a.find(ctx, o, progress)
	if err != nil {
		return nil, err
	}
	further, err := a.overload(ctx, o, first[0].rate(), progress)
	return append(first, further...), err
}

// system returns the processor time of the functions and the emulators between two times, in
// seconds.
func (w *watcher) system(from, to time.Time) float64 {
	u := w.at(to).minus(w.at(from))
	sum := 0.
	for r, s := range u.of {
		if r != bench {
			sum += s
		}
	}
	return sum
}

// find finds the capacity, and has users enough for what is to come.
func (a *attacker) find(ctx context.Context, o options, progress io.Writer) ([]attack, error) {
	_, _ = fmt.Fprintf(progress, "the capacity, %d s\n", partSeconds)
	first, err := a.attack(ctx, closedLoop, 0, partSeconds*time.Second)
	if err != nil {
		return nil, err
	}
	rate := first.rate()
	if rate == 0 {
		return nil, fmt.Errorf("nothing was accepted: %+v", first.hits[:min(3, len(first.hits))])
	}
	// A system that gets faster under load than it was found to be takes more.
	toCome := rate * (1.5*float64(o.seconds) + .5*(partSeconds+recoverySeconds))
	left := perUser - headroom - len(first.hits)/firstUsers
	users := max(firstUsers, int(toCome)/max(1, left)+1)
	_, _ = fmt.Fprintf(progress, "%.0f scans opened a second\n", rate)
	_, err = a.signUpAll(ctx, min(users, warmUser), progress)
	return []attack{first}, err
}

// overload runs the parts that follow.
func (a *attacker) overload(ctx context.Context, o options, rate float64, progress io.Writer) ([]attack, error) {
	var all []attack
	for _, p := range []struct {
		part    part
		rate    float64
		lasting int
	}{{half, rate / 2, partSeconds}, {over, times * rate, o.seconds}, {recovery, rate / 2, recoverySeconds}} {
		_, _ = fmt.Fprintf(progress, "%s: %.0f a second, %d s\n", p.part, p.rate, p.lasting)
		// The requests of a part may end after it: the next begins in time, as its own users would.
		one, err := a.attack(ctx, p.part, p.rate, time.Duration(p.lasting)*time.Second)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// missing counts the accepted scans that the database does not have, or has as another user's.
func (w *world) missing(ctx context.Context, attacks []attack) (int, error) {
	owners := map[string]bool{}
	for _, p := range w.people {
		owners[p.uid] = true
	}
	var refs []*firestore.DocumentRef
	seen := map[string]bool{}
	missing := 0
	for _, a := range attacks {
		for _, h := range a.hits {
			if h.id == "" {
				continue
			}
			if seen[h.id] { // two keys, one scan
				missing++
				continue
			}
			seen[h.id] = true
			refs = append(refs, scan.Ref(w.fs, scan.ID(h.id)))
		}
	}
	for some := range slices.Chunk(refs, 200) {
		snaps, err := w.fs.GetAll(ctx, some)
		if err != nil {
			return missing, fmt.Errorf("read the scans: %w", err)
		}
		for _, snap := range snaps {
			if s, err := scan.DecodeAny(snap, nil); err != nil || s.State != scan.AwaitingUpload || !owners[string(s.UID)] {
				missing++
			}
		}
	}
	return missing, nil
}

// runOverload measures and shows it.
func runOverload(ctx context.Context, o options, out, progress io.Writer) error {
	r, err := measureOverload(ctx, o, progress)
	if err != nil {
		if ctx.Err() != nil {
			return context.Canceled
		}
		return err
	}
	if err := r.show(out, o.json); err != nil {
		return err
	}
	if o.Into != "" {
		if err := writeSection(o.Into, r.Command, r.markdown); err != nil {
			return err
		}
	}
	if len(r.Broken) > 0 {
		return fmt.Errorf("%w: %v", errCollapse, r.Broken)
	}
	return nil
}

var errCollapse = errors.New("it does not stand the overload")

// sorted returns the counts with their names, in the order of the names.
func sorted(counts map[string]int) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s: %d", name, counts[name]))
	}
	return all
}
