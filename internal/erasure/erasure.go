// Package erasure removes a user's data: everything when the account is erased, and what was made
// under a consent when that is withdrawn. Both are a saga, stored in erasures/{id}, which the
// function erase runs and the sweep continues:
//
//	DELETE /v1/me ──────────► users/{uid}.state = erasing, erasures/{uid} ─► account.erasure-requested
//	DELETE /v1/me/consent ──► the fence closes ─► consent.withdrawn ─► erasures/{uid_epoch}
//
//	account:  lock ──► tell ──► sweep ──────────────► prove ──► erased/{HMAC(uid)}, the signed receipt
//	consent:                    sweep ──────────────► prove ──► nothing is left of the saga either
//	                                  late photos may
//	                                  still turn up
//
// lock disables the Firebase user and revokes the tokens, tell sends the last mail, sweep removes
// everything, and prove, long after the last upload URL has expired, goes through all stores until
// it finds nothing in any.
//
// Each step may be repeated, so a saga may be interrupted anywhere: the event is delivered again,
// or the sweep publishes it again. A lease keeps two deliveries from working at once. Stores are
// emptied page by page, and a page of documents goes in one commit with its count, so what is
// counted is right and what is left is simply what is still there. A delivery stops long before its
// deadline and leaves the rest to the next.
//
// Nothing new is written meanwhile: every effect for a user commits in a transaction that read
// users/{uid} (see account.User.Admits). That document is deleted last, in one commit with the
// saga.
//
// A restore of the database brings back who was erased since. So a saga leaves a tombstone (see
// package tombstone) before it removes anything, and another before it ends; [Replay] goes by them.
// A request that no delivery has worked on yet has none: that is for the seconds until erase gets
// the event, and such a request is lost in a restore like everything else of its last moments.
package erasure

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

const (
	docSchema = 1
	// firstLook is when the sweep first checks whether a saga was abandoned. Each further check comes
	// later, up to lastLook.
	firstLook = 2 * time.Minute
	lastLook  = time.Hour
)

// Scope is what a saga removes.
type Scope string

// The scopes.
const (
	// Account removes all data of the user.
	Account Scope = "account"
	// Consent removes what was made under the withdrawn consent.
	Consent Scope = "consent"
)

// Step is the next step of a saga.
type Step string

// The steps, in order. A withdrawal begins with Sweep.
const (
	Lock  Step = "lock"
	Tell  Step = "tell"
	Sweep Step = "sweep"
	Prove Step = "prove"
)

// Job is erasures/{id}: one saga.
type Job struct {
	Schema int         `firestore:"schema"`
	UID    account.UID `firestore:"uid"`
	Scope  Scope       `firestore:"scope"`
	// Epoch is the last one of the withdrawn consent, 0 for an account.
	Epoch       int64     `firestore:"epoch"`
	Step        Step      `firestore:"step"`
	RequestedAt time.Time `firestore:"requestedAt"`
	// SignedInAt is the time of the sign-in that requested it (see httpapi.Identity), 0 for a consent.
	SignedInAt int64 `firestore:"signedInAt,omitempty"`
	// LinkID is the link in a mail that requested it (see link.Link), "" for another request.
	LinkID string `firestore:"linkId,omitempty"`
	// Acts leads to the acts about the user in the audit (see account.User), for the last one. It is
	// "" for a consent, and in sagas of before there were acts.
	Acts audit.Link `firestore:"acts,omitempty"`
	// ProveAt is when nothing can be written any more.
	ProveAt time.Time `firestore:"proveAt"`
	// CapabilityHash finds the saga by the receipt's URL. It is "" if there will be no receipt.
	CapabilityHash string `firestore:"capabilityHash"`
	// Counts are the numbers of removed documents and objects, by store.
	Counts map[string]int64 `firestore:"counts"`
	// Lease is held by the process that works on it.
	Lease work.Lease `firestore:"lease"`
	// SweepAt is when the sweep continues it next. Looks is the number of times since the last
	// progress.
	SweepAt time.Time `firestore:"sweepAt"`
	Looks   int       `firestore:"looks"`
}

// Errors of [Job.Claim] and [ReadJob].
var (
	// ErrGone means that the saga is over.
	ErrGone = errors.New("there is no such erasure")
	// ErrEarly means that the saga has to wait.
	ErrEarly = errors.New("the erasure waits for photos that may still arrive")
)

// ParseWait returns how long a saga waits for late photos: schema.LatePhotos, or the duration in
// text, such as "2s", from nothing to a day. Only the local stack has a text.
func ParseWait(text string) (time.Duration, error) {
	return parseDuration("the wait of erasures", text, schema.LatePhotos, 0)
}

// parseDuration parses a duration from the least to a day. "" is the usual one.
func parseDuration(what, text string, usual, least time.Duration) (time.Duration, error) {
	const most = 24 * time.Hour
	if text == "" {
		return usual, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", what, err)
	}
	if d < least || d > most {
		return 0, fmt.Errorf("read %s: %s is not from %s to %s", what, d, least, most)
	}
	return d, nil
}

