// Command replay asks again, in a restored database, for the erasures and withdrawals that it has
// forgotten: those whose tombstones are younger than the backup.
//
// # When to run it
//
// After each restore of the database, be it of a backup or of a point in time, and before the
// functions are pointed at it:
//
//	export FACESCAN_KEY_ERASED=$(gcloud secrets versions access latest --secret=facescan-key-erased)
//	export FACESCAN_KEY_RECEIPTS=$(gcloud secrets versions access latest --secret=facescan-key-receipts)
//	export FACESCAN_KEY_OUTBOX=$(gcloud secrets versions access latest --secret=facescan-key-outbox)
//	export FACESCAN_KEY_AUDIT=$(gcloud secrets versions access latest --secret=facescan-key-audit)
//	export FACESCAN_TOMBSTONES_BUCKET=PROJECT-facescan-tombstones
//	go run ./scripts/replay -project PROJECT -database restored -dry-run
//	go run ./scripts/replay -project PROJECT -database restored
//
// It closes the fence of each user concerned, and leaves the events that remove their data in the
// database's outbox. The sweep publishes them a minute after the functions use the database, so
// that erase finds what they are about. Nothing is published here, to functions that still use
// another database. A rerun erases and withdraws nothing.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/schema"
)

const usage = `usage: go run ./scripts/replay [-dry-run] [-project P] [-database D] [-bucket B]

Asks again, in a restored database, for the erasures and withdrawals whose tombstones are in the
bucket. Run it after each restore, before the functions use the database. It may be run again.

FACESCAN_KEY_ERASED, FACESCAN_KEY_RECEIPTS, FACESCAN_KEY_OUTBOX and FACESCAN_KEY_AUDIT must have the
functions' secrets key-erased, key-receipts, key-outbox and key-audit of Secret Manager: tombstones are
named by the first, receipts found by the second, what is left for the functions is signed with the
third, and the audit names users by the fourth.
With the emulators' variables set it works on those, otherwise on Google Cloud, by the application
default credentials, which must read the bucket and write the database.

`

// errUsage means that the command line was wrong; why has been printed.
var errUsage = errors.New("usage")

func main() {
	slog.SetLogLoggerLevel(slog.LevelError) // the outbox warns of each event that is left to the sweep
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

// options are those of the command line and the environment.
type options struct {
	project, database, bucket string
	// erased, receipts, owed and audit are the rings of the functions' uses.
	erased, receipts, owed, audit keys.Ring
	dryRun                        bool
}

func parse(args []string, environ func(string) string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	flags.BoolVar(&o.dryRun, "dry-run", false, "write nothing, and print what would be done")
	flags.StringVar(&o.project, "project", "", "Google Cloud `project`; the local one by default, with an emulator")
	flags.StringVar(&o.database, "database", cmp.Or(environ("FACESCAN_DATABASE"), firestore.DefaultDatabaseID),
		"`id` of the restored database; FACESCAN_DATABASE by default")
	flags.StringVar(&o.bucket, "bucket", environ("FACESCAN_TOMBSTONES_BUCKET"),
		"`name` of the bucket; FACESCAN_TOMBSTONES_BUCKET by default")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return o, err
	}
	if environ("FIRESTORE_EMULATOR_HOST") != "" {
		o.project = cmp.Or(o.project, emulator.DefaultProject)
	}
	if err == nil {
		if err = errors.Join(o.check(flags.NArg()), o.readKeys(environ)); err != nil {
			fmt.Fprintln(stderr, "replay:", err)
			flags.Usage()
		}
	}
	if err != nil {
		return o, errUsage
	}
	return o, nil
}

func (o options) check(more int) error {
	switch {
	case more > 0:
		return errors.New("there are arguments behind the options")
	case o.project == "":
		return errors.New("name the project by -project, or an emulator by FIRESTORE_EMULATOR_HOST")
	case o.bucket == "":
		return errors.New("name the bucket by -bucket or FACESCAN_TOMBSTONES_BUCKET")
	}
	return nil
}

