package scan

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
)

// advanced is the scan one version on, in another state.
func advanced(s Scan, state State) Scan {
	s.State = state
	s.Version++
	return s
}

func TestWaitWakesOnTheChange(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.service(e.fs)
	s := e.newScan(t)
	answer := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25")
	eventually(t, "somebody listens", func() bool { return reader.Watcher.hears(s.ID) })
	e.put(t, advanced(s, Processing))
	wantView(t, receive(t, answer, "the answer"), Processing, 2)
}

func TestWaitWakesOnNothingLess(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.service(e.fs)
	s, other := e.newScan(t), e.newScan(t)
	answer := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25&since=2")
	eventually(t, "somebody listens", func() bool { return reader.Watcher.hears(s.ID) })

	e.put(t, advanced(other, Completed))
	s.SweepAt = nil
	e.put(t, s) // no new version
	s = advanced(s, Processing)
	e.put(t, s) // version 2, which the client knows
	s = advanced(s, Completed)
	e.put(t, s)
	wantView(t, receive(t, answer, "the answer"), Completed, 3)
}

func TestWaitEndsInTime(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.service(e.fs)
	s := e.newScan(t)
	t.Run("with the state as it was", func(t *testing.T) {
		t.Parallel()
		wantView(t, receive(t, poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=1"), "the answer"), AwaitingUpload, 1)
	})
	t.Run("with the state as it is by then, though it is not what was waited for", func(t *testing.T) {
		t.Parallel()
		s := e.newScan(t)
		reader := e.service(e.fs)
		ctx, leave := context.WithCancel(t.Context())
		waited := make(chan Scan, 1)
		go func() {
			got, _ := reader.Watcher.Wait(ctx, s, 9)
			waited <- got
		}()
		eventually(t, "somebody listens", func() bool { return reader.Watcher.hears(s.ID) })
		e.put(t, advanced(s, Processing))
		eventually(t, "the listener hears of it", func() bool {
			return reader.Watcher.latest(s.ID).Version == 2
		})
		leave()
		if got := receive(t, waited, "the end of the wait"); got.State != Processing || got.Version != 2 {
			t.Errorf("scan is %s, version %d", got.State, got.Version)
		}
	})
}

func TestWaitEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.service(e.fs)
	s := e.newScan(t)
	ctx, leave := context.WithCancel(t.Context())
	answer := poll(ctx, scansAPI(reader), string(s.ID)+"?wait=25")
	eventually(t, "somebody waits", func() bool { return reader.Watcher.waiting(s.ID) == 1 })
	leave()
	receive(t, answer, "the handler's end")
	if n := reader.Watcher.watched(); n != 0 {
		t.Errorf("%d scans are watched still", n)
	}
}

func TestWaitEndsWhenTheScanIsDeleted(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.service(e.fs)
	s := e.newScan(t)
	answer := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25")
	eventually(t, "somebody listens", func() bool { return reader.Watcher.hears(s.ID) })
	e.remove(t, s)
	wantProblem(t, receive(t, answer, "the answer"), http.StatusNotFound, "not_found")
	if n := reader.Watcher.watched(); n != 0 {
		t.Errorf("%d scans are watched still", n)
	}
}

// countListens counts the listeners that were opened.
func countListens(n *atomic.Int32) grpc.DialOption {
	return grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Listen") {
			n.Add(1)
		}
		return open(ctx, desc, conn, method, opts...)
	})
}

