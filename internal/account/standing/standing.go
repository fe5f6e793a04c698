// Package standing bans and quarantines accounts, and takes both back.
//
//	            quarantine             ban
//	active ◄───────────────► quarantined ─────► banned
//	   ▲        release                            │
//	   └───────────────────────────────────────────┘ lift
//
// A quarantine is for an inquiry. The user signs in, sees and exports what there is, deletes it,
// withdraws the consent and erases the account; settings, friends and notices go on. Nothing new is
// measured, no leaderboard shows the user, and a photo under way is refused. Release brings the
// places back, with what was completed before the quarantine and ranked within it.
//
// A ban admits nothing but removals. It ends the sign-ins: in the database with the commit, at
// Firebase, which also disables the user, by an event. Notices stop. The account can still be
// erased by a link in a mail, which package bylink offers to a banned user, too. A lifted ban does
// not bring sign-ins back, and leads to active, be it that there was a quarantine before.
//
// An erasure ends both, and a new account of the same person has neither. A restored database has
// the states of its backup.
package standing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
)

// Action is what is done to an account.
type Action string

// The actions.
const (
	Ban        Action = "ban"
	Lift       Action = "lift"
	Quarantine Action = "quarantine"
	Release    Action = "release"
)

// Actions returns all actions.
func Actions() []Action { return []Action{Ban, Lift, Quarantine, Release} }

// rule is what an action does.
type rule struct {
	from []account.State
	to   account.State
	kind audit.Kind
	// reasons are those that the action may have.
	reasons []string
}

var (
	against = []string{"abuse", "fraud", "impersonation", "legal", "other_person", "security", "under_age"}
	back    = []string{"appeal", "mistake", "resolved"}

	rules = map[Action]rule{
		Ban:        {[]account.State{account.Active, account.Quarantined}, account.Banned, audit.Banned, against},
		Lift:       {[]account.State{account.Banned}, account.Active, audit.BanLifted, back},
		Quarantine: {[]account.State{account.Active}, account.Quarantined, audit.Quarantined, against},
		Release:    {[]account.State{account.Quarantined}, account.Active, audit.Released, back},
	}
)

// Valid reports whether there is the action.
func (a Action) Valid() bool { return rules[a].to != "" }

// Reasons returns the reasons that the action may have.
func (a Action) Reasons() []string { return rules[a].reasons }

// Order is what is to be done to an account.
type Order struct {
	UID account.UID
	Do  Action
	// Reason is one of the action's.
	Reason string
	By     audit.Actor
	// Key, unless it is "", has the action done to the user once: an order with the same key changes
	// nothing more, whatever has become of the account since. An order that finds the account in the
	// state already counts as done.
	Key string
	// Dry changes nothing. That the account was looked at is audited.
	Dry bool
}

// Outcome is what an order did, or would do. Kept is the kind of the act that it left.
type Outcome struct {
	Before, After account.State
	Changed       bool
	Kept          audit.Kind
}

// ErrReason means that the action does not have the reason.
var ErrReason = errors.New("the action has another list of reasons")

// Desk does what is ordered.
type Desk struct {
	Firestore *firestore.Client
	// Outbox owes the events that the leaderboards and Firebase follow by.
	Outbox *outbox.Box
	// Acts keeps what was done.
	Acts *audit.Book
	// Now is the clock.
	Now func() time.Time
}

