// Command scans measures what scans cost and how long they take when many come at once, or at a
// steady rate: the whole system runs on the emulators, the functions in a process of their own, and
// users sign up, open scans, put photos and wait for the results. `go run ./scripts/bench load`
// builds and runs it. It is a program of its own, as whatever is linked into scripts/bench counts
// as the engine's memory there (`bench speed`).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/scripts/bench/single"
)

// name is how scripts/bench calls the program.
const name = "load"

const usage = `Measure scans on this machine, on the emulators: scans a second, the idle share, the processor time of each process over
that of the bare engine on the same photos, the latency of each leg, peak memory, and whether a scan was lost or
doubled. It fails when one was. Or, with -overload, offer ten times the requests that the functions can take, and measure
how it answers and how soon all is as before. It needs Linux, which tells in /proc what a process has used.

  go run ./scripts/bench load [-scans N] [-users M] [-corrupt SHARE] [-rate R] [-away LIST [-for D] [-by stop|refuse]]
                              [-kill] [-processes N] [-slow D] [-patience D] [-json] [-o FILE]
  go run ./scripts/bench load -overload [-seconds N] [-patience D] [-json] [-o FILE]

Examples:
  go run ./scripts/bench load -scans 100                                  all hundred at once, each by a user of its own
  go run ./scripts/bench load -scans 1000 -corrupt 0.1                    one photo in ten is corrupt, and must end as failed with a reason
  go run ./scripts/bench load -scans 16 -users 1                          all by one user
  go run ./scripts/bench load -scans 300 -rate 5                          five a second; latency counts from when each was due
  go run ./scripts/bench load -scans 200 -away firestore,pubsub -for 30s  both emulators stand still for 30 s in the middle
  go run ./scripts/bench load -scans 200 -kill                            the functions' process is killed in the middle
  go run ./scripts/bench load -scans 100 -users 2 -processes 2            two processes of functions take turns
  go run ./scripts/bench load -overload -seconds 60                       requests to open a scan, ten times as many as it can take
  go run ./scripts/bench load -scans 100 -o scripts/bench/LOAD.md         writes the run's section of that file, too

`

func main() {
	host.ServeFunctions()
	single.Main(name, run)
}

// options are the flags.
type options struct {
	scans, users int
	corrupt      float64
	rate         float64 // scans a second; 0 is all at once
	away         []emulator.Service
	lasting      time.Duration // of the fault
	refuse       bool          // connections are refused, instead of not answered
	kill         bool
	processes    int
	slow         time.Duration // the most that a delivery of an event is late
	patience     time.Duration
	overload     bool
	seconds      int // of the overload
	json         bool
	// Output has the command without what only says how to print.
	single.Output
}

const (
	// perUser is how many scans one user may open in an hour (see package upload).
	perUser = 60
	// mostScans bounds what one run keeps in memory.
	mostScans = 100_000
)

var errUsage = errors.New("-help tells more")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%s; %w", fmt.Sprintf(format, args...), errUsage)
}

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	var away, by string
	flags := o.Flags(name, usage, args, progress)
	flags.Lookup("o").Usage = "write the run's section of this Markdown file, too; other sections stay"
	flags.IntVar(&o.scans, "scans", 100, "how many scans there are")
	flags.IntVar(&o.users, "users", 0, "how many users they are of, in turn; a user each if 0")
	flags.Float64Var(&o.corrupt, "corrupt", 0, "share of the photos, from 0 to 1, that are corrupt in various ways")
	flags.Float64Var(&o.rate, "rate", 0, "how many scans begin in a second, whatever the others do; all at once if 0")
	flags.StringVar(&away, "away", "", "emulators that are away in the middle: firestore, pubsub, auth; commas between")
	flags.DurationVar(&o.lasting, "for", 30*time.Second, "how long they are away")
	flags.StringVar(&by, "by", "stop", "how they are away: stop has them stand still, refuse has connections refused")
	flags.BoolVar(&o.kill, "kill", false, "kill the functions' process in the middle, as kill -9 does")
	flags.IntVar(&o.processes, "processes", 1, "how many processes the functions have on the one stack, from 1 to 8")
	flags.DurationVar(&o.slow, "slow", 0, "have each delivery of an event be late by up to this, so that a backlog grows")
	flags.DurationVar(&o.patience, "patience", 5*time.Minute, "how long the last scan may take before it counts as lost")
	flags.BoolVar(&o.overload, "overload", false, "measure an overload instead")
	flags.IntVar(&o.seconds, "seconds", 60, "how long the overload lasts, from 5 to 600")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.users == 0 {
		o.users = o.scans
	}
	if away != "" {
		for name := range strings.SplitSeq(away, ",") {
			o.away = append(o.away, emulator.Service(strings.TrimSpace(name)))
		}
	}
	o.refuse = by == "refuse"
	o.Command = commandLine(flags)
	if o.overload {
		return o, o.checkOverload(flags)
	}
	switch {
	case flags.NArg() > 0:
		return o, wrong("%q is no flag", flags.Arg(0))
	case by != "stop" && by != "refuse":
		return o, wrong("-by is stop or refuse, not %q", by)
	}
	return o, o.check()
}

