package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// decodeExistingSeries is like [decodeExisting] for a series.
func decodeExistingSeries(snap *firestore.DocumentSnapshot, err error) (series.Series, error) {
	s, err := series.Decode(snap, err)
	if errors.Is(err, series.ErrNotFound) {
		return s, fault.New(fault.CodeNotFound, "There is no such series any more.")
	}
	if err != nil {
		return s, fmt.Errorf("watch series: %w", err)
	}
	return s, nil
}

// MaxWatches limits the scans, or the series, that one instance listens to and, separately, the
// clients that wait for them. The function's concurrency is the same.
const MaxWatches = 1000

const (
	// lastLook bounds the read at the end of a wait whose listener has not reported anything.
	lastLook = 5 * time.Second
	// keptFor is how long a listener is kept after its last waiter has left. A client that was told of
	// a change asks again at once, and then needs no new listener.
	keptFor = 5 * time.Second
)

// Watcher wakes the requests that wait for a scan to change.
type Watcher = watcher[scan.Scan]

// SeriesWatcher wakes the requests that wait for a series to change.
type SeriesWatcher = watcher[series.Series]

// watchable is a document that clients wait for. Its version grows with each change.
type watchable interface {
	CurrentVersion() int64
	// Settled reports whether there is nothing to wait for.
	Settled() bool
	Ref(fs *firestore.Client) *firestore.DocumentRef
	// Owner returns the user whose document it is.
	Owner() account.UID
}

// watcher wakes the requests that wait for a document to change. All requests for one document
// share a Firestore listener, which lives as long as one of them waits, and a few seconds longer
// while there is something to wait for:
//
//	      first waiter                        snapshot
//	(none) ──────────► opening ───────────────────────────────► heard ──┐ snapshot: tell all who wait
//	   ▲                  │ │ the wait ends: the scan is read once        │ ◄┘
//	   │ last one left    │ │ listener fails                              │ listener fails, scan gone
//	   ├──────────────────┘ ▼                                             ▼
//	   └───────────────── failed: off the table at once; its waiters get the error, the next a new listener
//
// No change is lost. The listener's first snapshot is the scan as it is then, so what changed
// between a waiter's own read and the listener's opening is in it; a waiter that joins later
// compares with the last snapshot first. A wait that ends before there was a snapshot, as when all
// streams are taken, ends with a read of its own.
type watcher[T watchable] struct {
	fs *firestore.Client
	// keptFor is the constant except in tests.
	keptFor time.Duration
	// decode decodes a snapshot. A deleted document is not_found.
	decode func(*firestore.DocumentSnapshot, error) (T, error)

	mu sync.Mutex
	// watches are keyed by the document's id.
	watches map[string]*watch[T]
	waiters int
}

// watch is the listener of one document.
type watch[T watchable] struct {
	waiters int
	stop    context.CancelFunc
	// left is when the last waiter left, and ending then ends the watch; left is by the wall clock, as
	// an instance without requests may stand still.
	left   time.Time
	ending *time.Timer
	// heard reports whether the listener has reported anything yet.
	heard bool
	// latest and err are the last report of the listener. news is closed and replaced with each
	// report.
	latest T
	err    error
	news   chan struct{}
}

// NewWatcher returns a watcher of scans in the database.
func NewWatcher(fs *firestore.Client) *Watcher {
	return &Watcher{fs: fs, keptFor: keptFor, decode: decodeExisting, watches: map[string]*watch[scan.Scan]{}}
}

// NewSeriesWatcher returns a watcher of series in the database.
func NewSeriesWatcher(fs *firestore.Client) *SeriesWatcher {
	return &SeriesWatcher{
		fs: fs, keptFor: keptFor, decode: decodeExistingSeries, watches: map[string]*watch[series.Series]{},
	}
}

// waitFor waits at most wait seconds for the document's version to exceed since.
func waitFor[T watchable](
	ctx context.Context, watcher *watcher[T], current T, since int64, wait int,
) (latest T, waited bool, err error) {
	if wait == 0 || current.CurrentVersion() > since || current.Settled() {
		return current, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(wait)*time.Second)
	defer cancel()
	latest, err = watcher.Wait(ctx, current, since)
	return latest, true, err
}

// Wait returns the document as soon as its version is above since or it is settled, or its last
// known state when ctx ends, which is not an error. Beyond [MaxWatches] distinct documents or
// waiters at a time it returns unavailable.
func (w *watcher[T]) Wait(ctx context.Context, known T, since int64) (T, error) {
	var none T
	on, err := w.join(known)
	if err != nil {
		return none, err
	}
	defer w.leave(known, on)
	for {
		latest, news, err := w.look(on)
		if err != nil {
			return none, err
		}
		if latest.CurrentVersion() > since || latest.Settled() {
			return latest, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return w.last(ctx, on)
		}
	}
}

