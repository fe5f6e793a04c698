package boot

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long running requests may take to finish. Cloud Run kills the process 10 s
// after SIGTERM.
const stopTimeout = 8 * time.Second

// settle is how long the process stays after its last handler has returned. net/http writes the end
// of a response only then, and gives no signal when it has.
const settle = 250 * time.Millisecond

// drainer counts running requests and waits for them to end.
type drainer struct {
	mu       sync.Mutex
	running  int
	stopping bool
	idle     chan struct{}
}

var drain = &drainer{idle: make(chan struct{})}

// enter counts a request. It returns false when the process is stopping.
func (d *drainer) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return false
	}
	d.running++
	return true
}

func (d *drainer) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running--
	if d.stopping && d.running == 0 {
		close(d.idle)
	}
}

// stop refuses new requests and waits until the running ones have ended or ctx is done.
func (d *drainer) stop(ctx context.Context) error {
	d.mu.Lock()
	if !d.stopping {
		d.stopping = true
		if d.running == 0 {
			close(d.idle)
		}
	}
	d.mu.Unlock()
	select {
	case <-d.idle:
		return nil
	case <-ctx.Done():
		return errNotDrained
	}
}

var watchOnce sync.Once

// watchSignals ends the process gracefully on SIGTERM. The functions framework has no shutdown and
// would cut running requests off.
func watchSignals() {
	watchOnce.Do(func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		go func() {
			<-signals
			os.Exit(shutDown(drain, stopTimeout))
		}()
	})
}

// shutDown drains the process and returns its exit code.
func shutDown(d *drainer, timeout time.Duration) int {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	code := 0
	if err := d.stop(ctx); err != nil {
		slog.ErrorContext(ctx, "shut down", "error", err)
		code = 1
	}
	settled := time.After(settle)
	if p, err := Current(); err == nil {
		p.Flush(context.Background())
	}
	<-settled
	return code
}
