// Package operate is what operators do by scripts/admin: it has events that were given up published
// again. Package admin says why function admin does not.
//
// A redrive goes the way of every event. One commit marks what was given up, and owes the message
// in the outbox, signed by the operator; then it is published. So a redrive that is killed anywhere
// loses nothing: before the commit nothing has happened, and after it the sweep publishes. Of two
// operators who redrive the same at once, one commits and the other is told. The message is the
// former one to the byte, with the event's id, so it has no effect on a consumer that has handled
// it: all functions that take the topic get it again.
//
// What is about a banned user, or one in quarantine, is published all the same, and [Sent] says so.
// Much of it must go on, such as removals, the boards' part of a ban and Firebase's. And the state
// of now is not the one that counts: each function reads the account in the transaction of its own
// effect, and drops what the account does not admit then. A notice alone is refused, since a banned
// user gets none, and the failed delivery can be redriven once the ban is lifted. What is about an
// account that is gone or being erased is refused, too: the outbox must not name it again.
package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/parked"
)

// Reasons why something is not redriven.
var (
	// ErrRedriven means that it was redriven before, perhaps by another operator just now.
	ErrRedriven = errors.New("it was redriven before")
	// ErrForged means that a function has put it into the outbox that may not: to redrive it would
	// make it believed.
	ErrForged = errors.New("it was forged, and is kept as evidence")
	// ErrTooLong means that its data was too long to be kept whole, or is too long to be owed. No
	// event of the system is.
	ErrTooLong = errors.New("its data is longer than any event of the system")
	// ErrNoTopic means that nothing says which topic it came from.
	ErrNoTopic = errors.New("it does not say which topic it came from")
	// ErrClosed means that its user is gone or is being erased: nothing of them may be written again.
	ErrClosed = errors.New("its user's account is closed")
	// ErrBanned means that it is a notice to a banned user.
	ErrBanned = errors.New("its user is banned, and gets no notices")
)

// Sent is what a redrive has published.
type Sent struct {
	Topic string
	// State is the state of the account that it is about, "" if it is about none.
	State account.State
}

// Note says what keeps the functions from doing all that the event asks for, "" if nothing does.
func (s Sent) Note() string {
	switch s.State {
	case account.Banned:
		return "its user is banned: the functions drop it, but for removals and what follows the ban"
	case account.Quarantined:
		return "its user is in quarantine: the functions measure nothing of it, and show it to nobody else"
	case account.Active, account.Erasing:
	}
	return ""
}

// maxResent is the longest data of a message that is owed, in bytes: with its attributes it must
// stay below Firestore's limit of 1 MiB.
const maxResent = 768 << 10

