package longpoll_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/throttle"
)

// advanced is the scan one version on, in another state.
func advanced(s scan.Scan, state scan.State) scan.Scan {
	s.State = state
	s.Version++
	return s
}

func TestWaitWakesOnTheChange(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	reader := e.ScanHandler(e.Firestore)
	s := e.NewScan(t)
	answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
	testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })
	e.Put(t, advanced(s, scan.Processing))
	scantest.WantView(t, scantest.Receive(t, answer, "the answer"), scan.Processing, 2)
}

func TestAnswer_saysWhetherThereIsMoreToCome(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	s := e.NewScan(t)
	pending := scan.Verification{Outcome: scan.VerifyPending, At: e.Clock.Now()}
	for _, tt := range []struct {
		state        scan.State
		verification *scan.Verification
		want         string
	}{
		{scan.AwaitingUpload, nil, "1"}, {scan.Queued, nil, "1"}, {scan.Processing, nil, "1"}, {scan.Completed, nil, ""},
		{scan.Completed, &pending, "1"}, {scan.Failed, nil, ""}, {scan.Expired, nil, ""},
	} {
		s = advanced(s, tt.state)
		s.Verification = tt.verification
		e.Put(t, s)
		w := scantest.ReadScan(t.Context(), api, string(s.UID), string(s.ID))
		if got := w.Header().Get("Retry-After"); got != tt.want || w.Code != http.StatusOK {
			t.Errorf("%s: %d, Retry-After is %q, want %q", tt.state, w.Code, got, tt.want)
		}
	}
}

func TestWaitWakesOnNothingLess(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	reader := e.ScanHandler(e.Firestore)
	s, other := e.NewScan(t), e.NewScan(t)
	answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25&since=2")
	testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })

	e.Put(t, advanced(other, scan.Completed))
	s.SweepAt = nil
	e.Put(t, s) // no new version
	s = advanced(s, scan.Processing)
	e.Put(t, s) // version 2, which the client knows
	s = advanced(s, scan.Completed)
	e.Put(t, s)
	scantest.WantView(t, scantest.Receive(t, answer, "the answer"), scan.Completed, 3)
}

func TestWait_endsInTime(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	reader := e.ScanHandler(e.Firestore)
	s := e.NewScan(t)
	t.Run("with the state as it was", func(t *testing.T) {
		t.Parallel()
		scantest.WantView(
			t, scantest.Receive(t, scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=1"), "the answer"),
			scan.AwaitingUpload, 1,
		)
	})
	t.Run("with the state as it is by then, though it is not what was waited for", func(t *testing.T) {
		t.Parallel()
		s := e.NewScan(t)
		reader := e.ScanHandler(e.Firestore)
		ctx, leave := context.WithCancel(t.Context())
		waited := make(chan scan.Scan, 1)
		go func() {
			got, _ := reader.Watcher.Wait(ctx, s, 9)
			waited <- got
		}()
		testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })
		e.Put(t, advanced(s, scan.Processing))
		testkit.Eventually(t, "the listener hears of it", func() bool {
			return reader.Watcher.Latest(string(s.ID)).Version == 2
		})
		leave()
		if got := scantest.Receive(t, waited, "the end of the wait"); got.State != scan.Processing || got.Version != 2 {
			t.Errorf("scan is %s, version %d", got.State, got.Version)
		}
	})
}

func TestWait_endsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	reader := e.ScanHandler(e.Firestore)
	s := e.NewScan(t)
	ctx, leave := context.WithCancel(t.Context())
	answer := scantest.Poll(ctx, scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
	testkit.Eventually(t, "another process waits", func() bool { return reader.Watcher.Waiting(string(s.ID)) == 1 })
	leave()
	scantest.Receive(t, answer, "the handler's end")
	if n := reader.Watcher.Watched(); n != 1 {
		t.Errorf("%d scans are watched: the client cannot come back", n)
	}
	if reader.Watcher.Waiting(string(s.ID)) != 0 {
		t.Error("the client waits still")
	}
}

