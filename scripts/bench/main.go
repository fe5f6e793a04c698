// Command bench measures the face engine on annotated photos, fits its numbers anew, and writes the
// account of its reliability; and it measures the HTTP API, scans under load, the leaderboard, the
// delivery of notices, and the functions' size and start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/facescan/facescan/scripts/bench/single"
)

const usage = `Measure the face engine, the HTTP API, scans under load, the leaderboard, the delivery of notices, and the functions' size and start.

  go run ./scripts/bench accuracy    -faces DIR [-nofaces DIR] [-json] [-fast]   every figure, on people not used for fitting
  go run ./scripts/bench fit         -faces DIR [-into FILE]                     fit the engine's numbers to all the people
  go run ./scripts/bench reliability -faces DIR [-nofaces DIR] [-into DIR]       write RELIABILITY.md, its plots and its table
  go run ./scripts/bench scores      [-into DIR]                                 write the table of the ranking's figures by RELIABILITY.md
  go run ./scripts/bench guard       -faces DIR [-json] [-fast]                  what the cheat guard catches, and whom it strikes by mistake
  go run ./scripts/bench speed                                                   time and memory of a scan
  go run ./scripts/bench api         [-o FILE] ...                               speed of every operation, and of long polls; -help tells more
  go run ./scripts/bench load        [-scans N] [-o FILE] ...                    many scans at once: speed, cost, and whether one is lost; -help tells more
  go run ./scripts/bench leaderboard [-users N] [-o FILE] ...                    cost and speed of a board of many; -help tells more
  go run ./scripts/bench notify      [-events N] [-o FILE]                       cost and speed of notices, with and without faults; -help tells more
  go run ./scripts/bench chaos       [-seeds N] [-o FILE] ...                    faults on purpose, and what was lost or told twice; -help tells more
  go run ./scripts/bench endure      [-scans N] [-o FILE] ...                    a week of a stack that keeps its data; -help tells more
  go run ./scripts/bench soak        [-minutes N] [-o FILE]                      growth of the functions' process under a steady load; -help tells more
  go run ./scripts/bench start       [-runs N] [-json] [-o FILE] [-sizes]        size and start of every function; -help tells more

DIR holds photos and an index.jsonl with one line a photo: file, set, person, expression, and where annotated points, all
(189 points), manual_asymmetry, manual_asymmetry_yawfree and self_reported; or condition, covered and labels. A subfolder
wild with an index of its own belongs to it. Without annotated people nothing is fitted: the engine's own numbers judge.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	faces, nofaces, into string
	json, fast           bool
	more                 bool // copies for the plots
}

var errUsage = errors.New(
	"say accuracy, fit, reliability or guard, and -faces DIR, or scores, speed, api, load, leaderboard, notify, " +
		"chaos, endure, soak or start; -help tells more",
)

// programs are the commands that are programs of their own, by the name of their folder.
var programs = map[string]string{
	"api": "load", "chaos": "chaos", "endure": "endure", "leaderboard": "boards", "load": "scans", "notify": "notices",
	"soak": "soak", "start": "start",
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(progress, usage)
		return errUsage
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() { fmt.Fprint(progress, usage); flags.PrintDefaults() }
	flags.StringVar(&o.faces, "faces", "", "folder of annotated photos with an index.jsonl")
	flags.StringVar(&o.nofaces, "nofaces", "", "folder of photos without faces, looked through with its subfolders")
	flags.StringVar(&o.into, "into", "", "where to write; the engine's own place if empty")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.fast, "fast", false, "every third person only: a look, not a measurement")
	command := args[0]
	if command == "speed" && len(args) == 1 {
		return speed(ctx, out)
	}
	if name, ok := programs[command]; ok {
		return program(ctx, name, args[1:], out, progress)
	}
	if command == "-h" || command == "-help" || command == "--help" {
		flags.Usage()
		return flag.ErrHelp
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if command == "scores" && flags.NArg() == 0 {
		return scores(o.into)
	}
	if o.faces == "" || flags.NArg() > 0 {
		return errUsage
	}
	switch command {
	case "accuracy":
		return accuracy(ctx, o, out, progress)
	case "fit":
		return refit(ctx, o, out, progress)
	case "reliability":
		return writeReliability(ctx, o, out, progress)
	case "guard":
		return guardStudy(ctx, o, out, progress)
	}
	return errUsage
}

func accuracy(ctx context.Context, o options, out, progress io.Writer) error {
	study, err := measure(ctx, o, progress)
	if err != nil {
		return err
	}
	figures := study.figures()
	if o.json {
		return single.PrintJSON(out, figures)
	}
	if err := printFigures(out, figures); err != nil || len(study.records) == 0 {
		return err
	}
	_, err = io.WriteString(out, study.yawTable())
	return err
}
