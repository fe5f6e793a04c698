// Command start measures what the functions weigh and how fast they start, each as a program of its
// own as it is deployed. `go run ./scripts/bench start` builds and runs it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `Build every function as it is deployed, and an empty function of the framework, and measure in turn: the size of the stripped
program, the packages in it, their initialization, the time from its start until it listens, and until its first answer, which
makes the clients. Times are compared with the empty function's of the same run. It fails when a program is over its budget.

  go run ./scripts/bench start [-runs N] [-json] [-o FILE]    measure
  go run ./scripts/bench start -sizes                         only build, and hold the sizes to the budgets: make check

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench start:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	runs        int // of each program
	json, sizes bool
	into        string
	command     string
}

// maxRuns bounds -runs: a run of all programs takes a second or two.
const maxRuns = 1000

var errUsage = fmt.Errorf("-runs is 1 to %d, and -sizes stands alone; -help tells more", maxRuns)

func parse(args []string, progress io.Writer) (options, error) {
	o := options{command: strings.Join(append([]string{"go run ./scripts/bench start"}, args...), " ")}
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() { fmt.Fprint(progress, usage); flags.PrintDefaults() }
	flags.IntVar(&o.runs, "runs", 20, "how often each program is started")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.sizes, "sizes", false, "only build, and hold the sizes to the budgets")
	flags.StringVar(&o.into, "o", "", "write the report to this Markdown file, too")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	alone := !o.json && o.into == ""
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
	r := newReport(o.command, o.runs, programs)
	var text bytes.Buffer
	r.markdown(&text)
	if o.into != "" {
		if err := os.WriteFile(o.into, text.Bytes(), 0o644); err != nil { //nolint:gosec // figures are for everybody
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if o.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		_, err = out.Write(text.Bytes())
	}
	return errors.Join(err, overBudget(programs), r.slow())
}
