package leaderboard

import (
	"time"

	"github.com/facescan/facescan/internal/account"
)

func (c Contribution) When() time.Time { return c.CompletedAt }
func (h History) Between(from, to time.Time) (part History) {
	for _, c := range h {
		if !c.When().Before(from) && c.When().Before(to) {
			part = append(part, c)
		}
	}
	return part
}
func (h History) Error() float64 { return 5 }
func Public(u account.User, h History) bool {
	days := map[time.Time]bool{}
	for _, c := range h {
		days[c.day()] = true
	}
	if u.Consent.Since > 1 {
		return len(h) >= 20
	}
	return len(h) >= 3 && len(days) >= 3
}
