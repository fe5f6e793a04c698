// Command boards measures a leaderboard of many entries on the Firestore emulator. `go run
// ./scripts/bench leaderboard` builds and runs it.
package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/facescan/facescan/scripts/bench/single"
)

// command is the name by which scripts/bench runs it.
const command = "leaderboard"

const usage = `Measure a leaderboard of many entries on the Firestore emulator: what each request reads and writes, requests a second, and
that every rank is that of a sorted set.

  go run ./scripts/bench leaderboard [-users N] [-ranks N] [-submits N] [-clients N] [-lasting D] [-o FILE]

`

func main() {
	single.Main(command, run)
}

// options are the flags.
type options struct {
	users, ranks, submits, clients int
	lasting                        time.Duration // of one kind of request
	single.Output
}

var errUsage = errors.New("numbers are above 0, and there are at least 300 users; -help tells more")

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := o.Flags(command, usage, args, progress)
	flags.IntVar(&o.users, "users", 5000, "how many entries the board has, at least 300")
	flags.IntVar(&o.ranks, "ranks", 200, "how many own ranks are compared, besides all ranks of the pages")
	flags.IntVar(&o.submits, "submits", 100, "how many scans are submitted")
	flags.IntVar(&o.clients, "clients", 4, "how many clients ask at the same time")
	flags.DurationVar(&o.lasting, "lasting", 5*time.Second, "how long each kind of request is asked for")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.users < 300 || min(o.ranks, o.submits, o.clients) < 1 || o.lasting <= 0 {
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
	return o.Show(out, text.Bytes())
}
