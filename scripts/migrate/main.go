// Command migrate brings stored documents into the shape that this version of the code writes.
//
// # When to run it
//
// Deploy first, then migrate, at once. While functions are deployed, instances of the version
// before still run, and what they write has the old shape; a migration before the deployment would
// have to be run again. So the code of a release reads the old shape beside the new, the version
// before can live with the new, and the release after the next may drop the old shape from the
// code. A rerun costs one read of each document and changes nothing that is migrated.
//
// # How to add a step
//
//  1. Write the step in a file of its own, devices.go for a step on devices, as a variable of type
//     step: Pending reports whether a document has the old shape, Migrate writes the new one.
//     Migrate runs in a transaction, once for each document, and may run again after a conflict:
//     read by tx first, then write, and touch nothing outside of tx. Everything else (pages,
//     retries, -dry-run, progress and counts) is the frame's, in run.go.
//  2. Append it to the table in steps.go. Steps run in its order.
//  3. Keep documents of the version before as testdata/devices.json, written by that version's own
//     code and never by hand; package fixture says how they are dumped and loaded.
//  4. Test it in devices_test.go: database loads the fixture, and migrated runs the step dry, then
//     for real, then again; the dry run must write nothing, the last run must find nothing to do.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/local/emulator"
)

const usage = `usage: go run ./scripts/migrate [-dry-run] [-project P] [-database D] [-step NAME [-after PATH]]
       go run ./scripts/migrate -list

Brings the documents of Firestore into the shape that this version of the code writes. Run it right
after the deployment. It may be stopped and run again: what is migrated is left alone.

With FIRESTORE_EMULATOR_HOST set it works on the emulator, otherwise on Google Cloud, by the
application default credentials. The steps "tombstones" need FACESCAN_TOMBSTONES_BUCKET, and
FACESCAN_KEY_ERASED, which is in Secret Manager as key-erased; the step "outbox" needs
FACESCAN_KEY_OUTBOX, which is key-outbox, and the step "audit/acts" FACESCAN_KEY_AUDIT, key-audit.
What it prints has user ids and usernames in it: keep it to yourself.

`

// errUsage means that the command line was wrong; why has been printed.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	project, database, step, after string
	dryRun, list                   bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	flags.BoolVar(&o.dryRun, "dry-run", false, "write nothing, and print what would change")
	flags.StringVar(&o.project, "project", "", "Google Cloud `project`; the local one by default, with an emulator")
	flags.StringVar(&o.database, "database", cmp.Or(os.Getenv("FACESCAN_DATABASE"), firestore.DefaultDatabaseID),
		"`id` of the database; FACESCAN_DATABASE by default")
	flags.StringVar(&o.step, "step", "", "run only the step of this `name`, and those named NAME/...")
	flags.StringVar(&o.after, "after", "", "go on behind the document of this `path`, where a run stopped; needs -step")
	flags.BoolVar(&o.list, "list", false, "list the steps in their order")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return o, err
	}
	if err == nil {
		err = o.check(flags.NArg())
		if err != nil {
			fmt.Fprintln(stderr, "migrate:", err)
			flags.Usage()
		}
	}
	if err != nil {
		return o, errUsage
	}
	return o, nil
}

// check returns what is wrong with the options, and fills in the emulator's project.
func (o *options) check(more int) error {
	if os.Getenv("FIRESTORE_EMULATOR_HOST") != "" {
		o.project = cmp.Or(o.project, emulator.DefaultProject)
	}
	switch {
	case more > 0:
		return errors.New("there are arguments behind the options")
	case o.list:
		return nil
	case o.project == "":
		return errors.New("name the project by -project, or an emulator by FIRESTORE_EMULATOR_HOST")
	case o.after != "" && !slices.ContainsFunc(steps, func(s step) bool { return s.Name == o.step }):
		return errors.New("-after needs the -step that stopped")
	case o.step != "" && !slices.ContainsFunc(steps, func(s step) bool { return s.is(o.step) }):
		return fmt.Errorf("there is no step %q; -list has them", o.step)
	}
	return nil
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.list {
		for _, s := range steps {
			fmt.Fprintf(stdout, "%-16s %s\n", s.Name, s.About)
		}
		return nil
	}
	fs, err := firestore.NewClientWithDatabase(ctx, o.project, o.database)
	if err != nil {
		return fmt.Errorf("connect to Firestore: %w", err)
	}
	kept, keptErr := openStones(ctx, os.Getenv)
	owed, owedErr := openOwed(os.Getenv)
	audited, auditErr := openAudit(os.Getenv)
	if err := errors.Join(keptErr, owedErr, auditErr); err != nil {
		return errors.Join(err, fs.Close())
	}
	r := runner{
		fs: fs, now: time.Now, out: stdout, dry: o.dryRun, after: o.after, stones: kept, owed: owed, audit: audited,
	}
	where := cmp.Or(os.Getenv("FIRESTORE_EMULATOR_HOST"), "Google Cloud")
	fmt.Fprintf(stdout, "project %s, database %s on %s\n", o.project, o.database, where)
	for _, s := range steps {
		if o.step == "" || s.Name == o.step || o.after == "" && s.is(o.step) {
			err = errors.Join(err, r.run(ctx, s))
		}
		if err != nil {
			break // a later step may count on an earlier one
		}
	}
	return errors.Join(err, fs.Close())
}
