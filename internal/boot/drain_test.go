package boot

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/throttle"
)

// The framework would cut running requests off at SIGTERM. Several run, as the last one to end
// decides.
func TestSIGTERMLetsRunningRequestsFinish(t *testing.T) {
	t.Parallel()
	const running = throttle.Places - 4
	port := testkit.FreePort(t)
	p := startHelper(t, serveSlowly, productionEnviron("FUNCTION_TARGET", "late", helperPort, port))
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 2 * running}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(path string) (*http.Response, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		if err != nil {
			return nil, "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	testkit.Eventually(t, "the function answers", func() bool {
		resp, _, err := get("/quick")
		return err == nil && resp.StatusCode == http.StatusOK
	})

	var slow sync.WaitGroup
	for range running {
		slow.Go(func() {
			resp, body, err := get("/slow")
			if err != nil || resp.StatusCode != http.StatusOK || body != slowBody {
				t.Errorf("a running request was cut off after %d of %d bytes: %v", len(body), len(slowBody), err)
			}
		})
	}
	testkit.Eventually(t, "all slow requests run", func() bool { return len(linesOf(p.stdout, "started")) == running })
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var refused *http.Response
	var problem string
	testkit.Eventually(t, "new requests are refused", func() bool {
		resp, body, err := get("/quick")
		if err != nil {
			t.Fatalf("a new request while draining was not answered: %v", err)
		}
		refused, problem = resp, body
		return resp.StatusCode != http.StatusOK
	})
	if refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") != "1" ||
		refused.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(problem, `"unavailable"`) {
		t.Errorf("refusal = %d %v %s", refused.StatusCode, refused.Header, problem)
	}

	// The process waits for the requests and no fixed time: it is there for longer than it would stay
	// without them.
	for settled := time.Now().Add(2 * settle); time.Now().Before(settled); {
		if resp, _, err := get("/quick"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("while draining, a new request got %v, %v", resp, err)
		}
	}
	if err := p.stdin.Close(); err != nil { // lets the slow requests finish
		t.Fatal(err)
	}
	slow.Wait()
	if code := p.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestSIGTERM_endsAnIdleProcess(t *testing.T) {
	t.Parallel()
	port := testkit.FreePort(t)
	p := startHelper(t, serveSlowly, productionEnviron("FUNCTION_TARGET", "probe", helperPort, port))
	testkit.Eventually(t, "the function answers", func() bool {
		resp, err := http.Get("http://127.0.0.1:" + port + "/quick")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestDrainer(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	t.Run("an idle one stops at once, and again", func(t *testing.T) {
		t.Parallel()
		d := &drainer{idle: make(chan struct{})}
		for range 2 {
			if err := d.stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("it waits for the last request and admits none meanwhile", func(t *testing.T) {
		t.Parallel()
		d := &drainer{idle: make(chan struct{})}
		for range 2 {
			if !d.enter() {
				t.Fatal("not admitted before the stop")
			}
		}
		stopped := make(chan error, 1)
		go func() { stopped <- d.stop(t.Context()) }()
		testkit.Eventually(t, "no request is admitted", func() bool {
			admitted := d.enter()
			if admitted {
				d.leave()
			}
			return !admitted
		})
		d.leave()
		select {
		case err := <-stopped:
			t.Fatalf("stopped with a request still running: %v", err)
		default:
		}
		d.leave()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	t.Run("it gives up when the time is up", func(t *testing.T) {
		t.Parallel()
		d := &drainer{idle: make(chan struct{})}
		d.enter()
		if err := d.stop(ended); !errors.Is(err, errNotDrained) {
			t.Errorf("err = %v, want errNotDrained", err)
		}
	})
	t.Run("the exit code tells whether requests were cut off", func(t *testing.T) {
		t.Parallel()
		d := &drainer{idle: make(chan struct{})}
		d.enter()
		if code := shutDown(d, time.Nanosecond); code != 1 {
			t.Errorf("exit code %d with a request running, want 1", code)
		}
		d.leave()
		if code := shutDown(d, time.Minute); code != 0 {
			t.Errorf("exit code %d when idle, want 0", code)
		}
	})
}
