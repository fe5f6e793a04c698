package notify

import (
	"context"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
)

// Preferences are the field "notifications" of users/{uid}. It is no part of the profile: changing it touches neither
// the profile's revision nor any other field.

// PreferencesOf is what the user wants; both, until something else was said.
func PreferencesOf(u account.User) account.Notifications {
	if u.Notifications == nil {
		return account.Notifications{Push: true, Email: true}
	}
	return *u.Notifications
}

// preferencesBody is preferences in JSON; both members must be given.
type preferencesBody struct {
	Push  bool `json:"push"  required:"true"`
	Email bool `json:"email" required:"true"`
}

func (b *Inbox) getPreferences(w http.ResponseWriter, r *http.Request) error {
	var wants account.Notifications
	err := b.run(r, func(_ context.Context, _ *firestore.Transaction, who caller) error {
		wants = PreferencesOf(who.User)
		return nil
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, preferencesBody(wants))
}

func (b *Inbox) putPreferences(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[preferencesBody](w, r)
	if err != nil {
		return err
	}
	err = b.run(r, func(_ context.Context, tx *firestore.Transaction, who caller) error {
		return tx.Update(who.ref, []firestore.Update{{Path: "notifications", Value: account.Notifications(body)}})
	})
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, body)
}
