package event

// AccountDeletionAskedV1 asks for the mail with the link that deletes the account of an address, if
// one has it. Who asked is not known, so neither is whose account it is. Id: (type, link).
type AccountDeletionAskedV1 struct {
	// LinkID names the link. A repetition makes the same one.
	LinkID string `json:"linkId"`
	// To is the address, sealed with the key of deletions.
	To string `json:"to"`
	// Locale is the language of the page that asked.
	Locale string `json:"locale,omitempty"`
}

// EventType returns "account.deletion-asked.v1".
func (AccountDeletionAskedV1) EventType() string { return "account.deletion-asked.v1" }

// Validate requires linkId and to.
func (e AccountDeletionAskedV1) Validate() error { return require("linkId", e.LinkID, "to", e.To) }
