package emulator

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Recorder keeps everything a sink received, in order. It is safe for concurrent use; the zero
// value is empty.
type Recorder[T any] struct {
	mu      sync.Mutex
	items   []T
	changed chan struct{} // closed and dropped by add; nil while there is no waiter
}

// Messages returns a copy of what was received so far, oldest first.
func (r *Recorder[T]) Messages() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.items)
}

// Wait returns the first message, received before or after the call, that match accepts. It fails
// only when ctx ends first. Each message is shown to match once.
func (r *Recorder[T]) Wait(ctx context.Context, match func(T) bool) (T, error) {
	seen := 0
	for {
		fresh, changed := r.since(seen)
		if i := slices.IndexFunc(fresh, match); i >= 0 {
			return fresh[i], nil
		}
		seen += len(fresh)
		select {
		case <-changed:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("wait for a message (%d received, none matches): %w", seen, context.Cause(ctx))
		}
	}
}

// since returns a copy of the items from index seen on, and a channel that is closed when more
// arrive.
func (r *Recorder[T]) since(seen int) ([]T, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return slices.Clone(r.items[seen:]), r.changed
}

// add records an item and wakes all waiters.
func (r *Recorder[T]) add(item T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items = append(r.items, item)
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}
