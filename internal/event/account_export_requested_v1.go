package event

// AccountExportRequestedV1 reports that a user asked for an export of their data.
// exports/{exportId} has its progress. The event is published again until the export is made. Id:
// (type, uid, export id).
type AccountExportRequestedV1 struct {
	UID      string `json:"uid"`
	ExportID string `json:"exportId"`
}

// EventType returns "account.export-requested.v1".
func (AccountExportRequestedV1) EventType() string { return "account.export-requested.v1" }

// Validate requires uid and exportId.
func (e AccountExportRequestedV1) Validate() error {
	return require("uid", e.UID, "exportId", e.ExportID)
}
