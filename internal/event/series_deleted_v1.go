package event

import "time"

// SeriesDeletedV1 tells that its owner deleted a series with its scans. Id: (type, series id, time
// of its opening).
type SeriesDeletedV1 struct {
	UID      string `json:"uid"`
	SeriesID string `json:"seriesId"`
	// ConsentEpoch is the epoch of the user's consent that the photos were taken under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// EngineMajor is the major version of the engine that measured the photos which counted, 0 where
	// none did.
	EngineMajor int `json:"engineMajor"`
	// Photos is how many photos counted, or could have.
	Photos int `json:"photos"`
	// SettledAt is when the series was settled at first, and where it never was, when it was deleted.
	SettledAt time.Time `json:"settledAt"`
}

// EventType is "series.deleted.v1".
func (SeriesDeletedV1) EventType() string { return "series.deleted.v1" }

// Validate requires uid, seriesId and settledAt.
func (e SeriesDeletedV1) Validate() error {
	if e.SettledAt.IsZero() {
		return malformed(nil, "settledAt is missing")
	}
	return require("uid", e.UID, "seriesId", e.SeriesID)
}
