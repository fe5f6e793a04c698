package event

import "time"

// ScanRescoredV1 reports that another engine measured a completed scan again. Id: (type, scan id,
// revision).
type ScanRescoredV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// EngineMajor is the major version of the engine that measured it.
	EngineMajor int `json:"engineMajor"`
	// Score is the new symmetry score, a percentile of the reference portraits, 0-100.
	Score float64 `json:"score"`
	*Interval
	// Rankable reports whether the photo now meets the conditions of ranking.
	Rankable bool `json:"rankable"`
	// CompletedAt is when the scan was first completed, which the ranking uses.
	CompletedAt time.Time `json:"completedAt"`
	// UploadedAt is when the photo was complete in Cloud Storage, which decides the day and the period
	// that the scan counts in. It is zero if unknown; CompletedAt decides then.
	UploadedAt time.Time `json:"uploadedAt,omitzero"`
	// Revision grows with each measurement of the scan; the highest counts.
	Revision int64 `json:"revision"`
}

// EventType returns "scan.rescored.v1".
func (ScanRescoredV1) EventType() string { return "scan.rescored.v1" }

// Validate requires uid, scanId, completedAt and a revision.
func (e ScanRescoredV1) Validate() error {
	if e.CompletedAt.IsZero() || e.Revision < 1 {
		return malformed(nil, "completedAt or revision is missing")
	}
	return require("uid", e.UID, "scanId", e.ScanID)
}