// An app that was told of a change asks again at once.
func TestNextPoll_isServedByTheSameListener(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var listens atomic.Int32
	reader := e.ScanHandler(e.Database(t, scantest.CountListens(&listens)))
	api, s := scantest.ScanAPI(reader), e.NewScan(t)
	path := string(s.ID) + "?wait=25&since="
	answer := scantest.Poll(t.Context(), api, path+"1")
	testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })
	s = advanced(s, scan.Processing)
	e.Put(t, s)
	scantest.WantView(t, scantest.Receive(t, answer, "the answer"), scan.Processing, 2)
	t.Run("of another user's scan nothing is known", func(t *testing.T) {
		e.PutBob(t)
		w := scantest.ReadScan(t.Context(), api, "bob", path+"2")
		scantest.WantProblem(t, w, http.StatusNotFound, "not_found")
	})
	t.Run("of what came while no client waited a client is told at once", func(t *testing.T) {
		scantest.WantView(t, scantest.ReadScan(t.Context(), api, string(scantest.Anna), path+"1"), scan.Processing, 2)
	})
	t.Run("a client that knows a later version than the listener is not told the older one", func(t *testing.T) {
		s := advanced(s, scan.Processing)
		later := scantest.Poll(t.Context(), api, path+"3")
		testkit.Eventually(t, "another process waits", func() bool { return reader.Watcher.Waiting(string(s.ID)) == 1 })
		e.Put(t, s)
		e.Put(t, advanced(s, scan.Completed))
		scantest.WantView(t, scantest.Receive(t, later, "the answer"), scan.Completed, 4)
	})
	if n := listens.Load(); n != 1 {
		t.Errorf("%d listeners were opened", n)
	}
	testkit.Eventually(t, "nothing is listened to after the end", func() bool { return reader.Watcher.Watched() == 0 })
}

// deaf is a stream on which nothing arrives any more once it is silent, as if the other end were
// gone.
type deaf struct {
	grpc.ClientStream
	silent *atomic.Bool
}

func (d *deaf) RecvMsg(m any) error {
	if err := d.ClientStream.RecvMsg(m); err != nil || !d.silent.Load() {
		return err
	}
	<-d.Context().Done()
	return d.Context().Err()
}

func TestPoll_onAListenerWhoseConnectionIsDead(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var silent atomic.Bool
	reader := e.ScanHandler(e.Database(t, grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer,
		opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		stream, err := open(ctx, desc, conn, method, opts...)
		if err == nil && strings.HasSuffix(method, "/Listen") {
			stream = &deaf{stream, &silent}
		}
		return stream, err
	})))
	api, s := scantest.ScanAPI(reader), e.NewScan(t)
	answer := scantest.Poll(t.Context(), api, string(s.ID)+"?wait=25")
	testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })
	s = advanced(s, scan.Processing)
	e.Put(t, s)
	scantest.WantView(t, scantest.Receive(t, answer, "the answer"), scan.Processing, 2)

	silent.Store(true)
	e.Put(t, advanced(s, scan.Completed))
	answer = scantest.Poll(t.Context(), api, string(s.ID)+"?wait=1&since=2")
	testkit.Eventually(t, "another process waits", func() bool { return reader.Watcher.Waiting(string(s.ID)) == 1 })
	e.Clock.Advance(time.Second)
	scantest.WantView(t, scantest.Receive(t, answer, "the answer"), scan.Completed, 3)
}

