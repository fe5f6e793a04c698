package notify

import (
	"context"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
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
	Push  *bool `json:"push"`
	Email *bool `json:"email"`
}

func (b preferencesBody) validate() error {
	invalid := fault.New(fault.CodeInvalidField, "The preferences are incomplete.")
	if b.Push == nil {
		_ = invalid.WithField("/push", "must be given")
	}
	if b.Email == nil {
		_ = invalid.WithField("/email", "must be given")
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
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
	return httpapi.Write(w, http.StatusOK, preferencesBody{Push: &wants.Push, Email: &wants.Email})
}

func (b *Inbox) putPreferences(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[preferencesBody](w, r)
	if err != nil {
		return err
	}
	if err := body.validate(); err != nil {
		return err
	}
	err = b.run(r, func(_ context.Context, tx *firestore.Transaction, who caller) error {
		wants := account.Notifications{Push: *body.Push, Email: *body.Email}
		return tx.Update(who.ref, []firestore.Update{{Path: "notifications", Value: wants}})
	})
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, body)
}
