package event

import "time"

// SeriesDeletedV1 reports that the owner deleted a series with its scans. Id: (type, series id,
// time of its opening).
type SeriesDeletedV1 struct {
	UID      string `json:"uid"`
	SeriesID string `json:"seriesId"`
	// ConsentEpoch is the epoch of the user's consent that the photos were taken under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// EngineMajor is the major version of the engine that measured the counted photos, 0 if none was
	// counted.
	EngineMajor int `json:"engineMajor"`
	// Photos is the number of photos that counted or could have counted.
	Photos int `json:"photos"`
	// SettledAt is when the series was first settled, or when it was deleted if it never was.
	SettledAt time.Time `json:"settledAt"`
}

// EventType returns "series.deleted.v1".
func (SeriesDeletedV1) EventType() string { return "series.deleted.v1" }

// Validate requires uid, seriesId and settledAt.
func (e SeriesDeletedV1) Validate() error {
	if e.SettledAt.IsZero() {
		return malformed(nil, "settledAt is missing")
	}
	return require("uid", e.UID, "seriesId", e.SeriesID)
}
