// Package keys derives ids with secrets. The same facts give the same id, and without the secret an
// id can neither be made nor be traced back to the facts.
//
// Every id has one purpose, so that an id made for one purpose is never accepted for another. Every
// purpose belongs to one [Use], and every use has secrets of its own: a function is given the
// secrets of the uses that it has by the catalog, so that what one function knows does not open
// what another one guards. A golden test compares each purpose, since the ids are part of
// documents, objects and URLs.
//
// The secrets of a use are a [Ring]: the present one, which new ids are made with, and earlier
// ones, by which older ids are found. terraform/README.md says how to exchange one, and for how
// long each use needs its earlier ones.
package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Use is what secrets are for.
type Use string

// The uses.
const (
	// ForLogs names users in logs.
	ForLogs Use = "logs"
	// ForLimits names what quotas count.
	ForLimits Use = "limits"
	// ForScans derives the ids of scans and series, and compares their requests.
	ForScans Use = "scans"
	// ForPhotos knows a user's photo again.
	ForPhotos Use = "photos"
	// ForRatings knows a deleted scan again.
	ForRatings Use = "ratings"
	// ForFriends makes friend codes, and names what is between two users.
	ForFriends Use = "friends"
	// ForReceipts makes the secrets in the URLs of receipts of erasure.
	ForReceipts Use = "receipts"
	// ForErased names erased accounts and their tombstones.
	ForErased Use = "erased"
	// ForCursors seals places in leaderboards.
	ForCursors Use = "cursors"
	// ForClients seals what a client shows that has signed in before.
	ForClients Use = "clients"
	// ForUnsubscribing seals the links in mails.
	ForUnsubscribing Use = "unsubscribe"
	// ForDeletions seals the links in mails that delete accounts.
	ForDeletions Use = "deletions"
	// ForAudit names people in the audit.
	ForAudit Use = "audit"
	// ForOutbox proves who wrote what is in the outbox. The secrets of each writer are derived from
	// it (see [ForWriter]).
	ForOutbox Use = "outbox"
)

// ForWriter returns the use of the secrets with which the function signs what it leaves in the
// outbox.
func ForWriter(function string) Use { return ForOutbox + "-" + Use(function) }

// Writer returns the function that [ForWriter] made the use of, "" for another use.
func (u Use) Writer() string {
	name, is := strings.CutPrefix(string(u), string(ForWriter("")))
	if !is {
		return ""
	}
	return name
}

// Uses returns all uses but those of writers.
func Uses() []Use {
	return []Use{
		ForLogs, ForLimits, ForScans, ForPhotos, ForRatings, ForFriends, ForReceipts, ForErased, ForCursors,
		ForClients, ForUnsubscribing, ForDeletions, ForAudit, ForOutbox,
	}
}

// Secret returns the name of the use's secret in Secret Manager, without the deployment's prefix.
func (u Use) Secret() string { return "key-" + string(u) }

// Variable returns the environment variable that a function gets the secret in.
func (u Use) Variable() string {
	return variables + strings.ToUpper(strings.ReplaceAll(string(u), "-", "_"))
}

// variables begins the names of the environment variables.
const variables = "FACESCAN_KEY_"

// UseOf returns the use whose secrets the environment variable has, if it is one of a use.
func UseOf(variable string) (use Use, ok bool) {
	name, ok := strings.CutPrefix(variable, variables)
	return Use(strings.ToLower(strings.ReplaceAll(name, "_", "-"))), ok
}

// Purpose is what an id is for. It is hashed before the parts.
type Purpose string

