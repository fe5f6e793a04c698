package event

// AccountUpdatedV1 tells that something others show of a user changed: the username, or taking part in
// the leaderboard. Consumers read the new state from users/{uid}. Id: (type, uid, revision of the profile).
type AccountUpdatedV1 struct {
	UID string `json:"uid"`
}

// EventType is "account.updated.v1".
func (AccountUpdatedV1) EventType() string { return "account.updated.v1" }

// Validate requires uid.
func (e AccountUpdatedV1) Validate() error { return require("uid", e.UID) }