func newJob(uid account.UID, scope Scope, requestedAt, now time.Time, wait time.Duration) Job {
	// Firestore's precision, since the capability is derived from it.
	requestedAt, now = requestedAt.UTC().Truncate(time.Microsecond), now.UTC().Truncate(time.Microsecond)
	return Job{
		Schema: docSchema, UID: uid, Scope: scope, Step: Sweep, RequestedAt: requestedAt, ProveAt: now.Add(wait),
		Counts: map[string]int64{}, SweepAt: now.Add(firstLook),
	}
}

// newAccountJob returns the saga that erases the account of the caller. key derives the receipt's
// capability.
func newAccountJob(who httpapi.Identity, requestedAt, now time.Time, wait time.Duration, key keys.Ring) Job {
	j := newJob(account.UID(who.UID), Account, requestedAt, now, wait)
	j.Step, j.SignedInAt = Lock, who.SignedInAt
	j.CapabilityHash = hash(Capability(key, j))
	return j
}

// NewConsentJob returns the saga that removes what was made under the epoch and earlier, of the
// withdrawal at the time.
func NewConsentJob(uid account.UID, epoch int64, withdrawnAt, now time.Time, wait time.Duration) Job {
	j := newJob(uid, Consent, withdrawnAt, now, wait)
	j.Epoch = epoch
	return j
}

// asked returns the act of the request.
func (j Job) asked() audit.Act {
	by := audit.User
	if j.SignedInAt == 0 && j.LinkID == "" {
		by = audit.Service // as Firebase does not have the user, or after a restore
	}
	return audit.Act{Kind: audit.ErasureAsked, Actor: by, Subject: j.Acts, At: j.RequestedAt, Key: j.key()}
}

// Done returns the act that ends the erasure of an account. A saga of before there were acts has it
// under a pseudonym of its own.
func (j Job) Done(now time.Time) audit.Act {
	subject := cmp.Or(j.Acts, audit.NewLink())
	return audit.Act{Kind: audit.ErasureDone, Actor: audit.Service, Subject: subject, At: now, Key: j.key()}
}

func (j Job) key() []string {
	return []string{string(j.UID), strconv.FormatInt(j.RequestedAt.UnixMicro(), 10)}
}

// Tombstone returns the note that outlives a restore of the database.
func (j Job) Tombstone(phase tombstone.Phase) tombstone.Tombstone {
	kind := tombstone.Account
	if j.Scope == Consent {
		kind = tombstone.Consent
	}
	return tombstone.Tombstone{Kind: kind, Phase: phase, At: j.RequestedAt, Epoch: j.Epoch}
}

// Begins reports whether nothing was done on the saga.
func (j Job) Begins() bool { return j.Step == Lock || j.Scope == Consent && j.Step == Sweep }

// ID returns the document's id.
func (j Job) ID() string { return JobID(j.UID, j.Epoch) }

// JobID returns the id of the saga of the user, whose withdrawn epoch is 0 for an account.
func JobID(uid account.UID, epoch int64) string {
	if epoch == 0 {
		return string(uid)
	}
	return string(uid) + "_" + strconv.FormatInt(epoch, 10)
}

// Claim takes the saga for the token's holder. If that is not possible it returns work.ErrLeased or
// ErrEarly and changes nothing.
func (j *Job) Claim(token string, now time.Time) error {
	lease := j.Lease
	if err := lease.Take(token, now, work.LeaseTime); err != nil {
		return err
	}
	if j.Step == Prove && now.Before(j.ProveAt) {
		return ErrEarly
	}
	j.Lease = lease
	j.SweepAt = j.Lease.Until.Add(firstLook)
	return nil
}

// Release releases the saga. A waiting saga is next checked when it may continue, another one after
// a pause.
func (j *Job) Release(now time.Time) {
	j.Lease = work.Lease{}
	j.SweepAt = now.Add(j.pause())
	if j.Step == Prove && j.ProveAt.After(now) {
		j.SweepAt = j.ProveAt
	}
}

// look records that the sweep published the event again.
func (j *Job) look(now time.Time) {
	j.SweepAt = now.Add(j.pause())
	j.Looks++
}

// pause returns the time until the next check. It grows with the number of checks in vain, since a
// saga that always fails must not keep the sweep from the others.
func (j *Job) pause() time.Duration { return min(firstLook<<min(max(j.Looks, 0), 10), lastLook) }

// Capability returns the secret in the receipt's URL: 128 bits that are derived from the request
// and not stored. For a saga of an earlier secret it is the one that the saga began with. key is
// for keys.ForReceipts.
func Capability(key keys.Ring, j Job) string {
	return key.Known(func(capability string) bool { return hash(capability) == j.CapabilityHash },
		keys.Receipt, string(j.UID), strconv.FormatInt(j.RequestedAt.UnixMicro(), 10))
}

// Pseudonym returns the id of the account in erased/ and in its receipt, which shows no one else
// whose account it is. key is for keys.ForErased.
func Pseudonym(key keys.Ring, uid account.UID) string { return key.ID(keys.Erased, string(uid)) }

var capabilityPattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

func hash(capability string) string {
	sum := sha256.Sum256([]byte(capability))
	return hex.EncodeToString(sum[:])
}
