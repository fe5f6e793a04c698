// Command notices measures what the delivery of notices costs, on the emulators of Firestore and
// Auth and on the sinks of FCM and SMTP. `go run ./scripts/bench notify` builds and runs it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `Measure the delivery of notices on the emulators of Firestore and Auth and on the sinks of FCM and SMTP: events a second, and
reads, writes and provider calls an event, for users with 1, 5 and 20 devices, without faults and with 20 % of them.
It fails when a bar is missed.

  go run ./scripts/bench notify [-events N] [-o FILE]

`

func main() {
	logErrors(os.Stderr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench notify:", err)
		os.Exit(1)
	}
}

// logErrors leaves out the warnings of faults, which are injected.
func logErrors(to io.Writer) {
	slog.SetDefault(slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelError})))
}

// options are the flags.
type options struct {
	events  int // of a row
	into    string
	command string
}

var (
	errUsage  = fmt.Errorf("-events is a multiple of %d; -help tells more", portion)
	errMissed = errors.New("a bar is missed")
)

// portion is the least number of events of a row: one user's in each pass.
const portion = passes * kinds

func parse(args []string, progress io.Writer) (options, error) {
	o := options{command: strings.Join(append([]string{"go run ./scripts/bench notify"}, args...), " ")}
	flags := flag.NewFlagSet("notify", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() { fmt.Fprint(progress, usage); flags.PrintDefaults() }
	flags.IntVar(&o.events, "events", 400, fmt.Sprintf("how many events each row has, a multiple of %d", portion))
	flags.StringVar(&o.into, "o", "", "write the report to this Markdown file, too")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.events < portion || o.events%portion != 0 {
		return o, errUsage
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	w, err := open(ctx, o, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	r, err := w.measure(ctx)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	r.markdown(&text)
	if _, err := out.Write(text.Bytes()); err != nil {
		return err
	}
	if o.into != "" {
		if err := os.WriteFile(o.into, text.Bytes(), 0o644); err != nil { //nolint:gosec // figures are for everybody
			return err
		}
	}
	if r.missed() {
		return errMissed
	}
	return nil
}
