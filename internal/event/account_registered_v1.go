package event

// AccountRegisteredV1 reports that users/{uid} was created. Id: (type, uid).
type AccountRegisteredV1 struct {
	UID string `json:"uid"`
}

// EventType returns "account.registered.v1".
func (AccountRegisteredV1) EventType() string { return "account.registered.v1" }

// Validate requires uid.
func (e AccountRegisteredV1) Validate() error { return require("uid", e.UID) }
