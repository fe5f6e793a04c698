// Package limit is the one rate limiter and quota: it counts what somebody does in limits/{id}, a document for each
// rule, each who and each window of time, so that all instances of all functions count together.
//
// Windows are fixed and begin at whole multiples of their length since the zero time, a day's at midnight UTC. That
// costs one document and one small transaction a count; the price is that somebody who uses one window up at its end
// and the next at its beginning gets twice the rule's number in a short time. Rules are set with that in mind.
//
// It fails closed: where counting fails, so does what was to be counted, with unavailable. The rules guard passwords,
// mailboxes and money, and nothing behind them works without the database anyway.
package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/query"
)

const (
	schema = 1
	// maxAttempts of a counting transaction. Those who exceed it compete with themselves for one document.
	maxAttempts = 20
	// soon is the wait we suggest where so many count at once that no turn came.
	soon = time.Second
)

// Rule is how often something may be done.
type Rule struct {
	// Name tells rules apart; it is part of the documents' ids, so another name starts counting anew.
	Name string
	// Max is how often in one window, 1 or more.
	Max int
	// Window is the length of a window, a second or more.
	Window time.Duration
}

// Who is whom a rule counts for: a user, a client's address or a mailbox. The zero value is nobody and is counted as
// one.
type Who struct {
	kind, value, uid string
}

// User counts for a user. The documents bear the uid as a field, by which erasure finds them.
func User(uid string) Who { return Who{kind: "user", value: uid, uid: uid} }

// IP counts for a client's address; no document bears it in the clear. An IPv6 address stands for its /64, all of
// which one subscriber has.
func IP(addr netip.Addr) Who {
	addr = addr.Unmap()
	if addr.Is6() {
		// The length is in range, so there is no error; the zone is dropped with it.
		network, _ := addr.Prefix(64)
		addr = network.Addr()
	}
	return Who{kind: "ip", value: addr.String()}
}

// Mailbox counts for an e-mail address without regard to case; no document bears it in the clear.
func Mailbox(address string) Who { return Who{kind: "mailbox", value: strings.ToLower(address)} }

// Limiter counts. It is safe for concurrent use.
type Limiter struct {
	fs  *firestore.Client
	key []byte
	now func() time.Time
}

// New makes a limiter over the database; key, a secret, hides who is counted in the documents' ids, and now is the
// clock.
func New(fs *firestore.Client, key []byte, now func() time.Time) *Limiter {
	return &Limiter{fs: fs, key: key, now: now}
}

// count is limits/{id}.
type count struct {
	Schema int    `firestore:"schema"`
	Rule   string `firestore:"rule"`
	// UID is whose it is, absent where it is nobody's.
	UID   string `firestore:"uid,omitempty"`
	Count int    `firestore:"count"`
	// ExpireAt is the end of the window. The next window has another id, so nobody reads it later.
	ExpireAt time.Time `firestore:"expireAt"`
}

// Taking is one more count about to be written. A transaction reads before it writes, so the two are apart.
type Taking struct {
	ref  *firestore.DocumentRef
	next count
}

// Take counts once, or refuses with rate_limited and the time until the window's end where the rule is used up. What
// is refused is not counted, so that trying again does not prolong the wait.
func (l *Limiter) Take(ctx context.Context, rule Rule, who Who) error {
	err := l.fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		taking, err := l.Prepare(tx, rule, who)
		if err != nil {
			return err
		}
		return taking.Write(tx)
	}, firestore.MaxAttempts(maxAttempts))
	if status.Code(err) == codes.Aborted {
		return fault.Wrap(err, fault.CodeRateLimited, "Too many at once: one after the other, please.").WithRetryAfter(soon)
	}
	if fault.Is(err, fault.CodeRateLimited) || err == nil {
		return err
	}
	return fault.Wrap(err, fault.CodeUnavailable, "This cannot be counted at the moment: try again.")
}

// Prepare is the reading half of [Limiter.Take], for a count that must come about together with what it counts.
func (l *Limiter) Prepare(tx *firestore.Transaction, rule Rule, who Who) (Taking, error) {
	now := l.now().UTC()
	begin := now.Truncate(rule.Window)
	t := Taking{
		ref:  l.fs.Collection("limits").Doc(l.id(rule, who, begin)),
		next: count{Schema: schema, Rule: rule.Name, UID: who.uid, ExpireAt: begin.Add(rule.Window)},
	}
	snap, err := tx.Get(t.ref)
	current, err := query.Decode[count](snap, err, "limit", nil)
	if err != nil {
		return Taking{}, err
	}
	if current.Count >= rule.Max {
		return Taking{}, fault.New(fault.CodeRateLimited, "Too many of these: wait before the next.").
			WithRetryAfter(t.next.ExpireAt.Sub(now))
	}
	t.next.Count = current.Count + 1
	return t, nil
}

// Write writes the count.
func (t Taking) Write(tx *firestore.Transaction) error {
	if err := tx.Set(t.ref, t.next); err != nil {
		return fmt.Errorf("write limit: %w", err)
	}
	return nil
}

// id hides who it is: addresses are few enough to be guessed from a hash without a key.
func (l *Limiter) id(rule Rule, who Who, begin time.Time) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(strings.Join([]string{"limit", rule.Name, who.kind, who.value, begin.Format(time.RFC3339)}, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
}
