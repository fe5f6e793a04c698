package notify

import "github.com/facescan/facescan/internal/account"

// Preferences returns the user's preferences. By default both channels are on. They are the field
// "notifications" of users/{uid} and not part of the profile: changing them affects neither the
// profile's revision nor any other field.
func Preferences(u account.User) account.Notifications {
	if u.Notifications == nil {
		return account.Notifications{Push: true, Email: true}
	}
	return *u.Notifications
}
