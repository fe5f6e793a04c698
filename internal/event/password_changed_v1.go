package event

import "time"

// PasswordChangedV1 reports that Firebase has ended all sign-ins of a user that began before a
// time. It does so when the password or the address changes, and when the tokens are revoked; it
// does not say which (https://firebase.google.com/docs/auth/admin/manage-sessions). Id: (type, uid,
// at in seconds since 1970).
type PasswordChangedV1 struct {
	UID string `json:"uid"`
	// At is that time, in whole seconds.
	At time.Time `json:"at"`
}

// EventType returns "password.changed.v1".
func (PasswordChangedV1) EventType() string { return "password.changed.v1" }

// Validate requires uid and at.
func (e PasswordChangedV1) Validate() error { return require("uid", e.UID, "at", written(e.At)) }
