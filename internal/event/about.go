package event

import (
	"encoding/json"
	"errors"
	"strings"
)

// Matter is what an event or a storage notification is about. It is stored with what is kept of the
// message, so that erasures and withdrawals of consent find it.
type Matter struct {
	// UID is the user's id, "" for a message about no user.
	UID string
	// ScanID is the scan's id, "" for a message about no scan.
	ScanID string
	// ConsentEpoch is the epoch of the consent that the message's content was made under, 0 if the
	// message does not have it.
	ConsentEpoch int64
}

// About returns what the message is about, as far as that can be read. A member of the wrong type
// counts as absent; data that is not JSON is about nothing.
func About(data []byte) Matter {
	var m struct {
		Name string `json:"name"` // the object's name, FOLDER/uid/scan...
		Data struct {
			UID          string `json:"uid"`
			ScanID       string `json:"scanId"`
			ConsentEpoch int64  `json:"consentEpoch"`
		} `json:"data"`
	}
	var wrongType *json.UnmarshalTypeError // the other members are decoded nevertheless
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
