// Command notices measures what the delivery of notices costs, on the emulators of Firestore and
// Auth and on the sinks of FCM and SMTP. `go run ./scripts/bench notify` builds and runs it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/facescan/facescan/scripts/bench/single"
)

// command is the name by which scripts/bench runs it.
const command = "notify"

const usage = `Measure the delivery of notices on the emulators of Firestore and Auth and on the sinks of FCM and SMTP: events a second, and
reads, writes and provider calls an event, for users with 1, 5 and 20 devices, without faults and with 20 % of them.
It fails when a bar is missed.

  go run ./scripts/bench notify [-events N] [-o FILE]

`

func main() {
	logErrors(os.Stderr)
	single.Main(command, run)
}

// logErrors leaves out the warnings of faults, which are injected.
func logErrors(to io.Writer) {
	slog.SetDefault(slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelError})))
}

// options are the flags.
type options struct {
	events int // of a row
	single.Output
}

var (
	errUsage  = fmt.Errorf("-events is a multiple of %d; -help tells more", portion)
	errMissed = errors.New("a bar is missed")
)

// portion is the least number of events of a row: one user's in each pass.
const portion = passes * kinds

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := o.Flags(command, usage, args, progress)
	flags.IntVar(&o.events, "events", 400, fmt.Sprintf("how many events each row has, a multiple of %d", portion))
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
	if err := o.Show(out, text.Bytes()); err != nil {
		return err
	}
	if r.missed() {
		return errMissed
	}
	return nil
}
