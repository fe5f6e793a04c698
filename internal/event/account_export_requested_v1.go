package event

// AccountExportRequestedV1 tells that a user asked for what is kept of them; exports/{exportId}
// says how far that is. It is told again until the export is made. Id: (type, uid, export id).
type AccountExportRequestedV1 struct {
	UID      string `json:"uid"`
	ExportID string `json:"exportId"`
}

// EventType is "account.export-requested.v1".
func (AccountExportRequestedV1) EventType() string { return "account.export-requested.v1" }

// Validate requires uid and exportId.
func (e AccountExportRequestedV1) Validate() error {
	return require("uid", e.UID, "exportId", e.ExportID)
}
