// Package keys derives ids that only the holder of a secret can make or compare: the same facts
// give the same id, and without the key no id leads back to the facts.
//
// Every id has one purpose, so that an id made for one is never accepted for another. The purposes
// are listed here and nowhere else: a test compares each with a golden value, since documents,
// objects and URLs bear the ids. A new key makes new ids of everything: scans of earlier
// idempotency keys are not found again, known photos are new ones, quotas start anew.
package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// Purpose is what an id stands for. It is hashed before the parts.
type Purpose string

// The purposes, with their parts.
const (
	// Scan is a scan's id: uid and idempotency key.
	Scan Purpose = "scan"
	// Series is a series' id: uid and idempotency key.
	Series Purpose = "series"
	// Look is the id of a series' scan: uid, the series' id and the photo's position.
	Look Purpose = "look"
	// Request stands for a request's body: uid and body.
	Request Purpose = "request"
	// Photo stands for a photo: uid and SHA-256 in hex.
	Photo Purpose = "photo"
	// Limit is the id of a quota's count: rule, kind of who, who and the window's begin.
	Limit Purpose = "limit"
	// Receipt is the secret in the URL of a receipt of erasure: uid and microseconds of the request.
	Receipt Purpose = "erasure\x00receipt"
	// Erased stands for an erased account: uid.
	Erased Purpose = "erasure\x00account"
)

// Ring is the secret that ids are derived with. Any []byte is assignable to it.
type Ring []byte

// ID returns the id of the parts for the purpose: 128 bits as 26 characters of base32 in lower
// case. No part may hold a zero byte but the last, or different parts could have the same id.
func (r Ring) ID(p Purpose, parts ...string) string {
	sum := r.sum(strings.Join(append([]string{string(p)}, parts...), "\x00"))
	return strings.ToLower(encoding.EncodeToString(sum[:16]))
}

// Pseudonym returns 16 hex digits that stand for the user in logs: the same in every line. It has
// no purpose, since lines that were written before must stay comparable.
func (r Ring) Pseudonym(uid string) string { return hex.EncodeToString(r.sum(uid)[:8]) }

func (r Ring) sum(text string) []byte {
	mac := hmac.New(sha256.New, r)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)