// checkOverload returns what is wrong with the flags of an overload.
func (o options) checkOverload(flags *flag.FlagSet) error {
	var other []string
	flags.Visit(func(f *flag.Flag) {
		if !slices.Contains([]string{"overload", "seconds", "patience", "json", "o"}, f.Name) {
			other = append(other, "-"+f.Name)
		}
	})
	switch {
	case flags.NArg() > 0:
		return wrong("%q is no flag", flags.Arg(0))
	case len(other) > 0:
		return wrong("-overload goes without %s", strings.Join(other, ", "))
	case o.seconds < 5 || o.seconds > 600:
		return wrong("-seconds is from 5 to 600")
	case o.patience <= 0:
		return wrong("-patience is above 0")
	}
	return nil
}

// check returns what is wrong with the numbers.
func (o options) check() error {
	switch {
	case o.scans < 1 || o.scans > mostScans:
		return wrong("-scans is from 1 to %d", mostScans)
	case o.users < 1 || o.users > o.scans:
		return wrong("-users is from 1 to the number of scans")
	case o.scans > perUser*o.users:
		return wrong("a user may open %d scans in an hour: -users is at least %d", perUser, (o.scans+perUser-1)/perUser)
	case !(o.corrupt >= 0 && o.corrupt <= 1): // NaN among them
		return wrong("-corrupt is from 0 to 1")
	case !(o.rate >= 0 && o.rate <= 1000):
		return wrong("-rate is above 0 and at most 1000 a second")
	case o.processes < 1 || o.processes > 8:
		return wrong("-processes is from 1 to 8")
	case o.slow < 0 || o.slow > faults.MaxSlow:
		return wrong("-slow is at most %s", faults.MaxSlow)
	case o.lasting <= 0 || o.patience <= 0:
		return wrong("-for and -patience are above 0")
	}
	for _, service := range o.away {
		if !slices.Contains([]emulator.Service{emulator.Firestore, emulator.PubSub, emulator.Auth}, service) {
			return wrong("-away has firestore, pubsub and auth, not %q", service)
		}
	}
	return nil
}

// program is how the command begins.
const program = "go run ./scripts/bench " + name

// commandLine returns what has the same figures printed again: the flags that are set, in the order
// of their names, without those that say how to print.
func commandLine(flags *flag.FlagSet) string {
	line := program
	flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "o", "json":
		case "kill", "overload":
			line += " -" + f.Name
		default:
			line += " -" + f.Name + " " + f.Value.String()
		}
	})
	return line
}

var errBroken = errors.New("a guarantee is broken: see what was lost, doubled or left over")

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	if o.overload {
		return runOverload(ctx, o, out, progress)
	}
	r, err := measure(ctx, o, progress)
	if r == nil {
		if ctx.Err() != nil { // whatever it was in the middle of
			return context.Canceled
		}
		return err
	}
	if err := r.show(out, o.json); err != nil { // what there is, when the rest failed or was interrupted
		return err
	}
	if err != nil {
		return err
	}
	if o.Into != "" {
		if err := writeSection(o.Into, r.Command, r.markdown); err != nil {
			return err
		}
	}
	if r.Interrupted {
		return context.Canceled
	}
	if r.Account.broken() {
		return errBroken
	}
	return nil
}