// Not parallel: it looks at the goroutines of the process.
func TestWaitersShareAListenerAndLeaveNothing(t *testing.T) { //nolint:paralleltest // see above
	const waiters = 50
	e := newEnv(t)
	var listens atomic.Int32
	fs := e.database(t, countListens(&listens))
	s := e.newScan(t)
	if _, err := get(t.Context(), fs, s.ID); err != nil { // so that the connection is there
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()

	watcher := NewWatcher(fs)
	woken := make(chan Scan, waiters)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for i := range waiters {
		ctx := ctx
		if i > 0 {
			ctx = t.Context()
		}
		go func() {
			got, err := watcher.Wait(ctx, s, s.Version)
			if err != nil {
				t.Error(err)
			}
			woken <- got
		}()
	}
	eventually(t, "all wait", func() bool { return watcher.waiting(s.ID) == waiters && watcher.hears(s.ID) })
	if n := watcher.watched(); n != 1 {
		t.Errorf("%d scans are watched, want 1", n)
	}
	leave() // one of them
	if got := receive(t, woken, "the one that leaves"); got.Version != 1 {
		t.Errorf("the one that leaves got version %d", got.Version)
	}
	eventually(t, "the others wait on", func() bool { return watcher.waiting(s.ID) == waiters-1 })
	e.put(t, advanced(s, Completed))
	for range waiters - 1 {
		if got := receive(t, woken, "a waiter"); got.State != Completed || got.Version != 2 {
			t.Errorf("a waiter got %s, version %d", got.State, got.Version)
		}
	}
	eventually(t, "nothing is watched any more", func() bool { return watcher.watched() == 0 })
	if n := listens.Load(); n != 1 {
		t.Errorf("%d listeners were opened, want 1", n)
	}
	if err := goleak.Find(before); err != nil {
		t.Errorf("goroutines are left: %v", err)
	}
}

func TestListenerThatFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var broken atomic.Bool
	broken.Store(true)
	fs := e.database(t, grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Listen") && broken.Load() {
			return nil, status.Error(codes.PermissionDenied, "refused by the test")
		}
		return open(ctx, desc, conn, method, opts...)
	}))
	reader := e.service(fs)
	s := e.newScan(t)
	p := wantProblem(t, receive(t, poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25"), "the answer"), 500, "internal")
	if strings.Contains(p.Detail, "refused by the test") {
		t.Errorf("the cause is shown: %q", p.Detail)
	}
	if n := reader.Watcher.watched(); n != 0 {
		t.Errorf("%d scans are watched still", n)
	}
	broken.Store(false)
	answer := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25")
	// A change during a listener's set-up may get lost in the emulator.
	eventually(t, "the listener is there", func() bool { return reader.Watcher.hears(s.ID) })
	e.put(t, advanced(s, Completed))
	wantView(t, receive(t, answer, "the answer of the next"), Completed, 2)
}

// Those who come after a listener's failure get a new one, while those of the failed one are still leaving.
func TestNextListenerIsApartFromTheFailed(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	watcher := NewWatcher(e.fs)
	s := e.newScan(t)
	failed, err := watcher.Join(s)
	if err != nil {
		t.Fatal(err)
	}
	watcher.Tell(string(s.ID), failed, Scan{}, errors.New("failed"))
	woken := make(chan Scan, 1)
	go func() {
		got, err := watcher.Wait(t.Context(), s, s.Version)
		if err != nil {
			t.Errorf("the next: %v", err)
		}
		woken <- got
	}()
	eventually(t, "the next waits", func() bool {
		return watcher.hears(s.ID) && !watcher.on(s.ID, failed)
	})
	watcher.Leave(s, failed)
	if n := watcher.waiting(s.ID); n != 1 {
		t.Errorf("%d wait, want 1", n)
	}
	e.put(t, advanced(s, Completed))
	if got := receive(t, woken, "the next"); got.Version != 2 {
		t.Errorf("the next got version %d", got.Version)
	}
}

func TestTooManyWatches(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.service(e.fs)
	s := e.newScan(t)
	first := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25")
	eventually(t, "somebody waits", func() bool { return reader.Watcher.waiting(s.ID) == 1 })
	reader.Watcher.fill()

	w := receive(t, poll(t.Context(), scansAPI(reader), string(e.newScan(t).ID)+"?wait=25"), "the answer")
	wantProblem(t, w, http.StatusServiceUnavailable, string(fault.CodeUnavailable))
	if after := w.Header().Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q", after)
	}
	second := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25") // one that is watched already
	eventually(t, "two wait", func() bool { return reader.Watcher.waiting(s.ID) == 2 && reader.Watcher.hears(s.ID) })
	e.put(t, advanced(s, Processing))
	wantView(t, receive(t, first, "the first answer"), Processing, 2)
	wantView(t, receive(t, second, "the second answer"), Processing, 2)
}

// Whoever read a later state than the listener has told of is not told the earlier one at the end of the wait.
func TestWaitNeverGoesBack(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	watcher := NewWatcher(e.fs)
	s := e.newScan(t)
	ctx, leave := context.WithTimeout(t.Context(), time.Hour)
	defer leave()
	go func() { _, _ = watcher.Wait(ctx, s, 9) }()
	eventually(t, "somebody waits", func() bool { return watcher.waiting(s.ID) == 1 })

	gone, end := context.WithCancel(t.Context())
	end()
	got, err := watcher.Wait(gone, advanced(s, Processing), 2) // the database has version 1: the listener cannot know
	if err != nil || got.Version != 2 || got.State != Processing {
		t.Errorf("got %s, version %d (%v), want what was known", got.State, got.Version, err)
	}
}

func TestTooManyWaiters(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	watcher := NewWatcher(e.fs)
	s := e.newScan(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	first, err := watcher.Join(s)
	if err != nil {
		t.Fatal(err)
	}
	for range MaxWatches - 1 {
		on, err := watcher.Join(s)
		if err != nil {
			t.Fatal(err)
		}
		defer watcher.Leave(s, on)
	}
	if _, err := watcher.Wait(ctx, s, s.Version); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("one more waits: %v", err)
	}
	watcher.Leave(s, first)
	if _, err := watcher.Join(s); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}

// A listener that gets no stream hears of nothing, so that the end of the wait has to look for itself.
func TestWaitLosesNothingWithoutAListener(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	fs := e.database(t, grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Listen") {
			select {
			case <-held:
			case <-ctx.Done():
			}
		}
		return open(ctx, desc, conn, method, opts...)
	}))
	service := e.service(fs)
	s := e.newScan(t)
	answer := poll(t.Context(), scansAPI(service), string(s.ID)+"?wait=2")
	eventually(t, "somebody waits", func() bool { return service.Watcher.waiting(s.ID) == 1 })
	e.put(t, advanced(s, Completed))
	wantView(t, receive(t, answer, "the answer"), Completed, 2)

	deleted := e.newScan(t)
	answer = poll(t.Context(), scansAPI(service), string(deleted.ID)+"?wait=1")
	eventually(t, "somebody waits", func() bool { return service.Watcher.waiting(deleted.ID) == 1 })
	e.remove(t, deleted)
	wantProblem(t, receive(t, answer, "the answer"), http.StatusNotFound, "not_found")
}
