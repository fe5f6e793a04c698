package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/functions/analyze"
	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
)

// stuckVariable is the folder where the functions' process of these tests notes which photo it has
// been stuck at.
const stuckVariable = "FACESCAN_TEST_STUCK"

// Marks of photos that are not measured the first time: with one the engine computes, with the
// other it waits. With the last the process ends, each time.
const (
	computing = "computes and computes"
	waiting   = "waits beside it"
	ending    = "ends the process"
)

// getStuckOnce changes the engine of the functions' process.
func getStuckOnce() {
	folder := os.Getenv(stuckVariable)
	if folder == "" {
		return
	}
	var beside scans
	analyze.Scan = func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		photo, err := io.ReadAll(r)
		if err != nil {
			return report.Report{}, nil, err
		}
		if bytes.Contains(photo, []byte(ending)) {
			if os.Mkdir(filepath.Join(folder, ending), 0o700) != nil {
				beside.awaitNone() // those beside it are to be lost once
			}
			os.Exit(9)
		}
		defer beside.begin()()
		for _, mark := range []string{computing, waiting} {
			if bytes.Contains(photo, []byte(mark)) && os.Mkdir(filepath.Join(folder, mark), 0o700) == nil {
				getStuck(mark)
			}
		}
		return face.Scan(bytes.NewReader(photo), o)
	}
}

// scans are those that the engine measures.
type scans struct {
	mu      sync.Mutex
	running int
	last    time.Time // when one began or ended
}

// begin counts a scan until the function that it returns is called.
func (s *scans) begin() (end func()) {
	s.add(1)
	return func() { s.add(-1) }
}

func (s *scans) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running += n
	s.last = time.Now()
}

// awaitNone returns once there has been no scan for a second.
func (s *scans) awaitNone() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		s.mu.Lock()
		none := s.running == 0 && time.Since(s.last) > time.Second
		s.mu.Unlock()
		if none {
			return
		}
	}
}

func getStuck(mark string) {
	for sum := sha256.Sum256(nil); mark == computing; {
		sum = sha256.Sum256(sum[:])
	}
	select {}
}

// marked is the photo with a comment, the same to the pixel.
func marked(photo []byte, mark string) []byte {
	comment := append([]byte{0xff, 0xfe, 0, byte(2 + len(mark))}, mark...)
	return bytes.Join([][]byte{photo[:2], comment, photo[2:]}, nil)
}

// start runs the whole system on emulators of its own: those of other tests have the same topics.
func start(t *testing.T) *Host {
	t.Helper()
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "")
	}
	// Several times what an analysis takes on a busy machine with the race detector.
	t.Setenv("FACESCAN_SCAN_LEASE", "12s")
	t.Setenv(stuckVariable, t.TempDir())
	var logs bytes.Buffer
	h, err := Start(t.Context(), Options{
		MinBackoff: 100 * time.Millisecond, SweepEvery: 5 * time.Second, Progress: t.Output(), Logs: &logs,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("logs of the functions:\n%s", logs.String())
		}
	})
	return h
}

