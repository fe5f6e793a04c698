package event

// PersonalBestReachedV1 tells that a scan scored higher than each earlier one of its user on the board.
// Id: (type, board, scan id).
type PersonalBestReachedV1 struct {
	UID    string `json:"uid"`
	ScanID string `json:"scanId"`
	Board  string `json:"board"`
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

// Validate requires uid, scanId and board.
func (e PersonalBestReachedV1) Validate() error {
	return require("uid", e.UID, "scanId", e.ScanID, "board", e.Board)
}
