// Command load measures the HTTP API: the whole system runs in this process, on the emulators, and
// clients ask for every operation of the contract over loopback. `go run ./scripts/bench api`
// builds and runs it. It is a program of its own, as whatever is linked into scripts/bench counts
// as the engine's memory there (`bench speed`).
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/scripts/bench/single"
)

// command is the name by which scripts/bench runs it.
const command = "api"

const usage = `Measure the HTTP API on this machine, on the emulators: requests a second, latency and allocations of every operation, and
how soon a thousand long polls wake.

  go run ./scripts/bench api [-seconds N] [-clients N] [-users N] [-waiters N] [-scans N] [-routes REGEXP] [-json] [-o FILE]

`

func main() { single.Main(command, run) }

// options are the flags.
type options struct {
	lasting         time.Duration // of one route
	clients         int
	users           int
	waiters, scans  int
	routes          *regexp.Regexp
	json, logs      bool
	seconds         float64
	routesAsWritten string
	single.Output
}

var errUsage = errors.New(
	"numbers are above 0, with at most 1000 waiters and no more scans than waiters; -help tells more",
)

// pollsName is the name of the long polls for -routes.
const pollsName = "longPolls"

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := o.Flags(command, usage, args, progress)
	flags.Float64Var(&o.seconds, "seconds", 5, "how long each operation is asked for")
	flags.IntVar(&o.clients, "clients", 8, "how many clients ask at the same time")
	flags.IntVar(&o.users, "users", 50, "how many users they ask as; the limits let one user open 60 scans")
	flags.IntVar(&o.waiters, "waiters", 1000, "how many long polls there are at the same time, at most 1000")
	flags.IntVar(&o.scans, "scans", 500, "how many scans they wait for")
	flags.StringVar(
		&o.routesAsWritten, "routes", "",
		"only these: matched with operationId and METHOD /path, and with "+burstsName+" and "+pollsName,
	)
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.logs, "logs", false, "show the functions' logs")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.routes, err = regexp.Compile(o.routesAsWritten); err != nil {
		return o, fmt.Errorf("-routes: %w", err)
	}
	o.lasting = time.Duration(o.seconds * float64(time.Second))
	if flags.NArg() > 0 || o.lasting <= 0 || min(o.clients, o.users, o.scans) < 1 || o.waiters > 1000 ||
		o.scans > min(o.waiters, 60*o.users) {
		return o, errUsage
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	r := report{
		Command: o.Command, Clients: o.clients, Users: o.users, Seconds: o.seconds, Machine: single.ThisMachine(),
		Excused: excused,
	}
	said := emulator.Locked(progress)
	opts := host.Options{Progress: said, AnyQuery: true, InProcess: true, Balancer: true}
	if o.logs {
		opts.Logs = said
	}
	h, err := host.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	w, err := prepare(ctx, h, o.users, progress)
	if err != nil {
		return err
	}
	err = w.measureAll(ctx, o, progress, &r)
	if err := r.show(out, o.json); err != nil { // what there is, when the rest failed or was interrupted
		return err
	}
	if err != nil {
		return err
	}
	var text bytes.Buffer
	r.markdown(&text)
	return o.Write(text.Bytes())
}

// measureAll fills the report.
func (w *world) measureAll(ctx context.Context, o options, progress io.Writer, r *report) error {
	var chosen []route
	for _, each := range routes {
		op := w.operations[each.operation]
		if o.routes.MatchString(each.operation) || o.routes.MatchString(op.method+" "+op.path) {
			chosen = append(chosen, each)
		}
	}
	steps := terminal.Bar(progress, len(chosen), "operations")
	for _, each := range chosen {
		f, err := w.measure(ctx, each, o)
		if err != nil {
			return fmt.Errorf("%s: %w", each.operation, err)
		}
		r.Routes = append(r.Routes, f)
		if err := steps.Add(1); err != nil {
			return err
		}
	}
	if o.routes.MatchString(burstsName) {
		var err error
		if r.AtOnce, err = w.atOnce(ctx); err != nil {
			return fmt.Errorf("many at once: %w", err)
		}
	}
	if o.routes.MatchString(pollsName) {
		var err error
		if r.LongPolls, err = w.longPolls(ctx, o, progress); err != nil {
			return fmt.Errorf("long polls: %w", err)
		}
	}
	return r.failed()
}

// failed returns the operations that should have succeeded and did not.
func (r report) failed() error {
	var faults []error
	for _, f := range r.Routes {
		if f.Failed > 0 {
			faults = append(faults, fmt.Errorf("%s: %d of %d failed, such as: %s", f.Operation, f.Failed, f.Requests, f.failure))
		}
	}
	for _, a := range r.AtOnce {
		if a.Failed > 0 {
			faults = append(
				faults, fmt.Errorf("%s at once: %d of %d failed, such as: %s", a.Operation, a.Failed, a.Requests, a.failure),
			)
		}
	}
	return errors.Join(faults...)
}

// show prints the report for people, or as JSON.
func (r report) show(out io.Writer, asJSON bool) error {
	if !asJSON {
		return r.text(out)
	}
	return single.PrintJSON(out, r)
}
