// Package quota limits rates. It counts in limits/{id}, a document for each rule, subject and
// window of time, so that all instances of all functions count together.
//
// Windows are fixed and begin at whole multiples of their length since the zero time; a day's
// window begins at midnight UTC. That costs one document and one write for each count. The price is
// that a user who uses one window up at its end and the next at its beginning gets twice the rule's
// number in a short time. Rules are chosen with that in mind.
//
// A count is read without a lock and written on the condition that it has not changed, and read
// again if it has (see package transact). So counts are exact across instances under any
// concurrency.
//
// The package fails closed: if counting fails, so does the counted operation, with unavailable. The
// rules guard passwords, mailboxes and money, and nothing behind them works without the database
// anyway.
package quota

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/transact"
)

const (
	schema = 1
	// soon is the suggested wait when counting fails.
	soon = time.Second
)

// Rule is a limit on how often something may be done.
type Rule struct {
	// Name identifies the rule. It is part of the documents' ids, so a new name starts counting anew.
	Name string
	// Max is the limit in one window, 1 or more.
	Max int
	// Window is the length of a window, a second or more.
	Window time.Duration
}

// Who is the subject of a count: a user, a client's address or a mailbox. The zero Who is counted
// as one subject.
type Who struct {
	kind, value, uid string
}

// User returns the subject for a user. The documents have the uid as a field, by which erasure
// finds them.
func User(uid string) Who { return Who{kind: "user", value: uid, uid: uid} }

// IP returns the subject for a client's address. The documents do not contain it. An IPv6 address
// counts for its /64, which belongs to one subscriber.
func IP(addr netip.Addr) Who {
	addr = addr.Unmap()
	if addr.Is6() {
		// The length is in range, so there is no error. Prefix also drops the zone.
		network, _ := addr.Prefix(64)
		addr = network.Addr()
	}
	return Who{kind: "ip", value: addr.String()}
}

// Mailbox returns the subject for an e-mail address without regard to case. The documents do not
// contain it.
func Mailbox(address string) Who { return Who{kind: "mailbox", value: strings.ToLower(address)} }

// Limiter counts by rules. It is safe for concurrent use.
type Limiter struct {
	fs  *firestore.Client
	key keys.Ring
	now func() time.Time
}

// New returns a limiter that counts in the database. The secret key hides the subjects in the
// documents' ids. now is the clock.
func New(fs *firestore.Client, key keys.Ring, now func() time.Time) *Limiter {
	return &Limiter{fs: fs, key: key, now: now}
}

// countDoc is limits/{id}.
type countDoc struct {
	Schema int    `firestore:"schema"`
	Rule   string `firestore:"rule"`
	// UID is the counted user, absent for other subjects.
	UID   string `firestore:"uid,omitempty"`
	Count int    `firestore:"count"`
	// ExpireAt is the end of the window. The next window has another id, so it is not read later.
	ExpireAt time.Time `firestore:"expireAt"`
}

// Take counts once, or refuses with rate_limited and the time until the window's end if the rule is
// used up. Refused attempts are not counted, so that retries do not prolong the wait. If too many
// count at once for the turn to come, the error is rate_limited too.
func (l *Limiter) Take(ctx context.Context, rule Rule, who Who) error {
	// This check is outside of the turns, so that callers who are refused neither wait nor make others
	// wait.
	if err := l.Check(ctx, who, rule); err != nil {
		return err
	}
	err := transact.Do(ctx, l.fs, l.ref(rule, who, l.now().UTC()), func(ctx context.Context) error {
		taking, err := l.Prepare(ctx, who, rule)
		if err != nil {
			return err
		}
		return taking[0].commit(ctx)
	})
	switch {
	case err == nil, fault.Is(err, fault.CodeRateLimited):
		return err
	case fault.Is(err, fault.CodeUnavailable):
		f := fault.From(err)
		return fault.Wrap(err, fault.CodeRateLimited, "%s", f.Detail).WithRetryAfter(f.RetryAfter)
	}
	return uncounted(err)
}

// Check refuses like [Limiter.Take] if one of the rules is used up. It counts nothing.
func (l *Limiter) Check(ctx context.Context, who Who, rules ...Rule) error {
	_, err := l.Prepare(ctx, who, rules...)
	return err
}

// Taking is a prepared increment of the counts of some rules.
type Taking []taken