func TestListenerWithoutWaiters(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	left := func(t *testing.T, keptFor time.Duration) *longpoll.Watcher[scan.Scan] {
		t.Helper()
		watcher := serve.NewWatcher(e.Firestore)
		watcher.KeepFor(keptFor)
		on, err := watcher.Join(s)
		if err != nil {
			t.Fatal(err)
		}
		watcher.Leave(s, on)
		return watcher
	}
	t.Run("ends when its time is over", func(t *testing.T) {
		t.Parallel()
		watcher := left(t, 10*time.Millisecond)
		testkit.Eventually(t, "nothing is watched any more", func() bool { return watcher.Watched() == 0 })
	})
	t.Run("ends though the clock was set back", func(t *testing.T) {
		t.Parallel()
		watcher := left(t, 20*time.Millisecond)
		watcher.SetBack(watcher.Watch(string(s.ID)), 100*time.Millisecond)
		testkit.Eventually(t, "nothing is watched any more", func() bool { return watcher.Watched() == 0 })
	})
	t.Run("makes room for others", func(t *testing.T) {
		t.Parallel()
		watcher := left(t, time.Hour)
		watcher.Fill()
		other, err := watcher.Join(e.NewScan(t))
		if err != nil || watcher.Waiting(string(s.ID)) != 0 || other == nil {
			t.Error(err)
		}
	})
	t.Run("is not believed once the instance stood still for longer", func(t *testing.T) {
		t.Parallel()
		watcher := left(t, time.Hour)
		watcher.KeepFor(0)
		if _, ok := watcher.Known(string(s.ID)); ok {
			t.Error("it is believed")
		}
		before := watcher.Watch(string(s.ID))
		if on, err := watcher.Join(s); err != nil || on == before {
			t.Errorf("the next waiter waits for it: %v", err)
		}
	})
}

func TestWait_endsWhenTheScanIsDeleted(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	reader := e.ScanHandler(e.Firestore)
	s := e.NewScan(t)
	answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
	testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })
	e.Remove(t, s)
	scantest.WantProblem(t, scantest.Receive(t, answer, "the answer"), http.StatusNotFound, "not_found")
	if n := reader.Watcher.Watched(); n != 0 {
		t.Errorf("%d scans are watched still", n)
	}
}

// Not parallel: it looks at the goroutines of the process.
func TestWaitersShareAListenerAndLeaveNothing(t *testing.T) { //nolint:paralleltest // see above
	const waiters = 50
	e := scantest.New(t)
	var listens atomic.Int32
	fs := e.Database(t, scantest.CountListens(&listens))
	s := e.NewScan(t)
	if _, err := scan.Get(t.Context(), fs, s.ID); err != nil { // so that the connection is there
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()

	watcher := serve.NewWatcher(fs)
	woken := make(chan scan.Scan, waiters)
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
	id := string(s.ID)
	testkit.Eventually(t, "all wait", func() bool { return watcher.Waiting(id) == waiters && watcher.Hears(id) })
	if n := watcher.Watched(); n != 1 {
		t.Errorf("%d scans are watched, want 1", n)
	}
	leave() // one of them
	if got := scantest.Receive(t, woken, "the one that leaves"); got.Version != 1 {
		t.Errorf("the one that leaves got version %d", got.Version)
	}
	testkit.Eventually(t, "the others wait on", func() bool { return watcher.Waiting(string(s.ID)) == waiters-1 })
	e.Put(t, advanced(s, scan.Completed))
	for range waiters - 1 {
		if got := scantest.Receive(t, woken, "a waiter"); got.State != scan.Completed || got.Version != 2 {
			t.Errorf("a waiter got %s, version %d", got.State, got.Version)
		}
	}
	testkit.Eventually(t, "nothing is watched any more", func() bool { return watcher.Watched() == 0 })
	if n := listens.Load(); n != 1 {
		t.Errorf("%d listeners were opened, want 1", n)
	}
	// A connection that another client is still opening is not the watcher's: it opens none.
	writer := goleak.IgnoreAnyFunction("google.golang.org/grpc/internal/transport.(*loopyWriter).run")
	if err := goleak.Find(before, writer); err != nil {
		t.Errorf("goroutines are left: %v", err)
	}
}

func TestListenerThatFails(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var broken atomic.Bool
	broken.Store(true)
	fs := e.Database(t, grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer,
		opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Listen") && broken.Load() {
			return nil, status.Error(codes.PermissionDenied, "refused by the test")
		}
		return open(ctx, desc, conn, method, opts...)
	}))
	reader := e.ScanHandler(fs)
	s := e.NewScan(t)
	p := scantest.WantProblem(
		t, scantest.Receive(t, scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25"), "the answer"),
		500, "internal",
	)
	if strings.Contains(p.Detail, "refused by the test") {
		t.Errorf("the cause is shown: %q", p.Detail)
	}
	if n := reader.Watcher.Watched(); n != 0 {
		t.Errorf("%d scans are watched still", n)
	}
	broken.Store(false)
	answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
	// A change during a listener's set-up may get lost in the emulator.
	testkit.Eventually(t, "the listener is there", func() bool { return reader.Watcher.Hears(string(s.ID)) })
	e.Put(t, advanced(s, scan.Completed))
	scantest.WantView(t, scantest.Receive(t, answer, "the answer of the next"), scan.Completed, 2)
}

