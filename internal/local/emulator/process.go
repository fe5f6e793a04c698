package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// logTailBytes is how much of a process's output is kept for error messages.
const logTailBytes = 4 << 10

// process is a running command that leads a process group of its own.
type process struct {
	name   string
	pid    int
	log    tail
	exited chan struct{} // closed once the leader is reaped and its group killed
	err    error         // how the leader ended; read it only after exited is closed
}

// command returns a command for startProcess, which kills processes by their group and so ties no
// context to them.
func command(name string, args ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), name, args...) //nolint:gosec // tools found on this machine
}

// startProcess starts cmd as the leader of a new process group. Its output goes to the writer, or
// its tail is kept if that is nil.
func startProcess(name string, cmd *exec.Cmd, output io.Writer) (*process, error) {
	p := &process{name: name, exited: make(chan struct{})}
	if output == nil {
		output = &p.log
	}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = newGroup()
	cmd.WaitDelay = 2 * time.Second // a grandchild that holds the pipe must not hold Wait

	started := make(chan error, 1)
	go func() {
		// The kernel sends the parent-death signal when the thread that forked ends, so this
		// goroutine keeps its thread for as long as the process lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		err := cmd.Start()
		if err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil

		p.err = cmd.Wait()
		_ = killGroup(p.pid) // whatever the leader left behind
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// runProcess runs cmd to its end, or kills its group when ctx ends first. Its output goes to the
// writer.
func runProcess(ctx context.Context, name string, cmd *exec.Cmd, output io.Writer) error {
	p, err := startProcess(name, cmd, output)
	if err != nil {
		return err
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("run %s: %w", name, context.Cause(ctx))
	}
	if p.err != nil {
		return fmt.Errorf("run %s: %w; what it printed is above", name, p.err)
	}
	return nil
}

// kill ends the whole group at once and waits until its leader is reaped. SIGKILL is enough:
// emulators keep their data in memory only, so there is nothing to flush.
func (p *process) kill() {
	select {
	case <-p.exited:
		return
	default:
	}
	_ = killGroup(p.pid)
	<-p.exited
}

// failure describes the end of an exited process, with the tail of its output.
func (p *process) failure() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%w; the end of its output:\n%s", err, p.log.indented())
}

// killGroup sends SIGKILL to a process group; a group that is gone already is no error.
func killGroup(pgid int) error {
	if err := syscall.Kill(-pgid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process group %d: %w", pgid, err)
	}
	return nil
}

// lines is an io.Writer that hands on what is written to it line by line.
type lines struct {
	emit func(line string)
	rest []byte // of a line that has no end yet
}

// Write takes output as it comes. A carriage return ends a line too: progress bars are drawn with
// it.
func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		i := bytes.IndexAny(l.rest, "\r\n")
		if i < 0 {
			return len(b), nil
		}
		if i > 0 {
			l.emit(string(l.rest[:i]))
		}
		l.rest = l.rest[i+1:]
	}
}

// end hands on a last line without an end.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.emit(string(l.rest))
	}
	l.rest = nil
}

// tail is an io.Writer that keeps the last logTailBytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if extra := len(t.buf) - logTailBytes; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(b), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// indented returns what was kept for use below an error message.
func (t *tail) indented() string {
	text := strings.TrimSpace(t.String())
	if text == "" {
		return "    (no output)"
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