// Redriver has events that were given up published again. It is safe for concurrent use.
type Redriver struct {
	Firestore *firestore.Client
	// Outbox owes in the operator's name.
	Outbox *outbox.Box
	// Acts keeps each redrive, and By is who asks for it.
	Acts *audit.Book
	By   audit.Actor
	// Now is the clock.
	Now func() time.Time
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// Parked has the parked event of the id published again. The error is parked.ErrNotFound or one of
// the reasons above.
func (r *Redriver) Parked(ctx context.Context, id string) (sent Sent, err error) {
	err = r.Run(ctx, func(_ context.Context, tx *outbox.Tx) error {
		e, err := parked.Read(tx.Transaction, r.Firestore, id)
		if err != nil {
			return err
		}
		if sent.Topic, err = TopicOf(e); err != nil {
			return err
		}
		at := e.ParkedAt.UTC().Format(time.RFC3339Nano)
		m := outbox.Message{ID: event.ID("parked", id, at), Topic: sent.Topic, Data: e.Data, Attributes: e.Attributes}
		sent.State, err = r.Resend(tx, m, audit.Act{Kind: audit.EventRedriven, Object: id, Key: []string{id, at}})
		if err != nil {
			return err
		}
		if r.DryRun {
			return nil
		}
		return parked.Mark(tx.Transaction, r.Firestore, id, r.Now())
	})
	if err != nil {
		return Sent{}, fmt.Errorf("redrive parked event %s: %w", id, err)
	}
	return sent, nil
}

// Resend has the transaction owe the message, unless it is a dry run, and keep the act, of which
// it sets the actor and the subject. It returns the state of the account that the message is about,
// and reads before it writes. The error is [ErrRedriven] if there is the act already, [ErrTooLong]
// or [ErrClosed].
func (r *Redriver) Resend(tx *outbox.Tx, m outbox.Message, act audit.Act) (account.State, error) {
	if len(m.Data) > maxResent {
		return "", ErrTooLong
	}
	uid := account.UID(event.About(m.Data).UID)
	u, err := r.admit(tx, uid)
	if err != nil {
		return "", err
	}
	act.Actor, act.Subject = r.By, u.Acts
	done := false
	if uid == "" || u.Acts != "" { // there is no act about a user without a link
		if done, err = r.Acts.Written(tx.Transaction, act); err != nil {
			return "", err
		}
	}
	switch {
	case done:
		return "", ErrRedriven
	case r.DryRun:
		return u.State, nil
	}
	if uid != "" {
		act.Subject, err = audit.Ensure(tx.Transaction, account.Ref(r.Firestore, uid), u.Acts)
		if err != nil {
			return "", err
		}
	}
	tx.Resend(m)
	return u.State, r.Acts.Write(tx.Transaction, act)
}

// Run runs fn in a transaction that can owe messages, a read-only one for a dry run.
func (r *Redriver) Run(ctx context.Context, fn func(context.Context, *outbox.Tx) error) error {
	if !r.DryRun {
		return r.Outbox.Run(ctx, fn)
	}
	return r.Firestore.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		return fn(ctx, &outbox.Tx{Transaction: tx})
	}, firestore.ReadOnly)
}

// admit reads the user whom a message is about, if any, and returns ErrClosed unless there is the
// account. The outbox must not name a user whose erasure may have passed it.
func (r *Redriver) admit(tx *outbox.Tx, uid account.UID) (account.User, error) {
	if uid == "" {
		return account.User{}, nil
	}
	if !event.ValidID(string(uid)) {
		return account.User{}, ErrClosed
	}
	u, err := account.EnterStored(tx.Transaction, r.Firestore, uid)
	if errors.Is(err, account.ErrClosed) {
		return account.User{}, fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return u, err
}

// TopicOf returns the topic that a redrive publishes the parked event to, or the reason why it is
// not redriven.
func TopicOf(e parked.Event) (string, error) {
	switch {
	case !e.RedrivenAt.IsZero():
		return "", fmt.Errorf("%w, at %s", ErrRedriven, e.RedrivenAt.UTC().Format(time.RFC3339))
	case e.Function == "outbox":
		return "", ErrForged
	case e.Cut():
		return "", ErrTooLong
	}
	return topicOf(e.Function, e.Attributes, e.Data)
}

// topicOf returns the topic that the function took the message from: by its type, or since the
// function takes no other.
func topicOf(function string, attributes map[string]string, data []byte) (string, error) {
	all := catalog.Functions()
	i := slices.IndexFunc(all, func(f catalog.Function) bool { return f.Name == function })
	if i < 0 {
		return "", fmt.Errorf("%w: there is no function %q", ErrNoTopic, function)
	}
	topic := event.Topic(TypeOf(attributes, data))
	if topic == "" && attributes["eventType"] != "" {
		topic = event.TopicUploadFinalized
	}
	switch takes := all[i].Takes; {
	case slices.Contains(takes, topic):
		return topic, nil
	case len(takes) == 1:
		return takes[0], nil
	}
	return "", fmt.Errorf("%w: %s takes none of the kind", ErrNoTopic, function)
}

// TypeOf returns the event's type, "" for what is no event, as a notification of Cloud Storage.
func TypeOf(attributes map[string]string, data []byte) string {
	if kind := attributes[event.AttributeType]; kind != "" {
		return kind
	}
	e, err := event.Decode(data)
	if err != nil {
		return ""
	}
	return e.Type
}
