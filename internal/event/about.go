package event

import (
	"encoding/json"
	"errors"
	"strings"
)

// Matter is what an event or a storage notification is about, by which what is kept of the
// message is found when the user is erased or withdraws the consent.
type Matter struct {
	// UID is the user's id, "" for a message about no user.
	UID string
	// ScanID is the scan's, "" for a message about none.
	ScanID string
	// ConsentEpoch is the epoch of the consent that the message's content was made under, 0 where
	// it does not say one.
	ConsentEpoch int64
}

// About returns what the message is about, as far as that can be read: a member of the wrong type
// counts as absent, and what is no JSON is about nothing.
func About(data []byte) Matter {
	var m struct {
		Name string `json:"name"` // of an object, FOLDER/uid/scan...
		Data struct {
			UID          string `json:"uid"`
			ScanID       string `json:"scanId"`
			ConsentEpoch int64  `json:"consentEpoch"`
		} `json:"data"`
	}
	var wrongType *json.UnmarshalTypeError // the rest is decoded all the same
	if err := json.Unmarshal(data, &m); err != nil && !errors.As(err, &wrongType) {
		return Matter{}
	}
	if m.Data.UID != "" {
		return Matter{UID: m.Data.UID, ScanID: m.Data.ScanID, ConsentEpoch: m.Data.ConsentEpoch}
	}
	parts := strings.Split(m.Name, "/")
	if len(parts) < 3 {
		return Matter{}
	}
	return Matter{UID: parts[1], ScanID: parts[2]}
}