func enrol(ctx context.Context, t *testing.T, h *Host, name string) *client.Client {
	t.Helper()
	c := &client.Client{URL: h.URL, AuthHost: h.AuthHost, Email: name + "@example.com", Password: "correct horse " + name}
	_, err := c.SignUp(ctx)
	for _, step := range []func() error{
		func() error { return c.VerifyEmail(ctx) },
		func() error {
			return c.Register(ctx, "Ada", api.Registration_Device{ID: name, Token: name, Platform: api.DevicePlatformIos})
		},
		func() error { return c.Declare(ctx, 1990) },
		func() error { return c.Consent(ctx) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func upload(ctx context.Context, t *testing.T, c *client.Client, photo []byte) (id string) {
	t.Helper()
	opened, err := patiently(ctx, func() (api.OpenedScan, error) {
		return c.Open(ctx, "key", api.UploadRequestContentTypeImageJpeg)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Put(ctx, opened.Upload, photo); err != nil {
		t.Fatal(err)
	}
	return opened.Scan.ID
}

// awaitEnd returns the scan once it has ended.
func awaitEnd(ctx context.Context, t *testing.T, c *client.Client, id string) api.Scan {
	t.Helper()
	s, err := patiently(ctx, func() (api.Scan, error) { return c.AwaitScan(ctx, id) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// patiently asks again after a 503, as an app does: the functions' process may just have ended.
func patiently[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	return client.Poll(ctx, func() (T, bool, error) {
		answer, err := ask()
		var p *client.Problem
		if errors.As(err, &p) && p.Status == http.StatusServiceUnavailable {
			return answer, false, nil
		}
		return answer, true, err
	})
}

// kill ends the functions' process as kill -9 does, and waits until another one serves.
func kill(ctx context.Context, t *testing.T, h *Host) {
	t.Helper()
	before := h.PID()
	process, err := os.FindProcess(before)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Poll(
		ctx, func() (int, bool, error) { pid := h.PID(); return pid, pid != 0 && pid != before, nil },
	); err != nil {
		t.Fatalf("no other process serves: %v", err)
	}
}

// One photo gets the engine stuck. Its process ends, with the scan beside it, and both are measured
// by the next.
func TestStuckMeasurement(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	h := start(t)
	photo := emulatortest.SamplePhoto(t)
	ada, grace := enrol(ctx, t, h, "ada"), enrol(ctx, t, h, "grace")
	first := h.PID()
	beside := upload(ctx, t, grace, marked(photo, waiting))
	stuck := upload(ctx, t, ada, marked(photo, computing))

	for name, s := range map[string]api.Scan{
		"the stuck scan":     awaitEnd(ctx, t, ada, stuck),
		"the scan beside it": awaitEnd(ctx, t, grace, beside),
	} {
		if s.State != api.ScanStateCompleted || s.Result == nil {
			t.Errorf("%s is %s with %+v", name, s.State, s.Failure)
		}
	}
	for _, mark := range []string{computing, waiting} {
		if _, err := os.Stat(filepath.Join(os.Getenv(stuckVariable), mark)); err != nil {
			t.Errorf("the engine was not stuck: %v", err)
		}
	}
	if second := h.PID(); second == first || second == 0 {
		t.Errorf("process %d serves, before it was %d", second, first)
	}

	t.Run("and after kill -9", func(t *testing.T) {
		kill(ctx, t, h)
		if again := awaitEnd(ctx, t, ada, stuck); again.State != api.ScanStateCompleted {
			t.Errorf("the scan is %s", again.State)
		}
	})
}

// One photo among others ends the process at each of its measurements. Its scan ends as failed, and
// those that were measured beside it end well, each once.
func TestPhotoThatEndsTheProcess(t *testing.T) {
	// A process may end between a commit and the event that it owes, which the sweep publishes after
	// outbox.SweepAge.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+2*outbox.SweepAge)
	defer cancel()
	h := start(t)
	photo := emulatortest.SamplePhoto(t)
	const others = 9
	apps, ids := make([]*client.Client, others+1), make([]string, others+1)
	for i := range apps {
		apps[i] = enrol(ctx, t, h, fmt.Sprintf("user-%d", i))
	}
	for i, app := range apps {
		mark := "is fine"
		if i == others/2 {
			mark = ending
		}
		ids[i] = upload(ctx, t, app, marked(photo, mark))
	}
	for i, app := range apps {
		s := awaitEnd(ctx, t, app, ids[i])
		if i == others/2 {
			if s.State != api.ScanStateFailed || s.Failure == nil || s.Failure.Code != "analysis_crashed" {
				t.Errorf("the scan of the photo that ends the process is %s: %+v", s.State, s.Failure)
			}
			continue
		}
		if s.State != api.ScanStateCompleted {
			t.Errorf("a scan beside it is %s: %+v", s.State, s.Failure)
		}
	}
	for i, app := range apps {
		notices, err := client.Poll(ctx, func() (n int, there bool, err error) {
			items, err := patiently(ctx, func() ([]api.InboxItem, error) { return app.Inbox(ctx) })
			for _, item := range items {
				if item.Data["scanId"] == ids[i] {
					n++
				}
			}
			return n, n > 0, err
		})
		if err != nil || notices != 1 {
			t.Errorf("of scan %d there are %d notices: %v", i, notices, err)
		}
	}
}
