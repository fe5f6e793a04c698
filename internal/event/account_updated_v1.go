package event

// AccountUpdatedV1 tells that something others show of a user changed: the username, the display
// name, taking part in the leaderboard, or the consent it rests on. Consumers read the new state
// from users/{uid}. Id: (type, uid, revision of the profile).
type AccountUpdatedV1 struct {
	UID string `json:"uid"`
}

// EventType is "account.updated.v1".
func (AccountUpdatedV1) EventType() string { return "account.updated.v1" }

// Validate requires uid.
func (e AccountUpdatedV1) Validate() error { return require("uid", e.UID) }
