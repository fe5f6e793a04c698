package event

import "time"

// ExportReadyV1 reports that an export of a user's data can be downloaded. Id: (type, uid, export
// id).
type ExportReadyV1 struct {
	UID      string `json:"uid"`
	ExportID string `json:"exportId"`
	// ConsentEpoch is the user's consent epoch that the export belongs to: a withdrawal deletes it.
	ConsentEpoch int64 `json:"consentEpoch"`
	// ExpiresAt is when the export is deleted.
	ExpiresAt time.Time `json:"expiresAt"`
}

// EventType returns "export.ready.v1".
func (ExportReadyV1) EventType() string { return "export.ready.v1" }

// Validate requires uid, exportId and expiresAt.
func (e ExportReadyV1) Validate() error {
	return require("uid", e.UID, "exportId", e.ExportID, "expiresAt", written(e.ExpiresAt))
}
