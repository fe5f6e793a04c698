// Command ban keeps a user out or under review, and takes that back. It holds from the next request
// on, on every route that reads the account, and at Firebase within two minutes.
//
//	export FACESCAN_KEY_OUTBOX=$(gcloud secrets versions access latest --secret=facescan-key-outbox)
//	export FACESCAN_KEY_AUDIT=$(gcloud secrets versions access latest --secret=facescan-key-audit)
//	go run ./scripts/ban -project my-project -uid UID -reason abuse
//	go run ./scripts/ban -project my-project -uid UID -do lift -reason appeal
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
	"strings"
	"syscall"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/outbox"
)

const usage = `usage: go run ./scripts/ban -uid UID -reason R [-do ACTION] [-dry-run] [-project P] [-database D]

A ban refuses every request of the user, ends all sign-ins and refuses new ones. The user can still
delete the account by a link in a mail. Lifting it lets them sign in again. In quarantine the user
can see, export and delete what there is, and nothing new is measured or shown on leaderboards;
release ends that. Firebase and the leaderboards follow within two minutes, by events that the sweep
publishes. Each of it is kept in the audit, as the operator's.

FACESCAN_KEY_OUTBOX and FACESCAN_KEY_AUDIT must have the functions' secrets key-outbox and key-audit of
Secret Manager: the events are signed with the first, and the audit names people by the second. With
FIRESTORE_EMULATOR_HOST set it works on the emulator.

`

// errUsage means that the command line was wrong; why has been printed.
var errUsage = errors.New("usage")

// errLeft is the publisher's: the sweep publishes what is left in the outbox.
var errLeft = errors.New("events are left to the sweep")

type left struct{}

func (left) Publish(context.Context, string, []byte, map[string]string) error { return errLeft }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "ban:", err)
		os.Exit(1)
	}
}

// options are those of the command line and the environment.
type options struct {
	project, database string
	uid               account.UID
	do                standing.Action
	reason            string
	dryRun            bool
	key, audit        keys.Ring
}

func parse(args []string, environ func(string) string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("ban", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	flags.StringVar(&o.project, "project", "", "Google Cloud `project`; the local one by default, with an emulator")
	flags.StringVar(&o.database, "database", cmp.Or(environ("FACESCAN_DATABASE"), firestore.DefaultDatabaseID),
		"`id` of the database; FACESCAN_DATABASE by default")
	flags.StringVar((*string)(&o.uid), "uid", "", "the `user`'s id at Firebase")
	flags.StringVar((*string)(&o.do), "do", string(standing.Ban), "the `action`: ban, lift, quarantine or release")
	flags.StringVar(&o.reason, "reason", "", "`why`, of a list for each action, which a wrong one prints")
	flags.BoolVar(&o.dryRun, "dry-run", false, "change nothing, and print what would be done")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return o, err
	}
	if err == nil {
		if err = o.complete(environ, flags.NArg()); err != nil {
			fmt.Fprintln(stderr, "ban:", err)
			flags.Usage()
		}
	}
	if err != nil {
		return o, errUsage
	}
	return o, nil
}

// complete reads the environment, and returns what is wrong.
func (o *options) complete(environ func(string) string, more int) error {
	if environ("FIRESTORE_EMULATOR_HOST") != "" {
		o.project = cmp.Or(o.project, emulator.DefaultProject)
	}
	switch {
	case more > 0:
		return errors.New("there are arguments behind the options")
	case o.project == "":
		return errors.New("name the project by -project, or an emulator by FIRESTORE_EMULATOR_HOST")
	case o.uid == "":
		return errors.New("name the user by -uid")
	case !o.do.Valid():
		return fmt.Errorf("there is no action %q", o.do)
	case !slices.Contains(o.do.Reasons(), o.reason):
		return fmt.Errorf("%s takes a -reason of %s", o.do, strings.Join(o.do.Reasons(), ", "))
	}
	root, err := keys.Parse(keys.ForOutbox, environ(keys.ForOutbox.Variable()))
	if err != nil {
		return fmt.Errorf("read %s: %w", keys.ForOutbox.Variable(), err)
	}
	o.key = root.OfWriter(catalog.Operator)
	if o.audit, err = keys.Parse(keys.ForAudit, environ(keys.ForAudit.Variable())); err != nil {
		return fmt.Errorf("read %s: %w", keys.ForAudit.Variable(), err)
	}
	return nil
}

func command(ctx context.Context, args []string, environ func(string) string, stdout, stderr io.Writer) error {
	o, err := parse(args, environ, stderr)
	if err != nil {
		return err
	}
	fs, err := firestore.NewClientWithDatabase(ctx, o.project, o.database)
	if err != nil {
		return fmt.Errorf("connect to Firestore: %w", err)
	}
	return errors.Join(o.run(ctx, fs, stdout), fs.Close())
}

func (o options) run(ctx context.Context, fs *firestore.Client, out io.Writer) error {
	desk := standing.Desk{
		Firestore: fs, Outbox: outbox.New(fs, left{}, o.key, time.Now), Acts: audit.New(fs, o.audit, time.Now), Now: time.Now,
	}
	done, err := desk.Change(ctx, standing.Order{
		UID: o.uid, Do: o.do, Reason: o.reason, By: audit.Operator, Dry: o.dryRun,
	})
	if err != nil {
		return err
	}
	verb := "is"
	if o.dryRun {
		verb = "would be"
	}
	fmt.Fprintf(out, "%s was %s and %s %s\n", o.uid, done.Before, verb, done.After)
	return nil
}
