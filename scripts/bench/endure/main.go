// Command endure lets a week pass for a local stack that keeps its data: thousands of scans, with
// their retention, digests and boards, and a new start from what was kept. `go run ./scripts/bench
// endure` builds and runs it.
//
// main.go has the flags, world.go the stack with its users and their days, measure.go what is
// looked at and said of them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/facescan/facescan/functions/analyze"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/scripts/bench/single"
)

// command is the name by which scripts/bench runs it.
const command = "endure"

const usage = `Let days pass for a local stack that keeps its data in a folder: many scans, sweeps, digests, retention, and a new
start from the folder. It fails if a scan or an event is left over, a photo outlives its day, or the new start has other data.

  go run ./scripts/bench endure [-users N] [-days N] [-scans N] [-real N] [-keep DIR] [-o FILE]

The real scans have a photo of their own and are measured by the engine; the others go the same way with a measurement
that is made before.

`

func main() {
	analyze.Scan = scan
	host.ServeFunctions()
	single.Main(command, run)
}

// options are the flags.
type options struct {
	users, days, scans, real int
	keep                     string
	single.Output
}

// Limits of the API: the sign-ups from one address in an hour, and a user's scans in an hour.
const (
	maxUsers = 60
	maxDaily = 60
)

var errUsage = fmt.Errorf(
	"there are 1 to %d users, at least one scan a user and day, at most %d, and not more real ones; -help tells more",
	maxUsers, maxDaily,
)

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := o.Flags(command, usage, args, progress)
	flags.IntVar(&o.users, "users", 50, "how many users there are, at most 60, for the limit of sign-ups")
	flags.IntVar(&o.days, "days", 7, "how many days pass")
	flags.IntVar(&o.scans, "scans", 10000, "how many scans there are in all")
	flags.IntVar(&o.real, "real", 200, "how many of them the engine measures")
	flags.StringVar(&o.keep, "keep", "", "keep the data in this new folder; a temporary one if empty")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.users < 1 || o.users > maxUsers || o.days < 1 || o.real < 0 || o.real > o.scans ||
		o.scans < o.users*o.days || o.scans > o.users*o.days*maxDaily {
		return o, errUsage
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	if o.keep == "" {
		dir, err := os.MkdirTemp("", "facescan-endure-")
		if err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o.keep = filepath.Join(dir, "data")
	}
	begun := time.Now()
	r, err := measure(ctx, o, progress)
	if err != nil {
		return err
	}
	r.took = time.Since(begun)
	if err := o.Show(out, []byte(r.markdown())); err != nil {
		return err
	}
	if len(r.faults) > 0 {
		return fmt.Errorf("%d faults, which the report has", len(r.faults))
	}
	return nil
}
