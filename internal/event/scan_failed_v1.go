package event

// ScanFailedV1 reports that a scan ended without a result. Id: (type, scan id).
type ScanFailedV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Code is the machine-readable reason, such as "no_face".
	Code string `json:"code"`
}

// EventType returns "scan.failed.v1".
func (ScanFailedV1) EventType() string { return "scan.failed.v1" }

// Validate requires uid, scanId and code.
func (e ScanFailedV1) Validate() error {
	return require("uid", e.UID, "scanId", e.ScanID, "code", e.Code)
}
