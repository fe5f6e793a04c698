package event

// PersonalBestReachedV1 reports that a scan, or the mean of a series, scored higher on the board
// than all earlier ones of its user. Id: (type, board, id of the scan or series).
type PersonalBestReachedV1 struct {
	UID string `json:"uid"`
	// ScanID is the scan's id, "" for a series. SeriesID is the series' id, "" for a scan.
	ScanID   string `json:"scanId,omitempty"`
	SeriesID string `json:"seriesId,omitempty"`
	// Revision is the revision of the series, 0 for a scan.
	Revision int64  `json:"revision,omitempty"`
	Board    string `json:"board"`
	// ConsentEpoch is the epoch of the user's consent that the scan was made under.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Score is the scan's symmetry score, a percentile of the reference portraits, 0-100.
	Score float64 `json:"score"`
	// Interval is the interval of the score. It is nil also if the best is an earlier scan that was
	// counted late.
	*Interval
	// Previous is the highest score before it.
	Previous float64 `json:"previous"`
}

// EventType returns "personal-best.reached.v1".
func (PersonalBestReachedV1) EventType() string { return "personal-best.reached.v1" }

// Validate requires uid, board and scanId or seriesId.
func (e PersonalBestReachedV1) Validate() error {
	return require("uid", e.UID, "scanId", e.ScanID+e.SeriesID, "board", e.Board)
}
