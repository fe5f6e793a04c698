package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
)

// options are those of every command.
type options struct {
	project, database, prefix string
	// uploads and results are the names of the buckets.
	uploads, results string
	json, dryRun     bool
	// local is set on the emulators.
	local bool
	// rings are those of the command's secrets.
	rings map[keys.Use]keys.Ring
	args  []string
}

// defaultPrefix begins the names of topics, subscriptions and buckets unless Terraform's variable
// prefix says otherwise. The local stack has none.
const defaultPrefix = "facescan-"

func parse(
	c command, args []string, environ func(string) string, stderr io.Writer,
) (options, runner, error) {
	o := options{rings: map[keys.Use]keys.Ring{}}
	local := environ("FIRESTORE_EMULATOR_HOST") != "" || environ("PUBSUB_EMULATOR_HOST") != ""
	prefix := defaultPrefix
	if local {
		prefix = ""
	}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { c.help(flags, stderr) }
	flags.StringVar(&o.project, "project", "", "Google Cloud `project`; the local one by default, with an emulator")
	flags.StringVar(&o.database, "database", cmp.Or(environ("FACESCAN_DATABASE"), firestore.DefaultDatabaseID),
		"`id` of the database; FACESCAN_DATABASE by default")
	flags.StringVar(&o.prefix, "prefix", cmp.Or(environ("FACESCAN_TOPIC_PREFIX"), prefix),
		"what the `names` of topics and subscriptions begin with")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	if c.changes {
		flags.BoolVar(&o.dryRun, "dry-run", false, "change nothing, and print what would be done")
	}
	check, runs := c.define(flags)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return o, nil, err
	}
	if err != nil {
		return o, nil, errUsage
	}
	o.args, o.local = flags.Args(), local
	if local {
		o.project = cmp.Or(o.project, emulator.DefaultProject)
	}
	if err := errors.Join(o.complete(c, environ), check(o.args)); err != nil {
		fmt.Fprintf(stderr, "admin %s: %s\n", c.name, printable(err))
		c.help(flags, stderr)
		return o, nil, errUsage
	}
	return o, runs, nil
}

// complete reads the environment, and returns what is wrong.
func (o *options) complete(c command, environ func(string) string) error {
	if o.project == "" {
		return errors.New("name the project by -project, or an emulator by FIRESTORE_EMULATOR_HOST")
	}
	o.uploads = cmp.Or(environ("FACESCAN_UPLOADS_BUCKET"), o.bucket("uploads"))
	o.results = cmp.Or(environ("FACESCAN_RESULTS_BUCKET"), o.bucket("results"))
	for _, use := range c.keys() {
		ring, err := keys.Parse(use, environ(use.Variable()))
		if err != nil {
			return fmt.Errorf("read %s: %w", use.Variable(), err)
		}
		o.rings[use] = ring
	}
	return nil
}

// ring returns the ring of a secret, an empty one if the command does not take it.
func (o *options) ring(use keys.Use) keys.Ring {
	if ring, ok := o.rings[use]; ok {
		return ring
	}
	return keys.NewRing(use)
}

// bucket returns the name that Terraform gives a bucket, or that of the local stack.
func (o *options) bucket(what string) string {
	if o.prefix == "" {
		return defaultPrefix + what
	}
	return o.project + "-" + o.prefix + what
}

// keys returns the uses of the secrets that the command takes.
func (c command) keys() (uses []keys.Use) {
	if c.signs {
		uses = append(uses, keys.ForOutbox)
	}
	if c.acts {
		uses = append(uses, keys.ForAudit)
	}
	if c.rates {
		uses = append(uses, keys.ForRatings)
	}
	return uses
}

// help prints what the command does and its options.
func (c command) help(flags *flag.FlagSet, w io.Writer) {
	fmt.Fprintf(w, "usage: go run ./scripts/admin %s [OPTIONS] %s\n\nIt %s.\n", c.name, c.args, c.about)
	if c.more != "" {
		fmt.Fprintf(w, "\n%s\n", c.more)
	}
	if uses := c.keys(); len(uses) > 0 {
		fmt.Fprint(w, "\nIt takes secrets of the functions:\n\n")
		for _, use := range uses {
			fmt.Fprintf(w, "  export %s=$(gcloud secrets versions access latest --secret=facescan-%s)\n",
				use.Variable(), use.Secret())
		}
	}
	fmt.Fprint(w, "\n")
	flags.PrintDefaults()
}

// none checks that there are no arguments behind the options.
func none(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q is behind the options, where nothing is expected", args[0])
	}
	return nil
}

// errNoID means that a command does not know what it is about.
var errNoID = errors.New("name what it is about by its ID, which list prints")

// one checks that there is one argument, an id.
func one(args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errNoID
	}
	return nil
}

// some checks that there is an argument, of which each is an id.
func some(args []string) error {
	if len(args) == 0 {
		return errNoID
	}
	return nil
}

// limited adds the option that bounds a list, and returns what checks it.
func limited(flags *flag.FlagSet, number int, about string) (*int, func() error) {
	limit := flags.Int("limit", number, about)
	return limit, func() error {
		if *limit < 1 {
			return errors.New("-limit must be positive")
		}
		return nil
	}
}

// ofUser adds the option with the user, and returns what checks it and the arguments.
func ofUser(flags *flag.FlagSet, arguments func([]string) error) (*account.UID, func([]string) error) {
	uid := perhapsOfUser(flags, "the `user`'s id at Firebase")
	return uid, func(args []string) error {
		if *uid == "" {
			return errors.New("name the user by -uid")
		}
		return errors.Join(validUser(*uid), arguments(args))
	}
}

// perhapsOfUser adds the option with a user for a command that needs none.
func perhapsOfUser(flags *flag.FlagSet, about string) *account.UID {
	uid := new(account.UID)
	flags.StringVar((*string)(uid), "uid", "", about)
	return uid
}

// validUser checks that a user may have the id, if it is not "". What is no id is none of a
// document either.
func validUser(uid account.UID) error {
	if uid != "" && !event.ValidID(string(uid)) {
		return fmt.Errorf("%q is no id of a user", uid)
	}
	return nil
}
