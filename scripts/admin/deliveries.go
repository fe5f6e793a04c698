package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/notify/deliver"
)

// every1000 is how many deliveries are looked at before it is said.
const every1000 = 1000

// legs returns how far a delivery is by its channels, for a table.
func legs(f deliver.Failed) string {
	var parts []string
	for _, l := range f.Channels {
		part := fmt.Sprintf("%s=%s", l.Channel, l.State)
		if l.Fault != "" {
			part += fmt.Sprintf("(%s, %d attempts)", l.Fault, l.Attempts)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

var deliveriesList = command{
	name: "deliveries list", about: "lists the deliveries of notices of which a channel has failed",
	more: `Without -uid it reads every delivery of the last 90 days, of all users, which costs a read each.`,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid := flags.String("uid", "", "only those of the `user`")
		limit := flags.Int("limit", 100, "list so `many` at most")
		return none, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			fs, err := t.firestore(ctx)
			if err != nil {
				return answer{}, err
			}
			looked, found := 0, []deliver.Failed{}
			say := func() {
				if looked++; looked%every1000 == 0 {
					fmt.Fprintf(t.progress, "%d deliveries looked at, %d have failed\n", looked, len(found))
				}
			}
			for f, err := range deliver.ListFailed(ctx, fs, account.UID(*uid), say) {
				if err != nil {
					return answer{}, fmt.Errorf("list the deliveries: %w", err)
				}
				if found = append(found, f); len(found) >= *limit {
					break
				}
			}
			a := answer{head: []string{"USER", "EVENT", "KIND", "SINCE", "CHANNELS"}, value: found}
			for _, f := range found {
				a.rows = append(a.rows, []string{string(f.UID), f.EventID, string(f.Kind), when(f.UpdatedAt), legs(f)})
			}
			a.notes = []string{fmt.Sprintf("%d of %d deliveries have failed", len(found), looked)}
			return a, nil
		}
	},
}

// ofUser adds the option with the user, and returns what checks it and the arguments.
func ofUser(flags *flag.FlagSet, arguments func([]string) error) (*account.UID, func([]string) error) {
	uid := new(account.UID)
	flags.StringVar((*string)(uid), "uid", "", "the `user`'s id at Firebase")
	return uid, func(args []string) error {
		if *uid == "" {
			return errors.New("name the user by -uid")
		}
		return arguments(args)
	}
}

var deliveriesShow = command{
	name: "deliveries show", args: "EVENT", about: "shows the failed delivery of an event to the user of -uid",
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid, check := ofUser(flags, one)
		return check, func(ctx context.Context, t *tools, args []string) (answer, error) {
			fs, err := t.firestore(ctx)
			if err != nil {
				return answer{}, err
			}
			f, err := deliver.GetFailed(ctx, fs, *uid, args[0])
			if err != nil {
				return answer{}, fmt.Errorf("show the delivery: %w", err)
			}
			return answer{value: f, rows: [][]string{
				{"user", string(f.UID)}, {"event", f.EventID}, {"kind", string(f.Kind)}, {"scan", f.ScanID},
				{"series", f.SeriesID}, {"begun", when(f.CreatedAt)}, {"changed", when(f.UpdatedAt)}, {"channels", legs(f)},
			}}, nil
		}
	},
}

var deliveriesRedrive = command{
	name: "deliveries redrive", args: "EVENT...", about: "has failed deliveries to the user of -uid attempted again",
	more: `Their events are published again. Channels that are done are left alone, and so are the functions
that have handled them.`,
	changes: true, signs: true, acts: true,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid, check := ofUser(flags, some)
		return check, func(ctx context.Context, t *tools, args []string) (answer, error) {
			r, err := t.redriver(ctx)
			if err != nil {
				return answer{}, err
			}
			return t.redriveEach(args, func(id string) (string, error) { return deliver.Redrive(ctx, r, *uid, id) })
		}
	},
}
