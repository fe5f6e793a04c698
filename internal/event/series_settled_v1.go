package event

import "time"

// SeriesSettledV1 tells what a series of photos came to, the first time and each time that it
// changes. Id: (type, series id, time of its opening, revision).
type SeriesSettledV1 struct {
	UID      string `json:"uid"`
	SeriesID string `json:"seriesId"`
	// ConsentEpoch is the epoch of the user's consent that the photos were taken under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Engine is the full version of the face engine that measured the photos which count, and
	// EngineMajor its major version; "" and 0 where none ever did.
	Engine      string `json:"engine"`
	EngineMajor int    `json:"engineMajor"`
	// Score is the mean symmetry score, a percentile of the reference portraits, 0-100; 0 without
	// Photos.
	Score float64 `json:"score"`
	// Interval is the score's, nil without Photos.
	*Interval
	// Photos is how many photos count, Struck how many of those that could have were deleted.
	Photos int `json:"photos"`
	Struck int `json:"struck"`
	// SettledAt is when the series was settled at first, the time that ranking goes by.
	SettledAt time.Time `json:"settledAt"`
	// Revision grows by one with each change; the highest counts.
	Revision int64 `json:"revision"`
}

// EventType is "series.settled.v1".
func (SeriesSettledV1) EventType() string { return "series.settled.v1" }

// Validate requires uid, seriesId, settledAt and a revision.
func (e SeriesSettledV1) Validate() error {
	if e.SettledAt.IsZero() || e.Revision < 1 {
		return malformed(nil, "settledAt or revision is missing")
	}
	return require("uid", e.UID, "seriesId", e.SeriesID)
}
