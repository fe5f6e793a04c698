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
// concurrency. While a new secret of the counts' ids is brought in, what was counted by the earlier
// ones in the window still counts; instances of both kinds that count at the same moment may let
// one more through.
//
// Where only failures count, an attempt is counted before it is made and given back if it did not
// fail ([Limiter.Reserve]): if failures were counted afterwards, many attempts at once would pass
// the same check. A process that dies in between leaves its attempt counted until the window ends.
//
// What a rule leaves to a user is shown in headers of the answer to the request that was counted or
// refused (package rate).
//
// The package fails closed: if counting fails, so does the counted operation, with unavailable. The
// rules guard passwords, mailboxes and money, and nothing behind them works without the database
// anyway.
package quota

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/rate"
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

// Of returns what the rule counts of the subject.
func (r Rule) Of(who Who) Count { return Count{rule: r, who: who} }

// Count is how often one subject did what one rule limits.
type Count struct {
	rule Rule
	who  Who
}

// Who is the subject of a count: a user, a client or its address, a mailbox. The zero Who is
// counted as one subject.
type Who struct {
	kind, value, uid string
}

// shown reports whether answers show what is left to the subject. That is so for users only: what a
// mailbox or a network has left would show strangers how far they have come.
func (w Who) shown() bool { return w.uid != "" }

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

// Client returns the subject for a client that is known by the id, wherever it calls from.
func Client(id string) Who { return Who{kind: "client", value: id} }

// MailboxFrom returns the subject for what is done to a mailbox from one network, that of a
// client's address: the /24 of an IPv4 address, the /48 of an IPv6 address. A site gets a /48 at
// most (RFC 6177), and tunnel brokers give one to everybody who asks, so that narrower networks
// would be as many as an attacker likes. The price is that neighbours share the count, of this
// mailbox alone.
func MailboxFrom(addr netip.Addr, address string) Who {
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	network, _ := addr.Prefix(bits) // the zero Prefix for the zero Addr
	return Who{kind: "mailbox from", value: network.String() + " " + strings.ToLower(address)}
}

// Limiter counts by rules. It is safe for concurrent use.
type Limiter struct {
	fs  *firestore.Client
	key keys.Ring
	now func() time.Time
}

// New returns a limiter that counts in the database. key is for keys.ForLimits and hides the
// subjects in the documents' ids. now is the clock.
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
	_, err := l.Reserve(ctx, rule.Of(who))
	return err
}

// Reservation is what [Limiter.Reserve] counted.
type Reservation struct {
	fs   *firestore.Client
	refs []*firestore.DocumentRef
}

// Reserve counts once by each of the counts, or refuses like [Limiter.Take] and counts by none. An
// attempt that does not count after all is given back by [Reservation.Return]. Refusing costs a
// read for each count and secret. Only an attempt that others overtake between the check and the
// counting writes and gives back what it has counted by then.
func (l *Limiter) Reserve(ctx context.Context, counts ...Count) (Reservation, error) {
	now := l.now().UTC()
	made := Reservation{fs: l.fs}
	// This check is outside of the turns, so that callers who are refused neither wait nor make others
	// wait.
	if _, err := l.prepare(ctx, now, 1, counts...); err != nil {
		return made, err
	}
	for _, c := range counts {
		ref, err := l.count(ctx, now, c)
		if err != nil {
			return Reservation{}, errors.Join(err, made.Return(ctx))
		}
		made.refs = append(made.refs, ref)
	}
	return made, nil
}

// count counts once, in turn with the process's others.
func (l *Limiter) count(ctx context.Context, now time.Time, c Count) (*firestore.DocumentRef, error) {
	ref := l.refs(c, now)[0]
	err := transact.Do(ctx, l.fs, ref, func(ctx context.Context) error {
		taking, err := l.prepare(ctx, now, 1, c)
		if err != nil {
			return err
		}
		return taking[0].commit(ctx)
	})
	switch {
	case err == nil, fault.Is(err, fault.CodeRateLimited):
		return ref, err
	case fault.Is(err, fault.CodeUnavailable):
		f := fault.From(err)
		return nil, fault.Wrap(err, fault.CodeRateLimited, "%s", f.Detail).WithRetryAfter(f.RetryAfter)
	}
	return nil, uncounted(err)
}

// returnWithin bounds the time that giving back takes.
const returnWithin = 5 * time.Second

