package longpoll

import (
	"strconv"
	"time"
)

// KeepFor sets how long a listener without waiters is kept.
func (w *Watcher[T]) KeepFor(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keptFor = d
}

// SetBack sets the clock back since the last waiter left the watch.
func (w *Watcher[T]) SetBack(on *watch[T], by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on.left = on.left.Add(by)
}

// Watch is the scan's watch.
func (w *Watcher[T]) Watch(id string) *watch[T] {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[id]
}

// Latest is the listener's last word.
func (w *Watcher[T]) Latest(id string) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[id].latest
}

// On reports whether the scan's waiters are those of the watch.
func (w *Watcher[T]) On(id string, watch *watch[T]) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[id] == watch
}

// Fill takes all watches that are left.
func (w *Watcher[T]) Fill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := 0; len(w.watches) < MaxWatches; i++ {
		w.watches[strconv.Itoa(i)] = &watch[T]{waiters: 1, stop: func() {}}
	}
}

// Join is join.
func (w *Watcher[T]) Join(known T) (*watch[T], error) { return w.join(known) }

// Leave is leave.
func (w *Watcher[T]) Leave(known T, on *watch[T]) { w.leave(known, on) }

// Tell is tell.
func (w *Watcher[T]) Tell(id string, on *watch[T], latest T, err error) { w.tell(id, on, latest, err) }