// Waiters that come after a listener's failure get a new one, while those of the failed one are
// still leaving.
func TestNextListener_isApartFromTheFailed(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	watcher := serve.NewWatcher(e.Firestore)
	s := e.NewScan(t)
	failed, err := watcher.Join(s)
	if err != nil {
		t.Fatal(err)
	}
	watcher.Tell(string(s.ID), failed, scan.Scan{}, errors.New("failed"))
	woken := make(chan scan.Scan, 1)
	go func() {
		got, err := watcher.Wait(t.Context(), s, s.Version)
		if err != nil {
			t.Errorf("the next: %v", err)
		}
		woken <- got
	}()
	testkit.Eventually(t, "the next waits", func() bool {
		return watcher.Hears(string(s.ID)) && !watcher.On(string(s.ID), failed)
	})
	watcher.Leave(s, failed)
	if n := watcher.Waiting(string(s.ID)); n != 1 {
		t.Errorf("%d wait, want 1", n)
	}
	e.Put(t, advanced(s, scan.Completed))
	if got := scantest.Receive(t, woken, "the next"); got.Version != 2 {
		t.Errorf("the next got version %d", got.Version)
	}
}

func TestTooManyWatches(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	reader := e.ScanHandler(e.Firestore)
	s := e.NewScan(t)
	first := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
	testkit.Eventually(t, "another process waits", func() bool { return reader.Watcher.Waiting(string(s.ID)) == 1 })
	reader.Watcher.Fill()

	w := scantest.Receive(
		t, scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(e.NewScan(t).ID)+"?wait=25"), "the answer",
	)
	scantest.WantProblem(t, w, http.StatusServiceUnavailable, string(fault.CodeUnavailable))
	if after := w.Header().Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q", after)
	}
	second := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25") // one that is watched already
	testkit.Eventually(
		t, "two wait", func() bool { return reader.Watcher.Waiting(string(s.ID)) == 2 && reader.Watcher.Hears(string(s.ID)) },
	)
	e.Put(t, advanced(s, scan.Processing))
	scantest.WantView(t, scantest.Receive(t, first, "the first answer"), scan.Processing, 2)
	scantest.WantView(t, scantest.Receive(t, second, "the second answer"), scan.Processing, 2)
}

// A waiter that read a later state than the listener has told of is not told the earlier one at the
// end of the wait.
func TestWait_neverGoesBack(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	watcher := serve.NewWatcher(e.Firestore)
	s := e.NewScan(t)
	ctx, leave := context.WithTimeout(t.Context(), time.Hour)
	defer leave()
	go func() { _, _ = watcher.Wait(ctx, s, 9) }()
	testkit.Eventually(t, "another process waits", func() bool { return watcher.Waiting(string(s.ID)) == 1 })

	gone, end := context.WithCancel(t.Context())
	end()
	got, err := watcher.Wait(gone, advanced(s, scan.Processing), 2) // the database has version 1: the listener cannot know
	if err != nil || got.Version != 2 || got.State != scan.Processing {
		t.Errorf("got %s, version %d (%v), want what was known", got.State, got.Version, err)
	}
}

