package operator

import "sync"

// ring keeps the last items of a kind, each with its number, which counts from 1. It is safe for
// concurrent use.
type ring[T any] struct {
	size int

	mu    sync.Mutex
	items []T // the last one has the number last
	last  int64
}

// add keeps the items that number makes of theirs.
func (r *ring[T]) add(number func(int64) T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	r.items = append(r.items, number(r.last))
	if len(r.items) >= 2*r.size { // so that each item is moved once
		r.items = append([]T(nil), r.items[len(r.items)-r.size:]...)
	}
}

// since returns what came after the number, at most the size of the ring, and the last number.
func (r *ring[T]) since(number int64) ([]T, int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := min(max(0, r.last-number), int64(min(len(r.items), r.size)))
	return append([]T{}, r.items[int64(len(r.items))-fresh:]...), r.last
}