// Return gives the counts back, to the windows that they were taken from. It must be called once at
// most. The end of ctx does not end it, since that may be a client that hung up. What it fails to
// give back stays counted until the window ends.
func (r Reservation) Return(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnWithin)
	defer cancel()
	var all error
	for _, ref := range r.refs {
		err := transact.Do(ctx, r.fs, ref, func(ctx context.Context) error {
			_, err := ref.Update(ctx, []firestore.Update{{Path: "count", Value: firestore.Increment(-1)}})
			if status.Code(err) == codes.NotFound {
				return nil // the window is over, and its count was swept
			}
			return err
		})
		if err != nil {
			all = errors.Join(all, fmt.Errorf("give back a count: %w", err))
		}
	}
	return all
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
	// rate is what the rule leaves without the increment, for the answer to the request, and n the
	// increment. rates is nil if the count is not shown.
	rates *rate.Headers
	rate  rate.Rate
	n     int
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
	counts := make([]Count, len(rules))
	for i, rule := range rules {
		counts[i] = rule.Of(who)
	}
	return l.prepare(ctx, l.now().UTC(), n, counts...)
}

// prepare refuses with the time until the last of the used-up windows ends.
func (l *Limiter) prepare(ctx context.Context, now time.Time, n int, counts ...Count) (Taking, error) {
	var refs []*firestore.DocumentRef
	for _, c := range counts {
		refs = append(refs, l.refs(c, now)...)
	}
	snaps, err := l.fs.GetAll(ctx, refs)
	if err != nil {
		return nil, uncounted(fmt.Errorf("read limits: %w", err))
	}
	taking := make(Taking, len(counts))
	var wait time.Duration
	for i, c := range counts {
		counted := snaps[i*l.key.Len():][:l.key.Len()]
		current, before, err := sums(counted)
		if err != nil {
			return nil, uncounted(err)
		}
		next := countDoc{
			Schema: schema, Rule: c.rule.Name, UID: c.who.uid, Count: current + n,
			ExpireAt: c.rule.begin(now).Add(c.rule.Window),
		}
		if before+next.Count > c.rule.Max {
			wait = max(wait, next.ExpireAt.Sub(now))
		}
		taking[i] = taken{snap: counted[0], count: current, next: next, n: n}
		if c.who.shown() {
			taking[i].rates = rate.Of(ctx)
		}
		taking[i].rate = rate.Rate{
			Name: c.rule.Name, Max: c.rule.Max, Window: c.rule.Window,
			Left: max(c.rule.Max-before-current, 0), Reset: next.ExpireAt.Sub(now),
		}
	}
	if wait > 0 {
		for _, one := range taking {
			one.rates.Report(one.rate)
		}
		return nil, fault.New(fault.CodeRateLimited, "Too many of these: wait before the next.").WithRetryAfter(wait)
	}
	return taking, nil
}

// sums returns the count by the present secret, whose document is the first, and the sum of those
// by earlier ones. A count is below zero, and counts as none, if it was swept and made anew, by a
// process whose clock is behind, before something was given back to it.
func sums(snaps []*firestore.DocumentSnapshot) (current, before int, err error) {
	for i, snap := range snaps {
		if !snap.Exists() {
			continue
		}
		var doc countDoc
		if err := snap.DataTo(&doc); err != nil {
			return 0, 0, fmt.Errorf("decode limit: %w", err)
		}
		if n := max(doc.Count, 0); i == 0 {
			current = n
		} else {
			before += n
		}
	}
	return current, before, nil
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
		one.report()
	}
	return nil
}

// report reports what the rule leaves after the increment.
func (t taken) report() {
	t.rate.Left = max(t.rate.Left-t.n, 0)
	t.rates.Report(t.rate)
}

// Keep writes the counts as they were read: nothing is counted, and the transaction's commit fails
// if one has changed since. With it an attempt that counts only if it fails cannot succeed beside
// others that use the rule up.
func (t Taking) Keep(tx *firestore.Transaction) error {
	same := slices.Clone(t)
	for i := range same {
		same[i].next.Count, same[i].n = same[i].count, 0
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
	if err == nil {
		t.report()
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

// refs returns the documents of the count at the time, by each secret. Their ids are derived with
// the secrets, since there are few enough addresses to guess from a hash without one.
func (l *Limiter) refs(c Count, now time.Time) []*firestore.DocumentRef {
	begin := c.rule.begin(now).Format(time.RFC3339)
	var refs []*firestore.DocumentRef
	for _, id := range l.key.IDs(keys.Limit, c.rule.Name, c.who.kind, c.who.value, begin) {
		refs = append(refs, l.fs.Collection("limits").Doc(id))
	}
	return refs
}