func TestTooManyWaiters(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	for name, tt := range map[string]struct{ of, each int }{
		"of one scan":  {1, longpoll.MaxWaiters},
		"of many":      {longpoll.MaxWatches / longpoll.MaxWaiters, longpoll.MaxWaiters},
		"of many more": {2 * longpoll.MaxWatches / longpoll.MaxWaiters, longpoll.MaxWaiters / 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watcher := serve.NewWatcher(e.Firestore)
			scans := make([]scan.Scan, tt.of)
			for i := range scans {
				scans[i] = e.NewScan(t)
				for range tt.each {
					on, err := watcher.Join(scans[i])
					if err != nil {
						t.Fatal(err)
					}
					defer watcher.Leave(scans[i], on)
				}
			}
			last := scans[tt.of-1]
			if _, err := watcher.Wait(t.Context(), last, last.Version); !fault.Is(err, fault.CodeUnavailable) {
				t.Errorf("one more waits: %v", err)
			}
			watcher.Leave(last, watcher.Watch(string(last.ID)))
			if _, err := watcher.Join(last); err != nil {
				t.Errorf("after one has left: %v", err)
			}
		})
	}
}

// A listener that gets no stream hears of nothing, so that the end of the wait has to look for
// itself.
func TestWait_losesNothingWithoutAListener(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	fs := e.Database(t, grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer,
		opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Listen") {
			select {
			case <-held:
			case <-ctx.Done():
			}
		}
		return open(ctx, desc, conn, method, opts...)
	}))
	service := e.ScanHandler(fs)
	s := e.NewScan(t)
	answer := scantest.Poll(t.Context(), scantest.ScanAPI(service), string(s.ID)+"?wait=2")
	testkit.Eventually(t, "another process waits", func() bool { return service.Watcher.Waiting(string(s.ID)) == 1 })
	e.Put(t, advanced(s, scan.Completed))
	scantest.WantView(t, scantest.Receive(t, answer, "the answer"), scan.Completed, 2)

	deleted := e.NewScan(t)
	answer = scantest.Poll(t.Context(), scantest.ScanAPI(service), string(deleted.ID)+"?wait=1")
	testkit.Eventually(t, "another process waits", func() bool { return service.Watcher.Waiting(string(deleted.ID)) == 1 })
	e.Remove(t, deleted)
	scantest.WantProblem(t, scantest.Receive(t, answer, "the answer"), http.StatusNotFound, "not_found")
}

// A wait is longer than it takes to sign out everywhere, to ban a user, or to begin an erasure.
func TestWait_refusesWhoseSignInEndsMeanwhile(t *testing.T) {
	t.Parallel()
	later := time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		field string
		value any
		want  int
	}{
		"a sign-in that ends":         {"tokensValidAfter", later, http.StatusUnauthorized},
		"a user who is banned":        {"state", string(account.Banned), http.StatusForbidden},
		"an account that is erased":   {"state", string(account.Erasing), http.StatusForbidden},
		"nothing of the sort happens": {"locale", "de", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			reader := e.ScanHandler(e.Firestore)
			s := e.NewScan(t)
			answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
			testkit.Eventually(t, "another process listens", func() bool { return reader.Watcher.Hears(string(s.ID)) })
			changed := []firestore.Update{{Path: tt.field, Value: tt.value}}
			if _, err := account.Ref(e.Firestore, s.UID).Update(t.Context(), changed); err != nil {
				t.Fatal(err)
			}
			e.Clock.Advance(time.Second) // what waits for less is any other request that was under way
			e.Put(t, advanced(s, scan.Processing))
			if got := scantest.Receive(t, answer, "the answer"); got.Code != tt.want {
				t.Errorf("%d %s, want %d", got.Code, got.Body, tt.want)
			}
		})
	}
}

// A request that waits leaves its place to others.
func TestWait_takesNoPlace(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	watcher := e.ScanHandler(e.Firestore).Watcher
	s := e.NewScan(t)
	places := throttle.New(1, 0, time.Second)
	ctx, leave, err := places.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	waiting, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := watcher.Wait(waiting, s, s.Version)
		ended <- err
	}()
	testkit.Eventually(t, "the request waits", func() bool { return watcher.Waiting(string(s.ID)) == 1 })
	testkit.Eventually(t, "another gets its place", func() bool {
		_, other, err := places.Enter(t.Context())
		if err == nil {
			other()
		}
		return err == nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
