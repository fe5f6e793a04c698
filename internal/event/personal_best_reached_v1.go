package event

// PersonalBestReachedV1 tells that a scan, or a series by its mean, scored higher than each earlier
// one of its user on the board. Id: (type, board, id of the scan or series).
type PersonalBestReachedV1 struct {
	UID string `json:"uid"`
	// ScanID is the scan's id, "" of a series, and SeriesID the series'.
	ScanID   string `json:"scanId,omitempty"`
	SeriesID string `json:"seriesId,omitempty"`
	// Revision is the series' that reached it, 0 of a scan.
	Revision int64  `json:"revision,omitempty"`
	Board    string `json:"board"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Score is the scan's symmetry score, a percentile of the reference portraits, 0-100.
	Score float64 `json:"score"`
	// Interval is the score's, nil also where an earlier scan that was counted late made the best.
	*Interval
	// Previous is the highest score before it.
	Previous float64 `json:"previous"`
}

// EventType is "personal-best.reached.v1".
func (PersonalBestReachedV1) EventType() string { return "personal-best.reached.v1" }

// Validate requires uid, board and scanId or seriesId.
func (e PersonalBestReachedV1) Validate() error {
	return require("uid", e.UID, "scanId", e.ScanID+e.SeriesID, "board", e.Board)
}
