package event

import "time"

// ScanRescoredV1 tells that a completed scan was measured again by another engine. Id: (type, scan
// id, revision).
type ScanRescoredV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// EngineMajor is the major version of the engine that measured it now.
	EngineMajor int `json:"engineMajor"`
	// Score is the new symmetry score, a percentile of the reference portraits, 0-100.
	Score float64 `json:"score"`
	*Interval
	// Rankable reports whether the photo passes the gates of ranking now.
	Rankable bool `json:"rankable"`
	// CompletedAt is when the scan was completed at first, the time that ranking goes by.
	CompletedAt time.Time `json:"completedAt"`
	// Revision grows with each time that the scan is measured; the highest counts.
	Revision int64 `json:"revision"`
}

// EventType is "scan.rescored.v1".
func (ScanRescoredV1) EventType() string { return "scan.rescored.v1" }

// Validate requires uid, scanId, completedAt and a revision.
func (e ScanRescoredV1) Validate() error {
	if e.CompletedAt.IsZero() || e.Revision < 1 {
		return malformed(nil, "completedAt or revision is missing")
	}
	return require("uid", e.UID, "scanId", e.ScanID)
}
