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

// maxWatches bounds the listeners of one instance.
const maxWatches = 1000

// Watcher wakes those who wait for a scan to change. All who wait for one scan share one Firestore listener, which
// lives as long as somebody waits.
type Watcher struct {
	fs *firestore.Client

	mu      sync.Mutex
	watches map[ID]*watch
}

// watch is the listener of one scan.
type watch struct {
	waiters int
	stop    context.CancelFunc
	// latest and err are the listener's last word; news is closed and replaced with each.
	latest Scan
	err    error
	news   chan struct{}
}

// NewWatcher makes a watcher over the database.
func NewWatcher(fs *firestore.Client) *Watcher {
	return &Watcher{fs: fs, watches: map[ID]*watch{}}
}

// Wait returns the scan as soon as its version is above since, or as it is last known when ctx ends: the end of
// the wait is no error. Over a thousand distinct scans at a time it is unavailable.
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
		if latest.Version > since {
			return latest, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return latest, nil
		}
	}
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
	if !ok {
		if len(w.watches) >= maxWatches {
			return nil, fault.New(fault.CodeUnavailable, "Too many clients are waiting: poll again.").WithRetryAfter(time.Second)
		}
		ctx, stop := context.WithCancel(context.Background())
		on = &watch{stop: stop, latest: known, news: make(chan struct{})}
		w.watches[known.ID] = on
		go w.listen(ctx, known.ID, on)
	}
	if known.Version > on.latest.Version {
		on.latest = known // read later than the listener's last word: nobody is to be told an older state at the end
	}
	on.waiters++
	return on, nil
}

func (w *Watcher) leave(id ID, on *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on.waiters--
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

// tell wakes the waiters. A failed listener takes its watch off the table, so that the next to wait gets a new one.
func (w *Watcher) tell(id ID, on *watch, latest Scan, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && latest.Version >= on.latest.Version {
		on.latest = latest
	}
	on.err = err
	if err != nil && w.watches[id] == on {
		delete(w.watches, id)
	}
	close(on.news)
	on.news = make(chan struct{})
}
