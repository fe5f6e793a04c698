package event

import "time"

// SignInsEndedV1 asks to end all sign-ins of a user at Firebase that began before a time. The
// database refuses them already. Id: (type, uid, at in seconds since 1970), or for a ban and its
// end (type, uid, which of both, revision of the account).
type SignInsEndedV1 struct {
	UID string `json:"uid"`
	// At is that time, in whole seconds.
	At time.Time `json:"at"`
	// Banned is set if the user may not sign in again.
	Banned bool `json:"banned,omitempty"`
	// Lifted is set if a banned user may sign in again. Nothing is ended then.
	Lifted bool `json:"lifted,omitempty"`
}

// EventType returns "sign-ins.ended.v1".
func (SignInsEndedV1) EventType() string { return "sign-ins.ended.v1" }

// Validate requires uid and at.
func (e SignInsEndedV1) Validate() error { return require("uid", e.UID, "at", written(e.At)) }
