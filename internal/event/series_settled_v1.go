package event

import "time"

// SeriesSettledV1 reports the result of a series of photos, the first time and each time it
// changes. Id: (type, series id, time of its opening, revision).
type SeriesSettledV1 struct {
	UID      string `json:"uid"`
	SeriesID string `json:"seriesId"`
	// ConsentEpoch is the epoch of the user's consent that the photos were taken under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Engine is the full version of the face engine that measured the counted photos, and EngineMajor
	// its major version. They are "" and 0 if no photo ever counted.
	Engine      string `json:"engine"`
	EngineMajor int    `json:"engineMajor"`
	// Score is the mean symmetry score, a percentile of the reference portraits, 0-100. It is 0
	// without Photos.
	Score float64 `json:"score"`
	// Interval is the interval of the score, nil without Photos.
	*Interval
	// Photos is the number of photos that count. Struck is how many photos that could have counted
	// were deleted.
	Photos int `json:"photos"`
	Struck int `json:"struck"`
	// SettledAt is when the series was first settled, which the ranking uses.
	SettledAt time.Time `json:"settledAt"`
	// Revision grows by one with each change; the highest counts.
	Revision int64 `json:"revision"`
}

// EventType returns "series.settled.v1".
func (SeriesSettledV1) EventType() string { return "series.settled.v1" }

// Validate requires uid, seriesId, settledAt and a revision.
func (e SeriesSettledV1) Validate() error {
	if e.SettledAt.IsZero() || e.Revision < 1 {
		return malformed(nil, "settledAt or revision is missing")
	}
	return require("uid", e.UID, "seriesId", e.SeriesID)
}
