package event

// ScanVerifyRequestedV1 requests that a completed scan's photo be measured again. Id: (type, scan
// id, version).
type ScanVerifyRequestedV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// Version is the scan's version at the request. The answer to an older request is dropped.
	Version int64 `json:"version"`
	// Rescore makes the outcome the scan's result, instead of only comparing it.
	Rescore bool `json:"rescore"`
}

// EventType returns "scan.verify.requested.v1".
func (ScanVerifyRequestedV1) EventType() string { return "scan.verify.requested.v1" }

// Validate requires uid and scanId.
func (e ScanVerifyRequestedV1) Validate() error { return require("uid", e.UID, "scanId", e.ScanID) }
