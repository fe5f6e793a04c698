package event

// AccountUpdatedV1 reports a change of what others see of a user: the username, the display name,
// taking part in the leaderboard, the consent to it, or whether changes of the rank are told.
// Consumers read the new state from users/{uid}. Id: (type, uid, revision of the profile).
type AccountUpdatedV1 struct {
	UID string `json:"uid"`
}

// EventType returns "account.updated.v1".
func (AccountUpdatedV1) EventType() string { return "account.updated.v1" }

// Validate requires uid.
func (e AccountUpdatedV1) Validate() error { return require("uid", e.UID) }
