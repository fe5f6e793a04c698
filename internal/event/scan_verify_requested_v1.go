package event

// ScanVerifyRequestedV1 asks for a completed scan's photo to be measured again. Id: (type, scan id,
// version).
type ScanVerifyRequestedV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// Version is the scan's when it was asked: an answer to an older question is dropped.
	Version int64 `json:"version"`
	// Rescore means that the outcome is to be the scan's result from now on, and not only compared
	// with it.
	Rescore bool `json:"rescore"`
}

// EventType is "scan.verify.requested.v1".
func (ScanVerifyRequestedV1) EventType() string { return "scan.verify.requested.v1" }

// Validate requires uid and scanId.
func (e ScanVerifyRequestedV1) Validate() error { return require("uid", e.UID, "scanId", e.ScanID) }
