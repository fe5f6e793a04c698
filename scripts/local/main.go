// Command local runs the whole of FaceScan on this machine, on the real emulators.
//
//	go run ./scripts/local run                 # everything, until Ctrl-C
//	go run ./scripts/local demo [PHOTO]        # everything, and two users who go all the way
//	go run ./scripts/local test -- COMMAND...  # the emulators, and a command that finds them
//	go run ./scripts/local mail-preview        # every mail as HTML and text, of invented events
//
// It exits with 0 when all went well and when it was stopped by Ctrl-C or a signal; with the
// command's own status after a test command that failed; with 2 when the arguments are wrong; and
// with 1 on any other error, which it prints. `make run`, `make demo`, `make test` and
// `make browser` start it by scripts/local.sh.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/facescan/facescan/scripts/local/preflight"
)

// How the program may end otherwise than by success or by an error that is printed.
var (
	errStopped = errors.New("stopped")         // by a signal
	errPrinted = errors.New("already printed") // an error of closing
)

// commandError is the exit status of a test command, which has said itself why it failed.
type commandError struct{ status int }

func (e *commandError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

func main() {
	host.ServeFunctions()
	os.Exit(exitCode(os.Args[1:]))
}

func exitCode(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), stoppers()...)
	defer stop()
	// A reader of the output that has gone, as in `make test | head`, must not leave the emulators.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	err := run(ctx, args)
	var command *commandError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errStopped):
		fmt.Fprintln(os.Stderr, "stopped")
		return 0
	case errors.Is(err, errPrinted):
		return 1
	case errors.As(err, &command):
		return command.status
	default:
		return preflight.ExitCode(os.Stderr, err)
	}
}

// stoppers returns the signals that stop the program. A closed terminal's is not one of them if it
// was ignored when the program started, as nohup has it.
func stoppers() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func run(ctx context.Context, args []string) error {
	command, err := preflight.Parse(args)
	if err != nil {
		return err
	}
	if err := command.Check(ctx); err != nil {
		return ended(ctx, err)
	}
	switch command.Name {
	case preflight.Run:
		return runForever(ctx, command)
	case preflight.Demo:
		return runDemo(ctx, command)
	case preflight.Test:
		return runTest(ctx, command)
	case preflight.MailPreview:
		return previewMails(os.Stdout, command)
	default:
		fmt.Print(preflight.Usage)
		return nil
	}
}

// ended returns how work ended. What fails after a signal fails because of it: the emulators go at
// once.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errStopped
	}
	return err
}

// closed returns how work ended whose resources were closed with an error or nil. Neither of two
// errors hides the other: that of closing is printed here.
func closed(end, closing error) error {
	if closing == nil {
		return end
	}
	preflight.Print(os.Stderr, closing)
	if end == nil || errors.Is(end, errStopped) {
		return errPrinted
	}
	return end
}

// sweepEvery is the sweep's period here, where no one should wait a minute for what is due after
// seconds.
const sweepEvery = 5 * time.Second

// withHost runs work on the whole system.
func withHost(ctx context.Context, c preflight.Command, work func(context.Context, *host.Host) error) error {
	place, err := c.Place(ctx)
	if err != nil {
		return ended(ctx, err)
	}
	opts := host.Options{
		Progress: os.Stderr, Place: place, SweepEvery: sweepEvery, Keep: c.KeepFolder(), Traces: true,
		Faults: faults.New(nil, c.FaultsSeed),
	}
	if c.Logs {
		opts.Logs = os.Stderr
	}
	if c.Seed {
		opts.First = func(ctx context.Context, h *host.Host) error { return seed(ctx, os.Stdout, h) }
	}
	fmt.Fprintln(os.Stderr, "starting the emulators")
	h, err := host.Start(ctx, opts)
	if err != nil {
		return ended(ctx, err)
	}
	return closed(ended(ctx, work(ctx, h)), h.Close())
}

func runForever(ctx context.Context, c preflight.Command) error {
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		return ended(ctx, err)
	}
	return withHost(ctx, c, func(ctx context.Context, h *host.Host) error {
		if err := probe(ctx, h, photo, c.Keep != ""); err != nil {
			return fmt.Errorf("the probe scan did not come through (LOGS=1 shows the functions' logs): %w", err)
		}
		h.Faults().Set(c.Faults) // what the probe scan finds is no fault on purpose
		printAddresses(os.Stdout, h)
		printClients(os.Stdout, h.Address(), strings.TrimPrefix(h.URL, "http://"), h.AuthHost)
		fmt.Println("\nCtrl-C stops it.")
		<-ctx.Done()
		return nil
	})
}

// probe sends one scan through the whole chain: a trigger that is not wired up shows here and not
// in the developer's first own attempt. Where data are kept, the user has an address that none
// before had, and leaves.
func probe(ctx context.Context, h *host.Host, photo []byte, kept bool) error {
	started, email := time.Now(), "probe@example.com"
	if kept {
		email = "probe-" + strings.ToLower(rand.Text()) + "@example.com"
	}
	j := journey{
		host: h, photo: photo, contentType: api.UploadRequestContentTypeImageJpeg,
		client: &client.Client{URL: h.URL, AuthHost: h.AuthHost, Email: email, Password: "probe-password"},
		device: device("probe", "probe-token"),
	}
	if err := j.run(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "probe scan went all the way in %.1f s\n\n", time.Since(started).Seconds())
	if !kept {
		return nil
	}
	_, err := j.client.Erase(ctx)
	return err
}

// runTest starts the emulators once for all packages of a test run; emulatortest finds them by the
// environment.
func runTest(ctx context.Context, c preflight.Command) error {
	stack, err := emulator.Start(ctx, emulator.Options{Progress: os.Stderr, ProjectID: host.Project})
	if err != nil {
		return ended(ctx, err)
	}
	command := strings.Join(c.Args, " ")
	fmt.Fprintf(os.Stderr, "running %s (what has to be built takes minutes the first time)\n", command)
	return closed(ended(ctx, runCommand(ctx, c.Args, stack.Environ())), stack.Close())
}

// stopDelay is how long a test command may take to stop before it is killed.
const stopDelay = 10 * time.Second

// runCommand runs a command in a process group of its own, so that a signal reaches all its
// processes once, whether it came from a terminal or to this process alone. At the end it prints
// what failed, and the slowest of the packages that the command tested.
func runCommand(ctx context.Context, args []string, env map[string]string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // running the caller's command is the purpose
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopDelay
	var said summary
	out, end, err := tee(os.Stdout, &said)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr, cmd.Env = out, os.Stderr, os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err = cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left behind, if anything
	}
	end()
	if ctx.Err() == nil {
		said.print(os.Stderr, err != nil) // stdout may be read by a program
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Exited():
		return &commandError{exit.ExitCode()}
	default:
		return fmt.Errorf("run %s: %w", args[0], err)
	}
}
