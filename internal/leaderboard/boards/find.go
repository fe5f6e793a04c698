package boards

import (
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
)

// Main is what the API calls the board of all users and all times of the current engine.
const Main = "symmetry"

// Find returns the board that the API calls by the name: a board's id, or [Main]. major is the
// current engine's major version. The error is not_found for a board that never was, and board_gone
// for one that is not kept any more.
func Find(name string, major int, now time.Time) (leaderboard.Board, error) {
	if name == Main {
		return leaderboard.AllTime(major), nil
	}
	b, ok := leaderboard.ParseBoard(name)
	if !ok || b.Major > major || b.Period.Begin().After(now) {
		return b, fault.New(fault.CodeNotFound, "There is no such leaderboard.")
	}
	if b.Period.Gone(now) {
		return b, fault.New(fault.CodeBoardGone, "This leaderboard was kept until %s.", httpapi.Time(b.Period.Expires()))
	}
	return b, nil
}
