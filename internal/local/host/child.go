package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/catalog"
)

const (
	// endTimeout is how long the functions' process may take to end once it is told to.
	endTimeout = 2 * time.Second
	// shortestPause and longestPause bound the wait before a process that ended early is replaced.
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
	// steady is how long a process must have lasted for the next to be started at once.
	steady = 10 * time.Second
	// spareMiB is what the functions' process may use beyond the largest function's memory: it holds
	// all of them.
	spareMiB = 256
)

// child is the functions' process, or for a moment none, and the next one then.
type child struct {
	command        func(context.Context) (*exec.Cmd, error)
	progress, logs io.Writer
	published      func(topic string)
	stop           context.CancelFunc
	ended          chan struct{}
	// failed gets the end of the first process, if that ended before it served.
	failed chan error

	mu      sync.Mutex
	serving *serving      // nil while none serves
	changed chan struct{} // closed when serving changes
	served  bool          // one has served
}

// serving is a process that takes requests.
type serving struct {
	addresses
	pid int
}

// startChild starts the functions' process, and another each time that it ends, until close. What
// the process says to have published is told to published.
func startChild(
	command func(context.Context) (*exec.Cmd, error), progress, logs io.Writer, published func(topic string),
) *child {
	ctx, stop := context.WithCancel(context.Background())
	c := &child{
		command: command, progress: progress, logs: logs, published: published, stop: stop,
		ended: make(chan struct{}), failed: make(chan error, 1), changed: make(chan struct{}),
	}
	go func() {
		defer close(c.ended)
		c.keep(ctx)
	}()
	return c
}

func (c *child) keep(ctx context.Context) {
	pause := shortestPause
	for {
		began := time.Now()
		err := c.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if !c.hasServed() {
			c.failed <- err
			return
		}
		_, _ = fmt.Fprintf(c.progress, "the functions' process ended: %v; starting it again\n", err)
		if time.Since(began) >= steady {
			pause = shortestPause
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		}
	}
}

// run starts a process and waits for its end, which is an error always.
func (c *child) run(ctx context.Context) error {
	cmd, err := c.command(ctx)
	if err != nil {
		return err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the functions: %w", err)
	}
	cmd.Cancel, cmd.WaitDelay = stdin.Close, endTimeout
	words := &firstWords{}
	cmd.Stderr = io.MultiWriter(c.logs, words)
	cmd.Stdout = &announcement{published: c.published, heard: func(a addresses) {
		c.set(&serving{addresses: a, pid: cmd.Process.Pid})
	}}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the functions: %w", err)
	}
	defer c.set(nil)
	err = cmd.Wait()
	if err == nil {
		err = errors.New("exit status 0")
	}
	if said := words.String(); said != "" {
		err = fmt.Errorf("%w, after it said:\n%s", err, said)
	}
	return err
}

func (c *child) set(s *serving) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serving, c.served = s, c.served || s != nil
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *child) hasServed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.served
}

// pid returns the id of the process that serves, 0 while none does.
func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serving == nil {
		return 0
	}
	return c.serving.pid
}

// await returns the process that serves, as soon as there is one other than before.
func (c *child) await(ctx context.Context, before *serving) (*serving, error) {
	for {
		c.mu.Lock()
		now, changed := c.serving, c.changed
		c.mu.Unlock()
		if now != nil && now != before {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.ended:
			return nil, errors.New("the functions' process is not started any more")
		case <-changed:
		}
	}
}

// awaitFirst waits for the first process to serve.
func (c *child) awaitFirst(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if _, err := c.await(ctx, nil); err != nil {
		select {
		case cause := <-c.failed:
			err = cause
		default:
		}
		return fmt.Errorf("serve the functions: %w", err)
	}
	return nil
}

// awaitEnd waits a moment for the end of a process that has broken a request off, which its parent
// hears of later.
func (c *child) awaitEnd(ctx context.Context, of *serving) {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	for {
		c.mu.Lock()
		now, changed := c.serving, c.changed
		c.mu.Unlock()
		if now != of {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// close ends the process and starts no other.
func (c *child) close() {
	c.stop()
	<-c.ended
}

// functionsCommand runs this program as the functions' process (see ServeFunctions), with the
// variables set.
func functionsCommand(ctx context.Context, env map[string]string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this program itself
	cmd.Env = append(os.Environ(), childVariable+"=1")
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dMiB", memoryMiB()))
	}
	return cmd, nil
}

func memoryMiB() int {
	largest := slices.MaxFunc(catalog.Functions(), func(a, b catalog.Function) int { return a.MemoryMiB - b.MemoryMiB })
	return largest.MemoryMiB + spareMiB
}

// announcement takes the process's standard output, whose first line are its addresses, and each
// other the topic of an event that it has published.
type announcement struct {
	line      []byte
	heard     func(addresses) // nil once it was told
	published func(topic string)
}

// Write takes output as it comes.
func (a *announcement) Write(p []byte) (int, error) {
	a.line = append(a.line, p...)
	for {
		line, rest, whole := bytes.Cut(a.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		if a.heard == nil {
			a.published(string(line))
		} else {
			var said addresses
			if err := json.Unmarshal(line, &said); err != nil {
				return 0, fmt.Errorf("read the addresses of the functions: %w", err)
			}
			a.heard(said)
			a.heard = nil
		}
		a.line = rest
	}
}

// maxWords bounds what is kept of a process's last words, in bytes.
const maxWords = 2048

// firstWords keeps the beginning of what is no log line: of a crash that Go's runtime reports, the
// cause comes first.
type firstWords struct {
	kept   []byte
	begun  bool
	inJSON bool
}

// Write takes output as it comes.
func (f *firstWords) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !f.begun && len(line) > 0 {
			f.inJSON = line[0] == '{'
		}
		if !f.inJSON && len(f.kept) < maxWords {
			f.kept = append(f.kept, line...)
			if whole {
				f.kept = append(f.kept, '\n')
			}
		}
		f.begun, rest = !whole, after
	}
	return len(p), nil
}

// String returns what was kept.
func (f *firstWords) String() string { return string(bytes.TrimSpace(f.kept)) }
