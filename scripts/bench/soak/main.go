// Command soak runs a small steady load on the whole system, the functions in a process of their
// own, and fails if that process's memory, goroutines or descriptors grow. `go run ./scripts/bench
// soak` builds and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/local/host"
)

const usage = `Run a small steady load on the whole system, on the emulators, and fit the growth of the functions' process after the
warm-up, which is the first third: resident memory, live heap, goroutines, descriptors, sampled every second. The slope is
Theil and Sen's with its 95 % interval. It fails when the upper end of an interval is above the bar: 5 % of the level an
hour, or twice the level an hour in a run of less than 10 minutes. It needs Linux, for /proc.

  go run ./scripts/bench soak [-minutes N] [-every D] [-o FILE]

`

func main() {
	if file := os.Getenv(meterVariable); file != "" {
		go meter(file)
	}
	host.ServeFunctions()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bench soak:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench soak:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	minutes float64
	every   time.Duration
	into    string
}

var (
	errUsage = errors.New("-minutes is from 2 to 1440, and -every from 100ms to 1m; -help tells more")
	errGrows = errors.New("the functions' process grows")
)

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() { fmt.Fprint(progress, usage); flags.PrintDefaults() }
	flags.Float64Var(&o.minutes, "minutes", 30, "how long the load lasts")
	flags.DurationVar(&o.every, "every", time.Second, "the time between two scans")
	flags.StringVar(&o.into, "o", "", "write the report to this Markdown file, too")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errors.Join(errUsage, err)
	}
	if flags.NArg() > 0 || !(o.minutes >= 2 && o.minutes <= 1440) || // NaN among them
		o.every < 100*time.Millisecond || o.every > time.Minute {
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

// row is the result for a quantity.
type row struct {
	name  string
	level float64
	slope slope
	grows bool
}

// judge fits the points after the warm-up.
func judge(of map[string][]point, bar float64) ([]row, error) {
	var rows []row
	for _, name := range names {
		points := of[name][len(of[name])/3:]
		s, err := slopeOf(points)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		level := levelOf(points)
		rows = append(rows, row{name, level, s, s.High > bar*level})
	}
	return rows, nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	of, scans, err := soak(ctx, o, progress)
	if err != nil {
		return err
	}
	rows, err := judge(of, o.bar())
	if err != nil {
		return err
	}
	if err := report(out, o, scans, rows); err != nil {
		return err
	}
	if o.into != "" {
		if err := o.write(scans, rows); err != nil {
			return err
		}
	}
	for _, r := range rows {
		if r.grows {
			return fmt.Errorf("%w: %s", errGrows, r.name)
		}
	}
	return nil
}

// write writes the report as a Markdown file.
func (o options) write(scans int, rows []row) (err error) {
	f, err := os.Create(filepath.Clean(o.into))
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := fmt.Fprintf(f, "# Growth under a steady load\n\n"+
		"Written by `go run ./scripts/bench soak -minutes %g -every %s -o scripts/bench/SOAK.md`.\n\n```\n",
		o.minutes, o.every,
	); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := report(f, o, scans, rows); err != nil {
		return err
	}
	_, err = io.WriteString(f, "```\n")
	return err
}

func report(out io.Writer, o options, scans int, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "%d scans in %g minutes; bar: %g %% of the level an hour, for the upper end\n",
		scans, o.minutes, 100*o.bar())
	_, _ = fmt.Fprintln(w, "quantity\tlevel\tslope %/h\tlow\thigh\tverdict\t")
	for _, r := range rows {
		verdict := "holds"
		if r.grows {
			verdict = "GROWS"
		}
		share := 100 / max(1, r.level)
		_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.1f\t%.1f\t%.1f\t%s\t\n",
			r.name, r.level, share*r.slope.Middle, share*r.slope.Low, share*r.slope.High, verdict)
	}
	return w.Flush()
}
