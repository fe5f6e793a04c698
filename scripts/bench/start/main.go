// Command start measures what the functions weigh and how fast they start, each as a program of its
// own as it is deployed. `go run ./scripts/bench start` builds and runs it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/facescan/facescan/scripts/bench/single"
)

// command is the name by which scripts/bench runs it.
const command = "start"

const usage = `Build every function as it is deployed, and an empty function of the framework, and measure in turn: the size of the stripped
program, the packages in it, their initialization, the time from its start until it listens, and until its first answer, which
makes the clients. Times are compared with the empty function's of the same run. It fails when a program is over its budget.

  go run ./scripts/bench start [-runs N] [-json] [-o FILE]    measure
  go run ./scripts/bench start -sizes                         only build, and hold the sizes to the budgets: make check

`

func main() {
	single.Main(command, run)
}

// options are the flags.
type options struct {
	runs        int // of each program
	json, sizes bool
	single.Output
}

// maxRuns bounds -runs: a run of all programs takes a second or two.
const maxRuns = 1000

var errUsage = fmt.Errorf("-runs is 1 to %d, and -sizes stands alone; -help tells more", maxRuns)

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	flags := o.Flags(command, usage, args, progress)
	flags.IntVar(&o.runs, "runs", 20, "how often each program is started")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.sizes, "sizes", false, "only build, and hold the sizes to the budgets")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	alone := !o.json && o.Into == ""
	if flags.NArg() > 0 || o.runs < 1 || o.runs > maxRuns || o.sizes && !alone {
		return o, errUsage
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "facescan-start")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs, err := build(ctx, dir, o.sizes, progress)
	if err != nil {
		return err
	}
	if o.sizes {
		return overBudget(programs)
	}
	if err := measure(ctx, dir, programs, o.runs, progress); err != nil {
		return err
	}
	r := newReport(o.Command, o.runs, programs)
	var text bytes.Buffer
	r.markdown(&text)
	if o.json {
		err = errors.Join(o.Write(text.Bytes()), single.PrintJSON(out, r))
	} else {
		err = o.Show(out, text.Bytes())
	}
	return errors.Join(err, overBudget(programs), r.slow())
}
