package event

import "time"

// ScanCompletedV1 reports that a scan was measured. Id: (type, scan id).
type ScanCompletedV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Engine is the face engine's full version and EngineMajor its major version. Boards never mix
	// major versions.
	Engine      string `json:"engine"`
	EngineMajor int    `json:"engineMajor"`
	// Score is the symmetry score, a percentile of the reference portraits, 0-100.
	Score float64 `json:"score"`
	*Interval
	// Rankable reports whether the photo meets the conditions of ranking.
	Rankable bool `json:"rankable"`
	// CompletedAt is when the scan was completed, which the ranking uses.
	CompletedAt time.Time `json:"completedAt"`
	// UploadedAt is when the photo was complete in Cloud Storage, which decides the day and the period
	// that the scan counts in. It is zero if unknown; CompletedAt decides then.
	UploadedAt time.Time `json:"uploadedAt,omitzero"`
}

// EventType returns "scan.completed.v1".
func (ScanCompletedV1) EventType() string { return "scan.completed.v1" }

// Validate requires uid, scanId and engine.
func (e ScanCompletedV1) Validate() error {
	return require("uid", e.UID, "scanId", e.ScanID, "engine", e.Engine)
}
