package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
)

// errTerminal is the cause of a context that a Ctrl-C of the terminal has ended.
var errTerminal = errors.New("Ctrl-C")

// interrupts turns signals into the end of a context.
type interrupts struct {
	signals <-chan os.Signal
	told    io.Writer
	exit    func(int)
}

// until returns a context that the first signal ends, which Terraform takes as its cue to finish
// what it is doing and write its state. A second signal ends this process, and with it Terraform.
func (i interrupts) until(parent context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		var first os.Signal
		select {
		case first = <-i.signals:
		case <-ctx.Done():
			return
		}
		fmt.Fprintln(i.told, "\nstopping: what is under way is finished and noted. "+
			"Ctrl-C again kills it, and may leave the state locked or behind.")
		cause := context.Canceled
		if first == os.Interrupt {
			cause = errTerminal
		}
		cancel(cause)
		if second := <-i.signals; second == nil { // the channel is closed, in a test
			return
		}
		fmt.Fprintln(i.told, "\nkilled. Run the same command again; if it says that the state is locked, "+
			"it tells how to unlock it.")
		i.exit(130)
	}()
	return ctx, cancel
}

// stops are the signals that stop a run.
var stops = []os.Signal{os.Interrupt, syscall.SIGTERM}

// forTerraform returns the context of a command of Terraform, which is interrupted when that ends.
// terraform-exec gives Terraform a process group of its own on Linux alone (v0.26.0, cmd_linux.go
// and cmd_default.go). Elsewhere a terminal's Ctrl-C has reached Terraform already, and a second
// interrupt would make it quit without its state (terraform's help on "interrupt received").
func forTerraform(ctx context.Context, system string) (context.Context, context.CancelFunc) {
	if system == "linux" {
		return context.WithCancel(ctx)
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if !errors.Is(context.Cause(ctx), errTerminal) {
			cancel()
		}
	})
	return own, func() { stop(); cancel() }
}

// interruptibly runs a command of Terraform that may change something. A run that ends after the
// context has ended was stopped, whatever it says itself.
func (c *cloud) interruptibly(ctx context.Context, run func(context.Context) error) error {
	system := runtime.GOOS
	if c.system != "" {
		system = c.system
	}
	own, end := forTerraform(ctx, system)
	defer end()
	err := run(own)
	if stopped := ctx.Err(); stopped != nil && err != nil {
		return fmt.Errorf("terraform was stopped: %w", stopped)
	}
	return err
}
