// Command chaos has the app's users do what apps do while the system fails on purpose, and then
// looks for what was lost, told twice or left over. `go run ./scripts/bench chaos` builds and runs
// it.
//
// First some users live without faults, and then as many again for each seed, with faults, each on
// a new stack. What the users of a seed end with must be what the first ones have, and the stores
// must hold to the rules of package verify. See internal/systest/README.md.
package main

import (
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
	"time"

	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/host"
)

// defaultFaults is a bad day: every fifth event comes twice, every tenth request fails. Of what is
// asked of Firestore fewer fail, as an event needs dozens of its answers.
const defaultFaults = "dup=.2,reorder=.3,drop=.05,slow=100ms,5xx=.1,crash=.03,firestore.5xx=.02,firestore.drop=.01"

const usage = `Run the system on the emulators with faults on purpose, and look for what was lost, told twice or left over. Users sign up,
scan, take a series, delete, export, withdraw and erase; what they end with is compared with the same without faults.

  go run ./scripts/bench chaos [-seeds N] [-first SEED] [-faults LIST] [-rounds N] [-patience D] [-logs FILE] [-json] [-o FILE]

Examples:
  go run ./scripts/bench chaos                                      one seed
  go run ./scripts/bench chaos -seeds 5 -o internal/systest/README.md  five, with their section of that file
  go run ./scripts/bench chaos -first 42 -faults crash=.1           the functions are killed at every tenth event

`

func main() {
	host.ServeFunctions()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bench chaos:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench chaos:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	seeds, rounds int
	first         uint64
	faults        faults.Spec
	patience      time.Duration
	json          bool
	into, command string
	logs          string
}

// maxSeeds bounds the sign-ups of one address, and with them the time.
const maxSeeds = 1000

var (
	errUsage  = errors.New("-help tells more")
	errBroken = errors.New("a guarantee is broken: see the findings and the differences")
)

func parse(args []string, progress io.Writer) (options, error) {
	o := options{command: strings.Join(append([]string{"go run ./scripts/bench chaos"}, args...), " ")}
	var list string
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() { fmt.Fprint(progress, usage); flags.PrintDefaults() }
	flags.IntVar(&o.seeds, "seeds", 1, "how many runs with faults there are, one after the other")
	flags.Uint64Var(&o.first, "first", 1, "the seed of the first run; each further one has the next")
	flags.StringVar(&list, "faults", defaultFaults, "the faults, as FAULTS of make run has them")
	flags.IntVar(&o.rounds, "rounds", 1, "how often six users do what they do in each run")
	flags.DurationVar(
		&o.patience, "patience", 5*time.Minute, "how long a run may take, and how long until all is quiet after it")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.StringVar(&o.logs, "logs", "", "write the functions' logs to this file")
	flags.StringVar(&o.into, "o", "", "write the section of this Markdown file, too; others stay")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w; %w", err, errUsage)
	}
	var err error
	if o.faults, err = faults.Parse(list); err != nil {
		return o, fmt.Errorf("-faults: %w; %w", err, errUsage)
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag; %w", flags.Arg(0), errUsage)
	case o.seeds < 1 || o.seeds > maxSeeds:
		return o, fmt.Errorf("-seeds is from 1 to %d; %w", maxSeeds, errUsage)
	case o.rounds < 1 || o.rounds > 100:
		return o, fmt.Errorf("-rounds is from 1 to 100; %w", errUsage)
	case o.patience <= 0:
		return o, fmt.Errorf("-patience is above 0; %w", errUsage)
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	r, err := measure(ctx, o, progress)
	if r == nil {
		return err
	}
	if o.json {
		to := json.NewEncoder(out)
		to.SetIndent("", "  ")
		err = errors.Join(err, to.Encode(r))
	} else {
		_, printed := io.WriteString(out, r.markdown())
		err = errors.Join(err, printed)
	}
	if err != nil {
		return err
	}
	if o.into != "" {
		if err := writeSection(o.into, r.markdown()); err != nil {
			return err
		}
	}
	if r.broken() {
		return errBroken
	}
	return nil
}
