package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/audit"
)

// standingView is what was done to an account.
type standingView struct {
	UID     account.UID   `json:"uid"`
	Before  account.State `json:"before"`
	After   account.State `json:"after"`
	Changed bool          `json:"changed"`
	DryRun  bool          `json:"dryRun,omitempty"`
}

// ordered returns the command that does the action to an account.
func ordered(do standing.Action, about string) command {
	reasons := strings.Join(do.Reasons(), ", ")
	return command{
		name: string(do), about: about,
		more: `It holds from the next request on. Firebase and the leaderboards follow within two minutes, by events
that are owed in the commit. An account that is in the state already stays as it is, so that the
command may be repeated. It is in the audit, a dry run as a look at the account.`,
		changes: true, signs: true, acts: true,
		define: func(flags *flag.FlagSet) (func([]string) error, runner) {
			reason := flags.String("reason", "", "`why`: one of "+reasons)
			key := flags.String("key", "",
				"a `text` by which it is done once, whatever was done to the account since; none by default")
			uid, user := ofUser(flags, none)
			check := func(args []string) error {
				if !slices.Contains(do.Reasons(), *reason) {
					return fmt.Errorf("name the -reason, one of %s", reasons)
				}
				return user(args)
			}
			return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
				box, err := t.box(ctx)
				if err != nil {
					return answer{}, err
				}
				desk := standing.Desk{Firestore: t.fs, Outbox: box, Acts: t.acts(), Now: time.Now}
				done, err := desk.Change(ctx, standing.Order{
					UID: *uid, Do: do, Reason: *reason, By: audit.Operator, Key: *key, Dry: t.dryRun,
				})
				if err != nil {
					return answer{}, err
				}
				v := standingView{UID: *uid, Before: done.Before, After: done.After, Changed: done.Changed, DryRun: t.dryRun}
				verb := "is"
				if t.dryRun {
					verb = "would be"
				}
				note := fmt.Sprintf("%s was %s and %s %s", v.UID, v.Before, verb, v.After)
				return answer{value: v, notes: []string{note}}, nil
			}
		},
	}
}
