package event

import "time"

// RankChangedV1 reports to a user who asked for it that their rank on a board is another than the
// one they were last told. There is at most one a day. Id: (type, board, uid, UTC day).
type RankChangedV1 struct {
	UID   string `json:"uid"`
	Board string `json:"board"`
	// ConsentEpoch is the epoch of the user's consent at the time.
	ConsentEpoch int64 `json:"consentEpoch"`
	// Rank counts from 1, and Previous is the one that the user was told before.
	Rank     int64 `json:"rank"`
	Previous int64 `json:"previous"`
	// RankLow and RankHigh are the ranks of ratings 1.96 standard errors above and below the user's.
	RankLow  int64 `json:"rankLow"`
	RankHigh int64 `json:"rankHigh"`
	// Total is the number of entries of the board, and AsOf the moment at which they were counted.
	Total int64     `json:"total"`
	AsOf  time.Time `json:"asOf"`
}

// EventType returns "rank-changed.v1".
func (RankChangedV1) EventType() string { return "rank-changed.v1" }

// Validate requires uid and board.
func (e RankChangedV1) Validate() error { return require("uid", e.UID, "board", e.Board) }
