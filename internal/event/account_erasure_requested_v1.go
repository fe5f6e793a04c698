package event

// AccountErasureRequestedV1 tells that a user asked for everything of theirs to be erased;
// erasures/{uid} says how far that is. The sweep tells it again while work is left. Id: (type, uid,
// time of the request).
type AccountErasureRequestedV1 struct {
	UID string `json:"uid"`
}

// EventType is "account.erasure-requested.v1".
func (AccountErasureRequestedV1) EventType() string { return "account.erasure-requested.v1" }

// Validate requires uid.
func (e AccountErasureRequestedV1) Validate() error { return require("uid", e.UID) }
