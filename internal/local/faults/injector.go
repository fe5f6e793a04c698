package faults

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

const (
	// maxCrashAfter bounds the time from an event's arrival to the crash that falls into it: an
	// analysis takes some hundred milliseconds.
	maxCrashAfter = 300 * time.Millisecond
	// maxListen bounds the life of a listener that is broken off.
	maxListen = 2 * time.Second
	// maxHeld bounds how long an event waits for a later one to overtake it.
	maxHeld = 2 * time.Second
	// maxKeys bounds the memory of a long run. Beyond it the counts of like requests begin anew.
	maxKeys = 1 << 20
)

// Injector decides which requests fail. It may be used by many goroutines.
type Injector struct {
	seed uint64

	mu     sync.Mutex
	spec   Spec
	since  time.Time // of the specification
	paused bool
	kill   func()
	// came is how many requests like one, by the hash of seam and key, came so far.
	came   map[uint64]uint32
	counts Counts
	lanes  map[string]*lane
}

// New returns an injector of the specification, whose decisions follow from the seed.
func New(spec Spec, seed uint64) *Injector {
	return &Injector{
		seed: seed, spec: maps.Clone(spec), since: time.Now(),
		came: map[uint64]uint32{}, counts: Counts{}, lanes: map[string]*lane{},
	}
}

// Set replaces the specification for the requests that are yet to come. What is away is so from now
// on.
func (i *Injector) Set(spec Spec) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.spec, i.since = maps.Clone(spec), time.Now()
}

// Restart replaces specification and seed, as if the injector were new.
func (i *Injector) Restart(spec Spec, seed uint64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seed, i.spec, i.since = seed, maps.Clone(spec), time.Now()
	i.came, i.counts = map[uint64]uint32{}, Counts{}
}

// Spec returns the specification in force.
func (i *Injector) Spec() Spec {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.spec)
}

// Seed returns the seed that the decisions follow from.
func (i *Injector) Seed() uint64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.seed
}

// Pause has nothing fail until Resume: a host pauses the faults while it sets itself up.
func (i *Injector) Pause() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.paused = true
}

// Resume ends Pause. What is away is so from now on.
func (i *Injector) Resume() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.paused, i.since = false, time.Now()
}

// OnCrash sets what kills the process that handles requests. Without it none is killed.
func (i *Injector) OnCrash(kill func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kill = kill
}

// Counts are the numbers of faults that were injected.
type Counts map[Seam]map[Kind]int

// Counts returns the faults injected so far. An event that was held back counts as reordered only
// if another has overtaken it.
func (i *Injector) Counts() Counts {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := Counts{}
	for seam, kinds := range i.counts {
		all[seam] = maps.Clone(kinds)
	}
	return all
}

// String returns a line for each seam that has had faults, such as "mail: drop 2, slow 31".
func (c Counts) String() string {
	var lines strings.Builder
	for _, seam := range Seams() {
		var said []string
		for _, kind := range Kinds() {
			if n := c[seam][kind]; n > 0 {
				said = append(said, fmt.Sprintf("%s %d", kind, n))
			}
		}
		if len(said) > 0 {
			fmt.Fprintf(&lines, "%s: %s\n", seam, strings.Join(said, ", "))
		}
	}
	return lines.String()
}

// count notes a fault. The caller holds the lock.
func (i *Injector) count(seam Seam, kind Kind) {
	if i.counts[seam] == nil {
		i.counts[seam] = map[Kind]int{}
	}
	i.counts[seam][kind]++
}

// Fate is what becomes of one request. The zero value is that it passes.
type Fate struct {
	// Refused is how the service refuses the request, unseen: not at all, by Fail or by Away.
	Refused Kind
	// Aborted has a refused commit aborted by contention, where that can be.
	Aborted bool
	// Dup has it handled twice, and Drop has its answer lost.
	Dup, Drop bool
	// Held has it held back until a later one was handled.
	Held bool
	// Kill kills the functions' process, nil if it is not. CrashAfter is when, from the arrival of an
	// event; at other seams it is once the request is done.
	Kill       func()
	CrashAfter time.Duration
	// Slow is how long the request waits before anything else.
	Slow time.Duration
	// ListenFor is how long a listener lives whose answer is lost.
	ListenFor time.Duration
}

// Draw decides about a request at a seam. Requests with the same key are alike; the n-th of them
// has the same fate in all runs of a seed and a specification.
func (i *Injector) Draw(seam Seam, key string) Fate {
	i.mu.Lock()
	defer i.mu.Unlock()
	rates := i.spec[seam]
	if i.paused || rates == (Rates{}) {
		return Fate{}
	}
	random := i.random(seam, key)
	// Always the same numbers, so that a request has the same ones under each specification.
	dup, drop, fail, held, crash := random(), random(), random(), random(), random()
	slow, after, listen, aborted := random(), random(), random(), random()
	f := Fate{Slow: part(rates.Slow, slow)}
	switch {
	case i.leftAway(seam) > 0:
		f = Fate{Refused: Away}
	case fail < rates.Fail:
		f.Refused, f.Aborted = Fail, aborted < .5
	default:
		f.Dup, f.Drop, f.Held = dup < rates.Dup, drop < rates.Drop, held < rates.Reorder
		f.CrashAfter, f.ListenFor = part(maxCrashAfter, after), part(maxListen, listen)
		if crash < rates.Crash {
			f.Kill = i.kill
		}
	}
	i.note(seam, f)
	return f
}

// random returns the numbers of the next request with the key. The caller holds the lock.
func (i *Injector) random(seam Seam, key string) func() float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(string(seam) + "\x00" + key)) // it never fails
	like := h.Sum64()
	if len(i.came) >= maxKeys {
		clear(i.came)
	}
	i.came[like]++
	_, _ = h.Write(binary.BigEndian.AppendUint32(nil, i.came[like])) // it never fails
	//nolint:gosec // Faults are to be repeatable, not secret.
	return rand.New(rand.NewPCG(i.seed, h.Sum64())).Float64
}

// note counts the faults of a fate, but for that of being held. The caller holds the lock.
func (i *Injector) note(seam Seam, f Fate) {
	for kind, injected := range map[Kind]bool{
		Dup: f.Dup, Drop: f.Drop, Crash: f.Kill != nil, Slow: f.Slow > 0, Fail: f.Refused == Fail, Away: f.Refused == Away,
	} {
		if injected {
			i.count(seam, kind)
		}
	}
}

// leftAway returns for how long a service is still away. The caller holds the lock.
func (i *Injector) leftAway(seam Seam) time.Duration {
	if i.paused {
		return 0
	}
	return time.Until(i.since.Add(i.spec[seam].Away))
}

// awaitPubSub waits until Pub/Sub is back, as nothing is delivered without it, or until ctx ends.
func (i *Injector) awaitPubSub(ctx context.Context) {
	counted := false
	for {
		i.mu.Lock()
		left := i.leftAway(PubSub)
		if left > 0 && !counted {
			i.count(PubSub, Away)
			counted = true
		}
		i.mu.Unlock()
		if left <= 0 || !Wait(ctx, min(left, time.Second)) { // the specification may change meanwhile
			return
		}
	}
}

// Wait waits, and reports false if ctx ended before.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func part(of time.Duration, share float64) time.Duration { return time.Duration(share * float64(of)) }
