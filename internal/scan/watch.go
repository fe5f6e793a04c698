package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
)

// MaxWatches bounds the scans that one instance listens to and, apart from that, the clients that
// wait for them. The function's concurrency is as much.
const MaxWatches = 1000

// lastLook bounds the read at the end of a wait whose listener has not said anything.
const lastLook = 5 * time.Second

// Watcher wakes those who wait for a scan to change. All who wait for one scan share one Firestore
// listener, which lives as long as one of them waits:
//
//	      first waiter                        snapshot
//	(none) ──────────► opening ───────────────────────────────► heard ──┐ snapshot: tell all who wait
//	   ▲                  │ │ the wait ends: the scan is read once        │ ◄┘
//	   │ last one leaves  │ │ listener fails                              │ listener fails, scan gone
//	   ├──────────────────┘ ▼                                             ▼
//	   └───────────────── failed: off the table at once; its waiters get the error, the next one a new listener
//
// No change is lost. The listener's first snapshot is the scan as it is then, so what changed
// between a waiter's own read and the listener's opening is in it; a waiter that joins later
// compares with the last snapshot first. A wait that ends before there was a snapshot, as when all
// streams are taken, ends with a read of its own.
type Watcher struct {
	fs *firestore.Client

	mu      sync.Mutex
	watches map[ID]*watch
	waiters int
}

// watch is the listener of one scan.
type watch struct {
	waiters int
	stop    context.CancelFunc
	// heard reports whether the listener has said anything yet.
	heard bool
	// latest and err are the listener's last word; news is closed and replaced with each.
	latest Scan
	err    error
	news   chan struct{}
}

// NewWatcher makes a watcher over the database.
func NewWatcher(fs *firestore.Client) *Watcher {
	return &Watcher{fs: fs, watches: map[ID]*watch{}}
}

// Wait returns the scan as soon as its version is above since or it is settled, or as it is last
// known when ctx ends: the end of the wait is no error. Over [MaxWatches] distinct scans or waiters
// at a time it is unavailable.
func (w *Watcher) Wait(ctx context.Context, known Scan, since int64) (Scan, error) {
	on, err := w.join(known)
	if err != nil {
		return Scan{}, err
	}
	defer w.leave(known.ID, on)
	for {
		latest, news, err := w.look(on)
		if err != nil {
			return Scan{}, err
		}
		if latest.Version > since || latest.settled() {
			return latest, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return w.last(ctx, on, known.ID)
		}
	}
}

// last is the scan at the end of a wait. Where the listener has told nothing it is read, unless the
// client has left and would not see it.
func (w *Watcher) last(ctx context.Context, on *watch, id ID) (Scan, error) {
	w.mu.Lock()
	latest, heard := on.latest, on.heard
	w.mu.Unlock()
	if heard || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return latest, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	read, err := decodeExisting(ref(w.fs, id).Get(ctx))
	if err != nil || read.Version < latest.Version {
		return latest, err
	}
	return read, nil
}

func (w *Watcher) look(on *watch) (Scan, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return on.latest, on.news, on.err
}

func (w *Watcher) join(known Scan) (*watch, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on, ok := w.watches[known.ID]
	if w.waiters >= MaxWatches || !ok && len(w.watches) >= MaxWatches {
		return nil, fault.New(fault.CodeUnavailable, "Too many clients are waiting: poll again.").WithRetryAfter(time.Second)
	}
	if !ok {
		ctx, stop := context.WithCancel(context.Background())
		on = &watch{stop: stop, latest: known, news: make(chan struct{})}
		w.watches[known.ID] = on
		go w.listen(ctx, known.ID, on)
	}
	if known.Version > on.latest.Version {
		on.latest = known // read later than the listener's last word: no waiter is to get an older state at the end
	}
	on.waiters++
	w.waiters++
	return on, nil
}

func (w *Watcher) leave(id ID, on *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on.waiters--
	w.waiters--
	if on.waiters > 0 {
		return
	}
	on.stop()
	if w.watches[id] == on {
		delete(w.watches, id)
	}
}

// listen reads the scan's snapshots until its watch is left.
func (w *Watcher) listen(ctx context.Context, id ID, on *watch) {
	snapshots := ref(w.fs, id).Snapshots(ctx)
	defer snapshots.Stop()
	for {
		latest, err := decodeExisting(snapshots.Next())
		if ctx.Err() != nil {
			return
		}
		w.tell(id, on, latest, err)
		if err != nil {
			return
		}
	}
}

func decodeExisting(snap *firestore.DocumentSnapshot, err error) (Scan, error) {
	if err == nil && !snap.Exists() {
		return Scan{}, fault.New(fault.CodeNotFound, "There is no such scan any more.")
	}
	s, err := decode(snap, err)
	if errors.Is(err, errNoScan) {
		return s, fault.New(fault.CodeNotFound, "There is no such scan any more.")
	}
	if err != nil {
		return s, fmt.Errorf("watch scan: %w", err)
	}
	return s, nil
}

// tell wakes the waiters. A failed listener takes its watch off the table, so that the next to wait
// gets a new one.
func (w *Watcher) tell(id ID, on *watch, latest Scan, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && latest.Version >= on.latest.Version {
		on.latest = latest
	}
	on.heard, on.err = true, err
	if err != nil && w.watches[id] == on {
		delete(w.watches, id)
	}
	close(on.news)
	on.news = make(chan struct{})
}
