package notify

import (
	"cmp"

	"github.com/facescan/facescan/internal/account"
)

// Settings are a user's preferences as the user sees them, with the defaults of what they did not
// set.
type Settings struct {
	Push  bool `json:"push"`
	Email bool `json:"email"`
	// Kinds is the [Matrix].
	Kinds map[Kind]map[Channel]bool `json:"kinds"`
	// QuietHours is nil if there are none.
	QuietHours *QuietHours `json:"quietHours,omitempty"`
	Digest     bool        `json:"digest"`
	HideScore  bool        `json:"hideScore"`
}

// QuietHours are [account.QuietHours] as their user sees them. Zone is never "".
type QuietHours struct {
	From string `json:"from"`
	To   string `json:"to"`
	Zone string `json:"zone"`
}

// SettingsOf returns the user's settings.
func SettingsOf(u account.User) Settings {
	p := Preferences(u)
	s := Settings{Push: p.Push, Email: p.Email, Kinds: Matrix(p), Digest: Digests(u), HideScore: p.HideScore}
	if q := p.Quiet; q != nil {
		s.QuietHours = &QuietHours{From: q.From, To: q.To, Zone: cmp.Or(q.Zone, "UTC")}
	}
	return s
}
