// Package keys derives ids with a secret. The same facts give the same id, and without the secret
// an id can neither be made nor be traced back to the facts.
//
// Every id has one purpose, so that an id made for one purpose is never accepted for another. All
// purposes are listed here. A test compares each with a golden value, since the ids are part of
// documents, objects and URLs. A new key changes all ids: scans of earlier idempotency keys are not
// found again, known photos count as new, quotas start anew, and friend codes, friends and blocks
// are not found (see package friends).
package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

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
	// Unsubscribe seals what the link in a mail turns off, and identifies its key. It is used with
	// keys of its own (see notify.Unsubscriber).
	Unsubscribe Purpose = "notify\x00unsubscribe"
)

// Ring is the secret that ids are derived with. Any []byte is assignable to it.
type Ring []byte

// ID returns the id of the parts for the purpose: 128 bits as 26 characters of base32 in lower
// case. No part but the last may contain a zero byte, or different parts could have the same id.
func (r Ring) ID(p Purpose, parts ...string) string {
	sum := r.sum(strings.Join(append([]string{string(p)}, parts...), "\x00"))
	return strings.ToLower(encoding.EncodeToString(sum[:16]))
}

// Pseudonym returns 16 hex digits that identify the user in logs. It has no purpose, so that it
// stays comparable with lines written before there were purposes.
func (r Ring) Pseudonym(uid string) string { return hex.EncodeToString(r.sum(uid)[:8]) }

func (r Ring) sum(text string) []byte {
	mac := hmac.New(sha256.New, r)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)