// Change does the order, in one commit with its act. An account that is in the state already stays
// as it is. From a state that the action does not start from the error is account_state, and for an
// account that does not exist [account.ErrNoUser].
func (d *Desk) Change(ctx context.Context, o Order) (done Outcome, err error) {
	if !slices.Contains(rules[o.Do].reasons, o.Reason) {
		return Outcome{}, fmt.Errorf("%s for %q: %w", o.Do, o.Reason, ErrReason)
	}
	on := account.Ref(d.Firestore, o.UID)
	err = d.Outbox.RunInTurn(ctx, on, func(ctx context.Context, tx *outbox.Tx) error {
		u, err := account.Read(tx.Transaction, d.Firestore, o.UID)
		if err != nil {
			return err
		}
		link := cmp.Or(u.Acts, audit.NewLink())
		repeated, err := d.repeated(tx, o, link)
		if err != nil {
			return err
		}
		if done, err = o.judge(u.State, repeated); err != nil {
			return err
		}
		if !done.Changed || o.Dry {
			done.Kept = audit.UserRead
			return d.look(tx, u, o, repeated)
		}
		done.Kept = rules[o.Do].kind
		ends := nextSecond() // once: a later time at Firebase would pass for a sign-out of the user's own
		return errors.Join(
			d.write(tx, u, o, link, ends), d.Acts.Write(tx.Transaction, o.act(link)), d.tell(ctx, tx, u, o, ends))
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("%s an account: %w", o.Do, err)
	}
	return done, nil
}

// look keeps that an order only looked at the account. An order that had nothing to change is found
// again by its key.
func (d *Desk) look(tx *outbox.Tx, u account.User, o Order, repeated bool) error {
	link, err := audit.Ensure(tx.Transaction, account.Ref(d.Firestore, u.UID), u.Acts)
	if err != nil {
		return err
	}
	looked := o.idle(link)
	if o.Dry || repeated {
		looked.Key = nil
	}
	return d.Acts.Write(tx.Transaction, looked)
}

// act returns the act of the order on the user of the link.
func (o Order) act(of audit.Link) audit.Act {
	a := audit.Act{Kind: rules[o.Do].kind, Actor: o.By, Subject: of, Reason: o.Reason}
	if o.Key != "" {
		a.Key = []string{o.Key}
	}
	return a
}

// idle returns the act of the order that changed nothing.
func (o Order) idle(of audit.Link) audit.Act {
	a := audit.Act{Kind: audit.UserRead, Actor: o.By, Subject: of}
	if o.Key != "" {
		a.Key = []string{string(o.Do), o.Key}
	}
	return a
}

// repeated reports whether an order with the key was done.
func (d *Desk) repeated(tx *outbox.Tx, o Order, of audit.Link) (bool, error) {
	if o.Key == "" {
		return false, nil
	}
	done, err := d.Acts.Written(tx.Transaction, o.act(of))
	if done || err != nil {
		return done, err
	}
	return d.Acts.Written(tx.Transaction, o.idle(of))
}

// judge returns what the order does to an account in the state.
func (o Order) judge(state account.State, repeated bool) (Outcome, error) {
	r := rules[o.Do]
	switch {
	case repeated, state == r.to:
		return Outcome{Before: state, After: state}, nil
	case slices.Contains(r.from, state):
		return Outcome{Before: state, After: r.to, Changed: true}, nil
	}
	return Outcome{}, fault.New(fault.CodeAccountState, "The account is %s, from where this does not lead.", state)
}

// write writes the state. A ban, and the end of one in the shape of before, end all sign-ins.
func (d *Desk) write(tx *outbox.Tx, u account.User, o Order, link audit.Link, ends time.Time) error {
	fields := []firestore.Update{
		{Path: "state", Value: string(rules[o.Do].to)}, {Path: "acts", Value: link},
		{Path: "revision", Value: u.Revision + 1}, {Path: "updatedAt", Value: d.Now().UTC()},
	}
	if o.Do == Ban || u.TokensValidAfter.Equal(account.FormerBan) {
		fields = append(fields, firestore.Update{Path: "tokensValidAfter", Value: ends})
	}
	if err := tx.Update(account.Ref(d.Firestore, u.UID), fields); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return nil
}

// tell owes what has the leaderboards follow, and Firebase.
func (d *Desk) tell(ctx context.Context, tx *outbox.Tx, u account.User, o Order, ends time.Time) error {
	uid, revision := string(u.UID), strconv.FormatInt(u.Revision+1, 10)
	err := tx.Tell(ctx, d.Now(), event.AccountUpdatedV1{UID: uid}, uid, revision)
	if o.Do != Ban && o.Do != Lift {
		return err
	}
	fact := event.SignInsEndedV1{UID: uid, At: ends, Banned: o.Do == Ban, Lifted: o.Do == Lift}
	return errors.Join(err, tx.Tell(ctx, d.Now(), fact, uid, string(o.Do), revision))
}

// nextSecond returns the next whole second by Firebase's clock, which dates sign-ins: every one
// until now has ended by then.
func nextSecond() time.Time { return time.Now().UTC().Truncate(time.Second).Add(time.Second) }
