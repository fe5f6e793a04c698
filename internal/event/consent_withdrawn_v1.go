package event

// ConsentWithdrawnV1 reports that a user withdrew the consent. What was made under the epoch, the
// last of that consent, or under an earlier one must be deleted. A consent granted since has a
// later epoch. Id: (type, uid, epoch).
type ConsentWithdrawnV1 struct {
	UID   string `json:"uid"`
	Epoch int64  `json:"epoch"`
}

// EventType returns "consent.withdrawn.v1".
func (ConsentWithdrawnV1) EventType() string { return "consent.withdrawn.v1" }

// Validate requires uid and an epoch of 1 or more.
func (e ConsentWithdrawnV1) Validate() error {
	if e.Epoch < 1 {
		return malformed(nil, "member %q is missing", "epoch")
	}
	return require("uid", e.UID)
}
