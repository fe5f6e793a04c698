package notify

import "github.com/facescan/facescan/internal/account"

// Preferences returns the user's preferences. A user who did not set any has both channels on. They
// are the field "notifications" of users/{uid} and not part of the profile: changing them affects
// neither the profile's revision nor any other field.
func Preferences(u account.User) account.Notifications {
	if u.Notifications == nil {
		return account.Notifications{Push: true, Email: true}
	}
	return *u.Notifications
}

// Matrix returns for each kind and each of its channels whether the user has it on, leaving aside
// whether the whole channel is. What the user did not set is the kind's default, also for a kind
// that came later.
func Matrix(p account.Notifications) map[Kind]map[Channel]bool {
	all := map[Kind]map[Channel]bool{}
	for _, r := range Rules {
		all[r.Kind] = map[Channel]bool{}
		for c := range r.Defaults {
			all[r.Kind][c] = r.on(p, c)
		}
	}
	return all
}

// on reports whether the cell of the kind and channel is on.
func (r Rule) on(p account.Notifications, c Channel) bool {
	if set, ok := p.Cells[string(r.Kind)][string(c)]; ok && !r.Critical {
		return set
	}
	return r.Defaults[c]
}

// Wanted reports whether the user wants the kind by the channel: both the cell and the whole
// channel are on. Critical kinds are always wanted.
func (r Rule) Wanted(u account.User, c Channel) bool {
	p := Preferences(u)
	whole := map[Channel]bool{Push: p.Push, Email: p.Email}
	return r.Critical || whole[c] && r.on(p, c)
}

// Digests reports whether the user wants what comes at one time as one message.
func Digests(u account.User) bool {
	p := Preferences(u)
	return p.Digest == nil || *p.Digest
}