// The purposes, with the parts of their ids.
const (
	// Scan is a scan's id: uid and idempotency key.
	Scan Purpose = "scan"
	// Series is a series' id: uid and idempotency key.
	Series Purpose = "series"
	// Look is the id of a series' scan: uid, the series' id and the photo's position.
	Look Purpose = "look"
	// Request identifies a request's body: uid and body.
	Request Purpose = "request"
	// Photo identifies a photo: uid and SHA-256 in hex.
	Photo Purpose = "photo"
	// Struck identifies a deleted scan or series in its user's rating: uid and the scan's or series'
	// id.
	Struck Purpose = "struck"
	// Limit is the id of a quota's count: rule, kind of subject, subject and the window's begin.
	Limit Purpose = "limit"
	// Friends is the id of what is between two users, a friendship or a block: their uids in ascending
	// order.
	Friends Purpose = "friends"
	// FriendCode is what a user's friend code is cut from: uid and random bytes.
	FriendCode Purpose = "friends\x00code"
	// FriendLookup is the id of a friend code's document: the code.
	FriendLookup Purpose = "friends\x00lookup"
	// Receipt is the secret in the URL of a receipt of erasure: uid and microseconds of the request.
	Receipt Purpose = "erasure\x00receipt"
	// Erased identifies an erased account: uid.
	Erased Purpose = "erasure\x00account"
	// Cursor seals the place in a leaderboard where a page ends, which names another user.
	Cursor Purpose = "leaderboard\x00cursor"
	// Client seals the token of a client that has signed in to a mailbox.
	Client Purpose = "signin\x00client"
	// Unsubscribe seals what the link in a mail turns off, and identifies its key.
	Unsubscribe Purpose = "notify\x00unsubscribe"
	// DeletionAddress seals the address that the mail with a link of deletion goes to, DeletionLink
	// what the link has.
	DeletionAddress Purpose = "deletion\x00address"
	DeletionLink    Purpose = "deletion\x00link"
	// AuditSubject is the pseudonym of a user whom an act was done to: the link in users/{uid}.
	AuditSubject Purpose = "audit\x00subject"
	// AuditActor is the pseudonym of one of the staff who did it: uid.
	AuditActor Purpose = "audit\x00actor"
	// AuditObject is the pseudonym of what else it was done to: the user's link and an id.
	AuditObject Purpose = "audit\x00object"
	// Owed proves who owes an event: what package outbox writes of it. It is for the ring of a writer.
	Owed Purpose = "outbox\x00owed"
)

var uses = map[Purpose]Use{
	Scan: ForScans, Series: ForScans, Look: ForScans, Request: ForScans, Photo: ForPhotos, Struck: ForRatings,
	Limit: ForLimits, Friends: ForFriends, FriendCode: ForFriends, FriendLookup: ForFriends, Receipt: ForReceipts,
	Erased: ForErased, Cursor: ForCursors, Client: ForClients, Unsubscribe: ForUnsubscribing,
	DeletionAddress: ForDeletions, DeletionLink: ForDeletions,
	AuditSubject: ForAudit, AuditActor: ForAudit, AuditObject: ForAudit,
}

const (
	// minSecret is the least length of a secret in bytes.
	minSecret = 32
	// maxSecrets is the number of secrets that a ring may have: one is exchanged at a time, and an
	// earlier one may be waited for.
	maxSecrets = 3
)

// Ring is the secrets of a use. The zero Ring has none, and panics when it is used.
type Ring struct {
	use Use
	// secrets has the present one first.
	secrets [][]byte
}

// NewRing returns the ring of the secrets, of which the first is the present one.
func NewRing(use Use, secrets ...[]byte) Ring { return Ring{use: use, secrets: secrets} }

// Parse returns the ring of the text: 1 to 3 secrets of at least 32 bytes each, in standard base64
// with commas in between, the present one first. Its errors do not contain the text.
func Parse(use Use, text string) (Ring, error) {
	ring := Ring{use: use}
	for part := range strings.SplitSeq(text, ",") {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil || len(secret) < minSecret {
			return Ring{}, fmt.Errorf("a secret for %s is not %d bytes or more in base64", use, minSecret)
		}
		ring.secrets = append(ring.secrets, secret)
	}
	if len(ring.secrets) > maxSecrets {
		return Ring{}, fmt.Errorf("%d secrets for %s, at most %d are valid at a time", len(ring.secrets), use, maxSecrets)
	}
	return ring, nil
}

