// Command ban keeps a user out, or lets them in again. It holds from the next request on, on every
// route that reads the account, and at Firebase within two minutes.
//
//	export FACESCAN_KEY_OUTBOX=$(gcloud secrets versions access latest --secret=facescan-key-outbox)
//	export FACESCAN_KEY_AUDIT=$(gcloud secrets versions access latest --secret=facescan-key-audit)
//	go run ./scripts/ban -project my-project -uid UID
//	go run ./scripts/ban -project my-project -uid UID -lift
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
	"syscall"
	"time"

	"cloud.google.com/go/firestore"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/outbox"
)

const usage = `usage: go run ./scripts/ban -uid UID [-project P] [-database D] [-lift]

Ends all sign-ins of the user and refuses new ones, from the next request on. Firebase follows within
two minutes, by an event that the sweep publishes. Nothing of the user is deleted, and they may ask
for the erasure of their account after the ban is lifted.

FACESCAN_KEY_OUTBOX and FACESCAN_KEY_AUDIT must have the functions' secrets key-outbox and key-audit of
Secret Manager: the event is signed with the first, and the audit names people by the second. With FIRESTORE_EMULATOR_HOST and FIREBASE_AUTH_EMULATOR_HOST set it works on the emulators.

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
	lift              bool
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
	flags.BoolVar(&o.lift, "lift", false, "let the user sign in again")
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
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: o.project})
	if err != nil {
		return errors.Join(fmt.Errorf("connect to Firebase: %w", err), fs.Close())
	}
	users, err := app.Auth(ctx)
	if err == nil {
		err = o.run(ctx, fs, users, stdout)
	}
	return errors.Join(err, fs.Close())
}

func (o options) run(ctx context.Context, fs *firestore.Client, users *auth.Client, out io.Writer) error {
	acts := audit.New(fs, o.audit, time.Now)
	accounts := account.New(fs, outbox.New(fs, left{}, o.key, time.Now), acts, time.Now)
	if o.lift {
		if _, err := users.UpdateUser(ctx, string(o.uid), new(auth.UserToUpdate).Disabled(false)); err != nil {
			return fmt.Errorf("let the user in at Firebase: %w", err)
		}
		if err := accounts.Unban(ctx, o.uid, time.Now()); err != nil {
			return fmt.Errorf("lift the ban: %w", err)
		}
		fmt.Fprintf(out, "%s may sign in again\n", o.uid)
		return nil
	}
	if err := accounts.EndSignIns(ctx, o.uid, account.Banned); err != nil {
		return fmt.Errorf("ban the user: %w", err)
	}
	fmt.Fprintf(out, "%s is banned from the next request on, at Firebase within two minutes\n", o.uid)
	return nil
}
