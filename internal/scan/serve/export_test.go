package serve

import (
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// Waiting is how many wait for the scan.
func (w *watcher[T]) Waiting(id scan.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if on := w.watches[string(id)]; on != nil {
		return on.waiters
	}
	return 0
}

// Hears reports whether the scan's listener has told of the scan once. The emulator, unlike
// production, may tell of a change that comes while the listener opens before the state that it
// changed, or not at all; what a test changes, it changes afterwards.
func (w *watcher[T]) Hears(id scan.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	on := w.watches[string(id)]
	return on != nil && on.heard
}

func (w *watcher[T]) Watched() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watches)
}

// KeepFor sets how long a listener without waiters is kept.
func (w *watcher[T]) KeepFor(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keptFor = d
}

// SetBack sets the clock back since the last waiter left the watch.
func (w *watcher[T]) SetBack(on *watch[T], by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	on.left = on.left.Add(by)
}

// Watch is the scan's watch.
func (w *watcher[T]) Watch(id scan.ID) *watch[T] {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[string(id)]
}

// Latest is the listener's last word.
func (w *watcher[T]) Latest(id scan.ID) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[string(id)].latest
}

// On reports whether the scan's waiters are those of the watch.
func (w *watcher[T]) On(id scan.ID, watch *watch[T]) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[string(id)] == watch
}

// Fill takes all watches that are left.
func (w *watcher[T]) Fill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := 0; len(w.watches) < MaxWatches; i++ {
		w.watches[strconv.Itoa(i)] = &watch[T]{waiters: 1, stop: func() {}}
	}
}

// Join is join.
func (w *watcher[T]) Join(known T) (*watch[T], error) { return w.join(known) }

// Leave is leave.
func (w *watcher[T]) Leave(known T, on *watch[T]) { w.leave(known, on) }

// Tell is tell.
func (w *watcher[T]) Tell(id string, on *watch[T], latest T, err error) { w.tell(id, on, latest, err) }

// Names for the tests.
const (
	ImageLife     = imageLife
	OriginalImage = originalImage
)

type (
	ImagesView     = imagesView
	ListView       = httpapi.List[scan.Summary]
	SeriesImages   = seriesImagesView
	SeriesListView = httpapi.List[series.View]
	TimelineView   = timelineView
)

var (
	Timeline = timeline
)
