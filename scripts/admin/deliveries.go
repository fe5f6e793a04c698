package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/facescan/facescan/internal/notify/deliver"
	"github.com/facescan/facescan/internal/operate"
)

// legs returns how far a delivery is by its channels, for a table.
func legs(f deliver.Delivery) string {
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
	more: `No index has the failed ones, so it reads all deliveries of the last 90 days, of one user or of all, up to
-reads of them at a time, each of which is paid for. If there may be more it says where to go on.`,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid := perhapsOfUser(flags, "only those of the `user`")
		after := flags.String("after", "", "go on behind the delivery of this `path`, as the list before says")
		reads := flags.Int("reads", 10_000, "look at so `many` at most")
		limit, bounded := limited(flags, 100, "list so `many` at most")
		check := func(args []string) error {
			if *reads < 1 {
				return errors.New("-reads must be positive")
			}
			return errors.Join(validUser(*uid), bounded(), none(args))
		}
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			fs, err := t.firestore(ctx)
			if err != nil {
				return answer{}, err
			}
			look := deliver.Look{UID: *uid, After: *after, Reads: *reads, Most: *limit}
			found, err := deliver.ListFailed(ctx, fs, look)
			if err != nil {
				return answer{}, fmt.Errorf("list the deliveries: %w", err)
			}
			a := answer{head: []string{"USER", "EVENT", "KIND", "SINCE", "CHANNELS"}, value: found}
			for _, f := range found.Failed {
				a.rows = append(a.rows, []string{string(f.UID), f.EventID, string(f.Kind), when(f.UpdatedAt), legs(f)})
			}
			a.notes = []string{fmt.Sprintf("%d of %d deliveries have failed", len(found.Failed), found.Reads)}
			if found.Next != "" {
				a.notes = append(a.notes, "there may be more: -after "+found.Next)
			}
			return a, nil
		}
	},
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
that have handled them. Those to a banned user are refused until the ban is lifted.`,
	changes: true, signs: true, acts: true,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid, check := ofUser(flags, some)
		return check, func(ctx context.Context, t *tools, args []string) (answer, error) {
			r, err := t.redriver(ctx)
			if err != nil {
				return answer{}, err
			}
			return t.redriveEach(args, func(id string) (operate.Sent, error) {
				return deliver.Redrive(ctx, r, *uid, id)
			})
		}
	},
}
