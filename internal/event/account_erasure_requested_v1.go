package event

// AccountErasureRequestedV1 reports that a user asked for the erasure of the account.
// erasures/{uid} has its progress. The sweep publishes the event again while work is left. Id:
// (type, uid, time of the request).
type AccountErasureRequestedV1 struct {
	UID string `json:"uid"`
}

// EventType returns "account.erasure-requested.v1".
func (AccountErasureRequestedV1) EventType() string { return "account.erasure-requested.v1" }

// Validate requires uid.
func (e AccountErasureRequestedV1) Validate() error { return require("uid", e.UID) }
