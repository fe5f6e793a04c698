package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/procfs"
)

// role is what a process is of.
type role string

// The roles.
const (
	functions     role = "functions"
	firestoreRole role = "Firestore emulator"
	pubsubRole    role = "Pub/Sub emulator"
	authRole      role = "Auth emulator"
	bench         role = "this process"
)

// roles are in the order of the tables.
var roles = []role{functions, firestoreRole, pubsubRole, authRole, bench}

// used is what was used until a time, in seconds of a processor.
type used struct {
	at         time.Time
	idle, busy float64 // of the whole machine
	of         map[role]float64
}

// minus returns what was used since the earlier time.
func (u used) minus(before used) used {
	d := used{idle: u.idle - before.idle, busy: u.busy - before.busy, of: map[role]float64{}}
	for r, s := range u.of {
		d.of[r] = s - before.of[r]
	}
	return d
}

// share returns the share of the machine's processors that the time is, from 0 to 1.
func (u used) share(of float64) float64 {
	if u.idle+u.busy <= 0 {
		return 0
	}
	return of / (u.idle + u.busy)
}

// others returns what processes of no role used.
func (u used) others() float64 {
	others := u.busy
	for _, s := range u.of {
		others -= s
	}
	return max(0, others)
}

// pollEvery is the time between two looks at the processes. The kernel counts in hundredths of a
// second.
const pollEvery = 100 * time.Millisecond

// watcher looks at the processes again and again.
type watcher struct {
	fs   procfs.FS
	pids func() map[role][]int // of the processes that are there at the moment

	mu      sync.Mutex
	samples []used
	of      map[role]map[int]float64 // of each process that a role had
	peaks   map[role]uint64          // bytes
}

func newWatcher(proc string, pids func() map[role][]int) (*watcher, error) {
	fs, err := procfs.NewFS(proc)
	if err != nil {
		return nil, fmt.Errorf("this measurement needs Linux, which tells in %s what a process has used: %w", proc, err)
	}
	w := &watcher{fs: fs, pids: pids, of: map[role]map[int]float64{}, peaks: map[role]uint64{}}
	return w, w.look(time.Now())
}

// watch looks until ctx ends.
func (w *watcher) watch(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if err := w.look(now); err != nil {
				return err
			}
		}
	}
}

func (w *watcher) look(now time.Time) error {
	machine, err := w.fs.Stat()
	if err != nil {
		return fmt.Errorf("read what the machine has used: %w", err)
	}
	c := machine.CPUTotal // guests are in user already
	u := used{
		at: now, idle: c.Idle + c.Iowait, busy: c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal,
		of: map[role]float64{},
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for r, pids := range w.pids() {
		var peak uint64
		for _, pid := range pids {
			peak += w.lookAt(r, pid)
		}
		w.peaks[r] = max(w.peaks[r], peak)
	}
	for r, processes := range w.of {
		for _, s := range processes {
			u.of[r] += s
		}
	}
	w.samples = append(w.samples, u)
	return nil
}

// lookAt notes what the process has used, and returns its peak memory in bytes. One that has ended
// meanwhile has what it had at the last look.
func (w *watcher) lookAt(r role, pid int) (peak uint64) {
	p, err := w.fs.Proc(pid)
	if err != nil {
		return 0
	}
	stat, err := p.Stat()
	if err != nil {
		return 0
	}
	if w.of[r] == nil {
		w.of[r] = map[int]float64{}
	}
	w.of[r][pid] = max(w.of[r][pid], stat.CPUTime())
	if status, err := p.NewStatus(); err == nil {
		peak = status.VmHWM
	}
	return peak
}

// at returns what had been used by the time, evenly between two looks.
func (w *watcher) at(t time.Time) used {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, found := slices.BinarySearchFunc(w.samples, t, func(u used, t time.Time) int { return u.at.Compare(t) })
	switch {
	case found || i == 0:
		return w.samples[i]
	case i == len(w.samples):
		return w.samples[i-1]
	}
	before, after := w.samples[i-1], w.samples[i]
	part := float64(t.Sub(before.at)) / float64(after.at.Sub(before.at))
	between := func(a, b float64) float64 { return a + part*(b-a) }
	u := used{
		at: t, idle: between(before.idle, after.idle), busy: between(before.busy, after.busy), of: map[role]float64{},
	}
	for r, s := range after.of {
		u.of[r] = between(before.of[r], s)
	}
	return u
}

// peak returns the peak memory of each role, in bytes: the largest sum of the peaks of processes
// that it had at the same time.
func (w *watcher) peak() map[role]uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.peaks)
}