// taken is a prepared increment of one count, whose document was read as snap.
type taken struct {
	snap *firestore.DocumentSnapshot
	// count is the count as it was read, and next the document with the increment.
	count int
	next  countDoc
}

// Prepare returns the reading half of [Limiter.Take], for counts that must be committed together
// with what they count. Use it in a transaction of [transact.Run], which runs again if another
// count was committed in between. Prepare reads outside of the transaction. Its errors are
// rate_limited or unavailable.
func (l *Limiter) Prepare(ctx context.Context, who Who, rules ...Rule) (Taking, error) {
	return l.PrepareSeveral(ctx, who, 1, rules...)
}

// PrepareSeveral is like [Limiter.Prepare] for n counts at once, 1 or more. It refuses all of them
// if the rules do not leave room for all.
func (l *Limiter) PrepareSeveral(ctx context.Context, who Who, n int, rules ...Rule) (Taking, error) {
	now := l.now().UTC()
	refs := make([]*firestore.DocumentRef, len(rules))
	for i, rule := range rules {
		refs[i] = l.ref(rule, who, now)
	}
	snaps, err := l.fs.GetAll(ctx, refs)
	if err != nil {
		return nil, uncounted(fmt.Errorf("read limits: %w", err))
	}
	taking := make(Taking, len(rules))
	for i, rule := range rules {
		var current countDoc
		if snaps[i].Exists() {
			if err := snaps[i].DataTo(&current); err != nil {
				return nil, uncounted(fmt.Errorf("decode limit: %w", err))
			}
		}
		next := countDoc{
			Schema: schema, Rule: rule.Name, UID: who.uid, Count: current.Count + n, ExpireAt: rule.begin(now).Add(rule.Window),
		}
		if next.Count > rule.Max {
			return nil, fault.New(fault.CodeRateLimited, "Too many of these: wait before the next.").
				WithRetryAfter(next.ExpireAt.Sub(now))
		}
		taking[i] = taken{snap: snaps[i], count: current.Count, next: next}
	}
	return taking, nil
}

// Write writes the counts. The transaction's commit fails if one has changed since it was read.
func (t Taking) Write(tx *firestore.Transaction) error {
	for _, one := range t {
		var err error
		if one.snap.Exists() {
			err = tx.Update(one.snap.Ref, one.update(), firestore.LastUpdateTime(one.snap.UpdateTime))
		} else {
			err = tx.Create(one.snap.Ref, one.next)
		}
		if err != nil {
			return fmt.Errorf("write limit: %w", err)
		}
	}
	return nil
}

// Keep writes the counts as they were read: nothing is counted, and the transaction's commit fails
// if one has changed since. With it an attempt that counts only if it fails cannot succeed beside
// others that use the rule up.
func (t Taking) Keep(tx *firestore.Transaction) error {
	same := slices.Clone(t)
	for i := range same {
		same[i].next.Count = same[i].count
	}
	return same.Write(tx)
}

// commit writes the count without a transaction.
func (t taken) commit(ctx context.Context) (err error) {
	if t.snap.Exists() {
		_, err = t.snap.Ref.Update(ctx, t.update(), firestore.LastUpdateTime(t.snap.UpdateTime))
	} else {
		_, err = t.snap.Ref.Create(ctx, t.next)
	}
	return err
}

func (t taken) update() []firestore.Update {
	return []firestore.Update{{Path: "count", Value: t.next.Count}}
}

func uncounted(cause error) error {
	return fault.Wrap(
		cause, fault.CodeUnavailable, "This cannot be counted at the moment: try again.",
	).WithRetryAfter(soon)
}

// begin returns the begin of the window that contains now.
func (r Rule) begin(now time.Time) time.Time { return now.Truncate(r.Window) }

// ref returns the document of the count at the time.
func (l *Limiter) ref(rule Rule, who Who, now time.Time) *firestore.DocumentRef {
	return l.fs.Collection("limits").Doc(l.id(rule, who, rule.begin(now)))
}

// id returns the document's id. It is derived with the key, since there are few enough addresses to
// guess from a hash without one.
func (l *Limiter) id(rule Rule, who Who, begin time.Time) string {
	return l.key.ID(keys.Limit, rule.Name, who.kind, who.value, begin.Format(time.RFC3339))
}