func (o *options) readKeys(environ func(string) string) error {
	var faults []error
	for use, ring := range map[keys.Use]*keys.Ring{
		keys.ForErased: &o.erased, keys.ForReceipts: &o.receipts, keys.ForOutbox: &o.owed,
		keys.ForAudit: &o.audit,
	} {
		text := environ(use.Variable())
		if text == "" {
			faults = append(faults, fmt.Errorf("%s is not set", use.Variable()))
			continue
		}
		parsed, err := keys.Parse(use, text)
		if err != nil {
			faults = append(faults, fmt.Errorf("read %s: %w", use.Variable(), err))
		}
		*ring = parsed
	}
	return errors.Join(faults...)
}

// errEmpty means that there is nothing to go by, as in a bucket that is not the functions'.
var errEmpty = errors.New("the bucket has no tombstone, so nothing was looked at: is it the functions'? " +
	"There is nothing to do only if no account was erased and no consent withdrawn within their life")

// errHeld is the publisher's: no functions may hear of the events yet.
var errHeld = errors.New("events are left in the outbox")

type held struct{}

func (held) Publish(context.Context, string, []byte, map[string]string) error { return errHeld }

func command(ctx context.Context, args []string, environ func(string) string, stdout, stderr io.Writer) error {
	o, err := parse(args, environ, stderr)
	if err != nil {
		return err
	}
	objects, err := storage.NewClient(ctx)
	if err != nil {
		return fmt.Errorf("connect to Cloud Storage: %w", err)
	}
	fs, err := firestore.NewClientWithDatabase(ctx, o.project, o.database)
	if err != nil {
		return fmt.Errorf("connect to Firestore: %w", errors.Join(err, objects.Close()))
	}
	return errors.Join(o.replay(ctx, fs, objects.Bucket(o.bucket), stdout), fs.Close(), objects.Close())
}

func (o options) replay(ctx context.Context, fs *firestore.Client, bucket *storage.BucketHandle, out io.Writer) error {
	fmt.Fprintf(out, "project %s, database %s, tombstones of %s\n", o.project, o.database, o.bucket)
	tombstones, err := tombstone.Read(ctx, bucket)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "tombstones of %d users\n", len(tombstones))
	if len(tombstones) == 0 {
		return errEmpty
	}
	box := outbox.New(fs, held{}, o.owed.OfWriter(catalog.Operator), time.Now)
	acts := audit.New(fs, o.audit, time.Now)
	r := erasure.Replay{
		Firestore: fs, Accounts: account.New(fs, box, acts, time.Now), Acts: acts, Outbox: box, Tombstones: tombstones,
		Key: o.receipts, ErasedKey: o.erased, Wait: schema.LatePhotos, Now: time.Now, Dry: o.dryRun,
		Tell: func(r erasure.Redone) {
			if r.Err != nil {
				fmt.Fprintf(out, "  FAILED %s: %v\n", r.Pseudonym, r.Err)
				return
			}
			fmt.Fprintf(out, "  %s %s, asked for at %s\n", r.Did, r.Pseudonym, r.At.Format(time.RFC3339))
		},
		Page: func(sum erasure.Replayed) {
			verb := "done"
			if o.dryRun {
				verb = "to do"
			}
			fmt.Fprintf(out, "%d users, %s: erase %d, withdraw %d, remove %d; %d failed\n", sum.Users, verb,
				sum.Deeds[erasure.EraseAgain], sum.Deeds[erasure.WithdrawAgain], sum.Deeds[erasure.RemoveAgain], sum.Failed)
		},
	}
	sum, err := r.Run(ctx)
	if err == nil && sum.Matched == 0 {
		fmt.Fprintln(out, "No user of the database has a tombstone. If the backup is older than one, "+
			"FACESCAN_KEY_ERASED has no secret by which it was made.")
	}
	return err
}
