package event

import "time"

// ScanDeletedV1 reports that the owner deleted a scan that was completed or had failed. Id: (type,
// scan id, completedAt).
type ScanDeletedV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// EngineMajor is the major version of the engine that measured it last. Rankable reports whether
	// it met the conditions of ranking.
	EngineMajor int  `json:"engineMajor"`
	Rankable    bool `json:"rankable"`
	// CompletedAt is when the scan was completed or failed. It is part of the event's id since the
	// same Idempotency-Key may reuse the scan's id.
	CompletedAt time.Time `json:"completedAt"`
	// UploadedAt is when the photo was complete in Cloud Storage, which decides the day and the period
	// that the scan counts in. It is zero if unknown; CompletedAt decides then.
	UploadedAt time.Time `json:"uploadedAt,omitzero"`
}

// EventType returns "scan.deleted.v1".
func (ScanDeletedV1) EventType() string { return "scan.deleted.v1" }

// Validate requires uid and scanId.
func (e ScanDeletedV1) Validate() error { return require("uid", e.UID, "scanId", e.ScanID) }
