// Command admin is for operators: it shows where the work of a user or a scan is, and repeats
// what was given up.
//
//	go run ./scripts/admin help
//	go run ./scripts/admin parked list -project my-project
//	go run ./scripts/admin parked redrive -project my-project -dry-run ID
//
// It acts by the application default credentials, or on the emulators by their variables. What
// changes something takes -dry-run. What it prints has ids of users in it: keep it to yourself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/facescan/facescan/internal/account/standing"
)

const usage = `usage: go run ./scripts/admin COMMAND [-project P] [OPTIONS] [ARGUMENTS]

It acts on a project by the application default credentials, or on the emulators with their
variables set (FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, STORAGE_EMULATOR_HOST,
FIREBASE_AUTH_EMULATOR_HOST). With -json it prints JSON. What it prints has ids of users in it: keep
it to yourself. The commands:

`

// errUsage means that the command line was wrong; why has been printed.
var errUsage = errors.New("usage")

// command is one of the program's commands.
type command struct {
	// name has one word or two.
	name string
	// args are the arguments behind the options, for people, and about is one line on what it does.
	args, about string
	// more is what else its help says, if anything.
	more string
	// changes is set if it changes something, signs if it owes events, acts if it is kept in the
	// audit, and rates if it makes ratings.
	changes, signs, acts, rates bool
	// define declares its options, and returns what checks them with the arguments and what runs it.
	define func(flags *flag.FlagSet) (check func(args []string) error, run runner)
}

// runner runs a command with the arguments behind the options.
type runner func(ctx context.Context, t *tools, args []string) (answer, error)

// commands returns all there are, in the order of the help.
func commands() []command {
	return []command{
		tell,
		parkedList, parkedShow, parkedRedrive,
		deadList, deadShow, deadRedrive, deadDrop,
		deliveriesList, deliveriesShow, deliveriesRedrive,
		ordered(standing.Ban, "keeps a user out, and ends all sign-ins"),
		ordered(standing.Lift, "ends a ban"),
		ordered(standing.Quarantine, "has nothing new of a user measured or shown to others"),
		ordered(standing.Release, "ends a quarantine"),
		rescoreRange, boardsDrift, boardsRebuild, orphansList, orphansClear, verifyStores,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := program{environ: os.Getenv, stdout: os.Stdout, stderr: os.Stderr}.run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "admin:", printable(err))
		os.Exit(1)
	}
}

// program is the process that a command runs in.
type program struct {
	environ        func(string) string
	stdout, stderr io.Writer
	// prepare, if set, is called with a command's tools before it runs. Tests change them by it.
	prepare func(*tools)
}

func (p program) run(ctx context.Context, args []string) error {
	c, rest, err := find(args, p.stderr)
	if err != nil {
		return err
	}
	o, runs, err := parse(c, rest, p.environ, p.stderr)
	if err != nil {
		return err
	}
	t := &tools{options: o, progress: p.stderr}
	if p.prepare != nil {
		p.prepare(t)
	}
	a, err := runs(ctx, t, o.args)
	return errors.Join(a.print(p.stdout, o.json), err, t.close())
}

// find returns the command that the arguments name, and the rest of them.
func find(args []string, stderr io.Writer) (command, []string, error) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return c, args[len(words):], nil
		}
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		overview(stderr)
		if len(args) == 0 {
			return command{}, nil, errUsage
		}
		return command{}, nil, flag.ErrHelp
	}
	fmt.Fprintf(stderr, "admin: there is no command %q\n", args[0])
	overview(stderr)
	return command{}, nil, errUsage
}

func overview(w io.Writer) {
	fmt.Fprint(w, usage)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  %s %s\t%s\n", c.name, c.args, c.about)
	}
	_ = t.Flush() // to a terminal
	fmt.Fprint(w, "\nEach has a -help of its own.\n")
}
