// Package longpoll lets clients wait for what takes a while: a scan, a series, an export or an
// erasure. A request names the seconds it is willing to wait, and is answered as soon as the
// document has changed or has come to its end.
package longpoll

import (
	"context"
	"errors"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/throttle"
)

// MaxWatches limits the documents that one watcher listens to and, separately, the clients that
// wait for them. The concurrency of the functions that have one is the same.
const MaxWatches = 1000

// MaxWaiters limits the clients that wait for one document. The holder of a receipt's address needs
// no token, and must not take the places of all others by it.
const MaxWaiters = 100

const (
	// lastLook bounds the read at the end of a wait whose listener has not reported anything.
	lastLook = 5 * time.Second
	// keptFor is how long a listener is kept after its last waiter has left. A client that was told of
	// a change asks again at once, and then needs no new listener.
	keptFor = 5 * time.Second
)

// Document is a stored document that clients wait for. Its version grows with each change.
type Document interface {
	CurrentVersion() int64
	// Settled reports whether there is nothing to wait for.
	Settled() bool
	Ref(fs *firestore.Client) *firestore.DocumentRef
	// Owner returns the id of the user whose document it is.
	Owner() string
}

// Watcher wakes the requests that wait for a document to change. All requests for one document
// share a Firestore listener, which lives as long as one of them waits, and a few seconds longer
// while there is something to wait for:
//
//	      first waiter                        snapshot
//	(none) ──────────► opening ───────────────────────────────► heard ──┐ snapshot: tell all who wait
//	   ▲                  │ │ the wait ends: the document is read once    │ ◄┘
//	   │ last one left    │ │ listener fails                              │ listener fails, or decode
//	   ├──────────────────┘ ▼                                             ▼
//	   └───────────────── failed: off the table at once; its waiters get the error, the next a new listener
//
// No change is lost. The listener's first snapshot is the document as it is then, so what changed
// between a waiter's own read and the listener's opening is in it; a waiter that joins later
// compares with the last snapshot first. A wait that ends before there was a snapshot, as when all
// streams are taken, ends with a read of its own.
type Watcher[T Document] struct {
	fs *firestore.Client
	// keptFor is the constant except in tests.
	keptFor time.Duration
	// decode decodes a snapshot, and says what a deleted document is.
	decode func(*firestore.DocumentSnapshot, error) (T, error)

	mu sync.Mutex
	// watches are keyed by the document's id.
	watches map[string]*watch[T]
	waiters int
}

// watch is the listener of one document.
type watch[T Document] struct {
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

// NewWatcher returns a watcher of documents in the database. An error of decode ends the wait of
// all who wait for the document; a deleted one is usually not_found.
func NewWatcher[T Document](
	fs *firestore.Client, decode func(*firestore.DocumentSnapshot, error) (T, error),
) *Watcher[T] {
	return &Watcher[T]{fs: fs, keptFor: keptFor, decode: decode, watches: map[string]*watch[T]{}}
}

// WaitFor is [Watcher.Wait] for at most the seconds. Where there is nothing to wait for it does not
// wait; waited reports whether it did.
func (w *Watcher[T]) WaitFor(
	ctx context.Context, known T, since int64, seconds int,
) (latest T, waited bool, err error) {
	if seconds == 0 || known.CurrentVersion() > since || known.Settled() {
		return known, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	latest, err = w.Wait(ctx, known, since)
	return latest, true, err
}

// Wait returns the document as soon as its version is above since or it is settled, or its last
// known state when ctx ends, which is not an error. Beyond [MaxWatches] distinct documents or
// waiters at a time, and [MaxWaiters] of this document, it returns unavailable.
func (w *Watcher[T]) Wait(ctx context.Context, known T, since int64) (T, error) {
	var none T
	on, err := w.join(known)
	if err != nil {
		return none, err
	}
	defer w.leave(known, on)
	throttle.Rest(ctx)
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
func (w *Watcher[T]) last(ctx context.Context, on *watch[T]) (T, error) {
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

func (w *Watcher[T]) look(on *watch[T]) (T, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return on.latest, on.news, on.err
}

func (w *Watcher[T]) join(known T) (*watch[T], error) {
	document := known.Ref(w.fs)
	w.mu.Lock()
	defer w.mu.Unlock()
	on, ok := w.watches[document.ID]
	if ok && on.waiters == 0 && !w.current(on) {
		w.end(document.ID, on)
		ok = false
	}
	if w.waiters >= MaxWatches || ok && on.waiters >= MaxWaiters || !ok && !w.room() {
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
func (w *Watcher[T]) Known(id string) (latest T, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on := w.watches[id]
	if on == nil || !on.heard || on.err != nil || on.waiters == 0 && !w.current(on) {
		return latest, false
	}
	return on.latest, true
}

// Waiting returns the number of requests that wait for the document with the id.
func (w *Watcher[T]) Waiting(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if on := w.watches[id]; on != nil {
		return on.waiters
	}
	return 0
}

// Hears reports whether the document with the id has a listener that has told of it once. The
// emulator, unlike production, may tell of a change that comes while the listener opens before the
// state that it changed, or not at all; what a test changes, it changes afterwards.
func (w *Watcher[T]) Hears(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	on := w.watches[id]
	return on != nil && on.heard
}

// Watched returns the number of documents that are listened to.
func (w *Watcher[T]) Watched() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watches)
}

// current reports whether the watch without waiters is kept still.
func (w *Watcher[T]) current(on *watch[T]) bool {
	return time.Now().Round(0).Before(on.left.Add(w.keptFor))
}

// room reports whether there may be one more watch. If need be it ends one that has no waiters.
func (w *Watcher[T]) room() bool {
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

func (w *Watcher[T]) leave(known T, on *watch[T]) {
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
func (w *Watcher[T]) end(id string, on *watch[T]) {
	on.stop()
	if on.ending != nil {
		on.ending.Stop()
	}
	if w.watches[id] == on {
		delete(w.watches, id)
	}
}

// listen reads the document's snapshots until the last waiter leaves.
func (w *Watcher[T]) listen(ctx context.Context, document *firestore.DocumentRef, on *watch[T]) {
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

// tell wakes the waiters. If the listener has failed, tell removes its watch, so that the next
// waiter gets a new one.
func (w *Watcher[T]) tell(id string, on *watch[T], latest T, err error) {
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