// last returns the document at the end of a wait. If the listener has reported nothing, last reads
// it, unless the client has left.
func (w *watcher[T]) last(ctx context.Context, on *watch[T]) (T, error) {
	w.mu.Lock()
	latest, heard := on.latest, on.heard
	w.mu.Unlock()
	if heard || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return latest, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	read, err := w.decode(latest.Ref(w.fs).Get(ctx))
	if err != nil || read.CurrentVersion() < latest.CurrentVersion() {
		return latest, err
	}
	return read, nil
}

func (w *watcher[T]) look(on *watch[T]) (T, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return on.latest, on.news, on.err
}

func (w *watcher[T]) join(known T) (*watch[T], error) {
	document := known.Ref(w.fs)
	w.mu.Lock()
	defer w.mu.Unlock()
	on, ok := w.watches[document.ID]
	if ok && on.waiters == 0 && !w.current(on) {
		w.end(document.ID, on)
		ok = false
	}
	if w.waiters >= MaxWatches || !ok && !w.room() {
		return nil, fault.New(fault.CodeUnavailable, "Too many clients are waiting: poll again.").WithRetryAfter(time.Second)
	}
	if !ok {
		ctx, stop := context.WithCancel(context.Background()) //nolint:gosec // leave calls it, by the watch
		on = &watch[T]{stop: stop, latest: known, news: make(chan struct{})}
		w.watches[document.ID] = on
		go w.listen(ctx, document, on)
	}
	if known.CurrentVersion() > on.latest.CurrentVersion() {
		on.latest = known // read later than the listener's last report: no waiter may get an older state at the end
	}
	on.waiters++
	w.waiters++
	return on, nil
}

// Known returns the document with the id as its listener last reported it, if it is listened to.
func (w *watcher[T]) Known(id string) (latest T, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on := w.watches[id]
	if on == nil || !on.heard || on.err != nil || on.waiters == 0 && !w.current(on) {
		return latest, false
	}
	return on.latest, true
}

// current reports whether the watch without waiters is kept still.
func (w *watcher[T]) current(on *watch[T]) bool {
	return time.Now().Round(0).Before(on.left.Add(w.keptFor))
}

// room reports whether there may be one more watch. If need be it ends one that has no waiters.
func (w *watcher[T]) room() bool {
	if len(w.watches) < MaxWatches {
		return true
	}
	for id, on := range w.watches {
		if on.waiters == 0 {
			w.end(id, on)
			return true
		}
	}
	return false
}

func (w *watcher[T]) leave(known T, on *watch[T]) {
	id := known.Ref(w.fs).ID
	w.mu.Lock()
	defer w.mu.Unlock()
	on.waiters--
	w.waiters--
	if on.waiters > 0 {
		return
	}
	if on.err != nil || on.latest.Settled() {
		w.end(id, on)
		return
	}
	on.left = time.Now().Round(0)
	if on.ending != nil {
		on.ending.Reset(w.keptFor)
		return
	}
	on.ending = time.AfterFunc(w.keptFor, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch {
		case on.waiters > 0:
		case w.current(on): // another has come and left, or the clock was set back
			on.ending.Reset(w.keptFor)
		default:
			w.end(id, on)
		}
	})
}

// end ends a watch.
func (w *watcher[T]) end(id string, on *watch[T]) {
	on.stop()
	if on.ending != nil {
		on.ending.Stop()
	}
	if w.watches[id] == on {
		delete(w.watches, id)
	}
}

// listen reads the document's snapshots until the last waiter leaves.
func (w *watcher[T]) listen(ctx context.Context, document *firestore.DocumentRef, on *watch[T]) {
	snapshots := document.Snapshots(ctx)
	defer snapshots.Stop()
	for {
		latest, err := w.decode(snapshots.Next())
		if ctx.Err() != nil {
			return
		}
		w.tell(document.ID, on, latest, err)
		if err != nil {
			return
		}
	}
}

func decodeExisting(snap *firestore.DocumentSnapshot, err error) (scan.Scan, error) {
	if err == nil && !snap.Exists() {
		return scan.Scan{}, fault.New(fault.CodeNotFound, "There is no such scan any more.")
	}
	s, err := scan.Decode(snap, err)
	if errors.Is(err, scan.ErrNotFound) {
		return s, fault.New(fault.CodeNotFound, "There is no such scan any more.")
	}
	if err != nil {
		return s, fmt.Errorf("watch scan: %w", err)
	}
	return s, nil
}

// tell wakes the waiters. If the listener has failed, tell removes its watch, so that the next
// waiter gets a new one.
func (w *watcher[T]) tell(id string, on *watch[T], latest T, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && latest.CurrentVersion() >= on.latest.CurrentVersion() {
		on.latest = latest
	}
	on.heard, on.err = true, err
	if err != nil && w.watches[id] == on {
		delete(w.watches, id)
	}
	close(on.news)
	on.news = make(chan struct{})
}
