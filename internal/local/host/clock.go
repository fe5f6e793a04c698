package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/local/address"
)

// clockPath is where the private port shows the clock, and moves it.
const clockPath = "/dev/clock"

// furthest is as far as the clock may be moved from the machine's time: ten years. Beyond, times
// would leave what Firestore can store, and durations what they can hold.
const furthest = 10 * 365 * 24 * time.Hour

var errTooFar = errors.New("the clock can be moved by ten years at most")

// clock is the time of the local stack: of the functions, of the storage and of the sweep's
// schedule. The functions read how far it is moved from a file (see boot.Process.Now), since their
// process may end and be replaced.
type clock struct {
	file string

	mu    sync.Mutex
	moved time.Duration
	// still is the time while it stands still, otherwise zero.
	still time.Time
}

// newClock returns a clock that is moved by d, and its file.
func newClock(d time.Duration) (*clock, error) {
	dir, err := os.MkdirTemp("", "facescan-clock-")
	if err != nil {
		return nil, fmt.Errorf("make the clock's folder: %w", err)
	}
	c := &clock{file: filepath.Join(dir, "moved")}
	return c, c.Move(d)
}

// Now returns the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *clock) now() time.Time {
	if !c.still.IsZero() {
		return c.still
	}
	return time.Now().Add(c.moved)
}

// offset returns how far the clock is from the machine's time.
func (c *clock) offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

// Move moves the time on by d, or back if d is negative.
func (c *clock) Move(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	moved := c.moved + d
	if d.Abs() > furthest || moved.Abs() > furthest {
		return fmt.Errorf("%w: by %s in all", errTooFar, moved)
	}
	if err := c.say(moved.String()); err != nil {
		return fmt.Errorf("move the clock: %w", err)
	}
	c.moved, c.still = moved, time.Time{}
	return nil
}

// Stop has the time stand still until it is moved, by nothing if it is to be right again.
func (c *clock) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	still := c.now().UTC()
	if err := c.say(still.Format(time.RFC3339Nano)); err != nil {
		return fmt.Errorf("stop the clock: %w", err)
	}
	c.still = still
	return nil
}

// say tells the functions what the time is. The file is renamed, so that they never read half of
// it.
func (c *clock) say(text string) error {
	next := c.file + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.file)
}

// close removes the file.
func (c *clock) close() error { return os.RemoveAll(filepath.Dir(c.file)) }

// ServeHTTP answers GET with the time, and POST after it has moved the clock by the duration in its
// body, such as {"advance":"24h"}.
func (c *clock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var body struct{ Advance string }
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body); err != nil {
			http.Error(w, `the body must be JSON such as {"advance":"24h"}`, http.StatusBadRequest)
			return
		}
		d, err := time.ParseDuration(body.Advance)
		if err != nil {
			http.Error(w, "advance must be a duration such as 24h: "+err.Error(), http.StatusBadRequest)
			return
		}
		switch err := c.Move(d); {
		case errors.Is(err, errTooFar):
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]time.Time{"now": c.Now().UTC()}) // a reader who is gone misses nothing
}

// ClockURL returns where the time of the stack is shown by GET and moved by POST,
// http://127.0.0.1:port/dev/clock.
func (h *Host) ClockURL() string { return h.private.url(address.Loopback) + clockPath }

// Now returns the time of the stack.
func (h *Host) Now() time.Time { return h.clock.Now() }

// MoveClock moves the time of the stack on by d. What is due by then is done by the next sweep.
func (h *Host) MoveClock(d time.Duration) error { return h.clock.Move(d) }

// StopClock has the time of the stack stand still until it is moved, by nothing if it is to be
// right again.
func (h *Host) StopClock() error { return h.clock.Stop() }
