// Command soak runs a small steady load on the whole system, the functions in a process of their
// own, and fails if that process's memory, goroutines or descriptors grow. `go run ./scripts/bench
// soak` builds and runs it.
//
// main.go has the flags, load.go the users and their scans, sample.go what is measured of the
// process, slope.go the growth, report.go what is said of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/scripts/bench/single"
)

// command is the name by which scripts/bench runs it.
const command = "soak"

const usage = `Run a small steady load on the whole system, on the emulators, and fit the growth of the functions' process: resident memory,
live heap, goroutines, descriptors. The load comes in rounds. After each, when its scans have ended, the process collects its
garbage and returns what is free to the system, and is measured: what grows then is kept. The first scans are not measured. The slope
is Theil and Sen's with its 95 % interval. It fails when the upper end of an interval is above the bar: 5 % of the level an
hour, or twice the level an hour in a run of less than 10 minutes. It needs Linux, for /proc.

  go run ./scripts/bench soak [-minutes N] [-warm N] [-every D] [-profiles DIR] [-o FILE]

What grows is found by the profiles of the heap: go tool pprof -sample_index=inuse_space -base DIR/begin.pb.gz DIR/end.pb.gz

`

func main() {
	if socket := os.Getenv(meterVariable); socket != "" {
		go serveMeter(socket)
	}
	host.ServeFunctions()
	single.Main(command, run)
}

// options are the flags.
type options struct {
	minutes  float64
	warm     int
	every    time.Duration
	profiles string
	single.Output
}

var (
	errUsage = errors.New(
		"-minutes is from 2 to 1440, -warm from 0 to 10000, and -every from 100ms to 1m; -help tells more",
	)
	errGrows = errors.New("the functions' process grows")
)

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := o.Flags(command, usage, args, progress)
	flags.Float64Var(&o.minutes, "minutes", 30, "how long the measured load lasts")
	flags.IntVar(&o.warm, "warm", 200, "how many scans come before, as fast as the machine can")
	flags.DurationVar(&o.every, "every", 500*time.Millisecond, "the time between two scans of a round")
	flags.StringVar(&o.profiles, "profiles", "", "write profiles of the heap, at the begin and the end, to this folder")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || !(o.minutes >= 2 && o.minutes <= 1440) || // NaN among them
		o.warm < 0 || o.warm > 10_000 || o.every < 100*time.Millisecond || o.every > time.Minute {
		return o, errUsage
	}
	return o, nil
}

// long is the least length, in minutes, of a run in the long mode.
const long = 10

// bar returns the largest growth in an hour, as a share of the level. The interval of a short run
// is too wide for the bar of a long one.
func (o options) bar() float64 {
	if o.minutes < long {
		return 2
	}
	return .05
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	r := result{options: o, machine: single.ThisMachine()}
	samples, err := r.soak(ctx, progress)
	if err != nil {
		return err
	}
	if r.rows, err = judge(samples, o.bar()); err != nil {
		return err
	}
	if err := o.Show(out, r.markdown()); err != nil {
		return err
	}
	for _, row := range r.rows {
		if row.grows {
			return fmt.Errorf("%w: %s", errGrows, row.name)
		}
	}
	return nil
}
