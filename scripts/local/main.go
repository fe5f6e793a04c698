// Command local runs the whole of FaceScan on this machine, on the real emulators.
//
//	go run ./scripts/local run                 # everything, until Ctrl-C
//	go run ./scripts/local demo [PHOTO]        # everything, and two users who go all the way
//	go run ./scripts/local test -- COMMAND...  # the emulators, and a command that finds them
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/facescan/facescan/internal/apiclient"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/scripts/local/app"
	"github.com/facescan/facescan/scripts/local/host"
)

const usage = `usage:
  local run  [-port N] [-logs]          run everything until Ctrl-C
  local demo [-port N] [-logs] [PHOTO]  run everything, and act as the app of two users
  local test -- COMMAND [ARG...]        run a command on the emulators

  -port N   listen on this port (run: 8080, demo: a free one)
  -logs     show the functions' logs, JSON lines on stderr
  PHOTO     a JPEG, PNG or WebP with one face; the sample in pigo's module by default
`

// errUsage says that the command line was off; usage has been printed.
var errUsage = errors.New("usage")

func main() {
	host.ServeFunctions()
	os.Exit(exitCode(os.Args[1:]))
}

func exitCode(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	case errors.Is(err, errUsage):
		return 2
	default:
		fmt.Fprintln(os.Stderr, "local:", err)
		return 1
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errUsage
	}
	switch args[0] {
	case "run":
		return runForever(ctx, args[1:])
	case "demo":
		return runDemo(ctx, args[1:])
	case "test":
		return runTest(ctx, args[1:])
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "local: there is no %q\n%s", args[0], usage)
		return errUsage
	}
}

type flags struct {
	port int
	logs bool
	args []string
}

func parse(name string, port int, args []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	set.IntVar(&f.port, "port", port, "")
	set.BoolVar(&f.logs, "logs", false, "")
	err := set.Parse(args)
	f.args = set.Args()
	if errors.Is(err, flag.ErrHelp) || err != nil {
		return f, errUsage
	}
	return f, nil
}

func start(ctx context.Context, f flags) (*host.Host, error) {
	opts := host.Options{Progress: os.Stderr, Port: f.port}
	if f.logs {
		opts.Logs = os.Stderr
	}
	return host.Start(ctx, opts)
}

func runForever(ctx context.Context, args []string) (err error) {
	f, err := parse("run", 8080, args)
	if err != nil {
		return err
	}
	h, err := start(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := probe(ctx, h); err != nil {
		return fmt.Errorf("the probe scan did not come through (see -logs): %w", err)
	}
	printAddresses(os.Stdout, h)
	fmt.Println("\nCtrl-C ends it.")
	<-ctx.Done()
	return nil
}

func printAddresses(w io.Writer, h *host.Host) {
	fmt.Fprintf(w, "\nAPI             %s\n", h.URL)
	fmt.Fprintf(w, "health          %s/healthz, %s/readyz\n", h.URL, h.URL)
	fmt.Fprintf(w, "contract        %s/v1/openapi.yaml\n", h.URL)
	fmt.Fprintf(w, "Firestore       %s\n", os.Getenv("FIRESTORE_EMULATOR_HOST"))
	fmt.Fprintf(w, "Pub/Sub         %s\n", os.Getenv("PUBSUB_EMULATOR_HOST"))
	fmt.Fprintf(w, "Firebase Auth   %s\n", h.AuthHost)
	fmt.Fprintf(w, "Cloud Storage   %s\n", h.Storage.Host())
	fmt.Fprintf(w, "project         %s\n", host.Project)
}

// probe sends one scan through the whole chain: a trigger that is not wired up shows here and not in the
// developer's first own attempt.
func probe(ctx context.Context, h *host.Host) error {
	started := time.Now()
	photo, err := emulator.SamplePhoto(ctx)
	if err != nil {
		return err
	}
	j := journey{
		host: h, photo: photo, contentType: apiclient.UploadRequestContentTypeImageJpeg,
		client: &app.Client{URL: h.URL, AuthHost: h.AuthHost, Email: "probe@example.com", Password: "probe-password"},
		device: device("probe", "probe-token"),
	}
	if err := j.run(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "probe scan went all the way in %.1f s\n", time.Since(started).Seconds())
	return nil
}

// runTest starts the emulators once for all packages of a test run; emulatortest finds them by the environment.
func runTest(ctx context.Context, args []string) (err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errUsage
	}
	stack, err := emulator.Start(ctx, emulator.Options{Progress: os.Stderr, ProjectID: host.Project})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // running the caller's command is the purpose
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdout, os.Stderr, os.Environ()
	for name, value := range stack.Environ() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd.Run()
}
