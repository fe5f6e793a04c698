package notify

import "github.com/facescan/facescan/internal/account"

// Preferences returns what the user wants: both channels, until something else was said. They are
// the field "notifications" of users/{uid} and no part of the profile: changing them touches
// neither the profile's revision nor any other field.
func Preferences(u account.User) account.Notifications {
	if u.Notifications == nil {
		return account.Notifications{Push: true, Email: true}
	}
	return *u.Notifications
}
