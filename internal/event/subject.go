package event

import (
	"encoding/json"
	"strings"
)

// Subject is the uid of the user whom a message of ours or a storage notification is about, or "" where it tells none:
// by it, what is kept of a message is found when the user is erased.
func Subject(data []byte) string {
	var m struct {
		Name string `json:"name"` // of an object, FOLDER/uid/...
		Data struct {
			UID string `json:"uid"`
		} `json:"data"`
	}
	if json.Unmarshal(data, &m) != nil {
		return ""
	}
	if m.Data.UID != "" {
		return m.Data.UID
	}
	parts := strings.Split(m.Name, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}