// Derive returns a secret of the use, in standard base64, that is derived from a root by HKDF (RFC
// 5869). Stacks without a Secret Manager have one root for all uses. Deployments do not: the
// secrets of their uses are random, so there is no root to be stolen.
func Derive(root []byte, use Use) string {
	return base64.StdEncoding.EncodeToString(derive(root, use))
}

func derive(root []byte, use Use) []byte {
	secret, err := hkdf.Key(sha256.New, root, nil, "facescan "+string(use), minSecret)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	return secret
}

// ID returns the id of the parts for the purpose by the present secret: 128 bits as 26 characters
// of base32 in lower case. No part but the last may contain a zero byte, or different parts could
// have the same id. ID panics if the purpose is not one of the ring's use.
func (r Ring) ID(p Purpose, parts ...string) string { return r.at(p, 0).id(p, parts) }

// IDs returns the id of the parts by each secret, by the present one first.
func (r Ring) IDs(p Purpose, parts ...string) []string {
	ids := make([]string, r.Len())
	for i := range ids {
		ids[i] = r.at(p, i).id(p, parts)
	}
	return ids
}

// Known returns the id of the parts that is among the known ones, or the present one if none is.
func (r Ring) Known(known func(id string) bool, p Purpose, parts ...string) string {
	ids := r.IDs(p, parts...)
	return ids[max(slices.IndexFunc(ids, known), 0)]
}

// Len returns the number of secrets.
func (r Ring) Len() int { return len(r.secrets) }

// Each returns a ring of each single secret, of the present one first.
func (r Ring) Each() []Ring {
	all := make([]Ring, r.Len())
	for i, secret := range r.secrets {
		all[i] = NewRing(r.use, secret)
	}
	return all
}

// Pseudonym returns 16 hex digits that identify the user in logs. They change with the secret: who
// has both the earlier and the present one can join the lines of both.
func (r Ring) Pseudonym(uid string) string {
	if r.use != ForLogs || r.Len() == 0 {
		panic("keys: the ring is not one for logs")
	}
	return hex.EncodeToString(secret(r.secrets[0]).sum(uid)[:8])
}

// Writer returns the function that a ring for [ForWriter] is of, "" for another ring.
func (r Ring) Writer() string { return r.use.Writer() }

// Text returns the ring as [Parse] reads it.
func (r Ring) Text() string {
	var texts []string
	for _, secret := range r.secrets {
		texts = append(texts, base64.StdEncoding.EncodeToString(secret))
	}
	return strings.Join(texts, ",")
}

// OfWriter returns the ring of the writer that belongs to this ring for [ForOutbox].
func (r Ring) OfWriter(function string) Ring {
	if r.use != ForOutbox {
		panic("keys: the ring is not one for the outbox")
	}
	of := Ring{use: ForWriter(function)}
	for _, secret := range r.secrets {
		of.secrets = append(of.secrets, derive(secret, of.use))
	}
	return of
}

// serves reports whether the ring is for the purpose.
func (r Ring) serves(p Purpose) bool {
	if p == Owed {
		return r.Writer() != ""
	}
	return r.use == uses[p]
}

// at returns the secret with the index, for an id of the purpose.
func (r Ring) at(p Purpose, i int) secret {
	if !r.serves(p) || r.Len() == 0 {
		panic(fmt.Sprintf("keys: no secret for %q in the ring for %q", p, r.use))
	}
	return r.secrets[i]
}

type secret []byte

func (s secret) id(p Purpose, parts []string) string {
	sum := s.sum(strings.Join(append([]string{string(p)}, parts...), "\x00"))
	return strings.ToLower(encoding.EncodeToString(sum[:16]))
}

func (s secret) sum(text string) []byte {
	mac := hmac.New(sha256.New, s)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)
