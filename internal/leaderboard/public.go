package leaderboard

import (
	"time"

	"github.com/facescan/facescan/internal/account"
)

// What makes an entry public.
const (
	// publicFrom is the number of contributions, and of UTC days with one, that the first public entry
	// needs.
	publicFrom, publicDays = 3, 3
	// publicAgain is the number of contributions after the ratings were lost to a withdrawal, or
	// forgotten. Starting over would otherwise be another throw for a lucky start: if three were
	// enough, it would gain .4 of the standard deviation between people by 50 scans (TestPlans).
	publicAgain = 20
)

// Public reports whether others may see the user's entries, by the history on the all-time board of
// everybody. Until then the entries are provisional. What was struck counts, so a deletion hides
// no entry.
func Public(u account.User, h History) bool {
	count, days, last := 0, 0, time.Time{}
	for _, c := range h {
		n := c.number()
		count += n
		if n > 0 && !c.day().Equal(last) {
			days++
			last = c.day()
		}
	}
	if u.Renewed() || !u.Leaderboard.ForgottenAt.IsZero() {
		return count >= publicAgain
	}
	return count >= publicFrom && days >= publicDays
}
