package notify

import (
	"context"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/transact"
)

// Preferences are the field "notifications" of users/{uid}. It is no part of the profile: changing
// it touches neither the profile's revision nor any other field.

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
	user, err := account.GetActive(r.Context(), b.fs, account.Caller(r))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, preferencesBody(PreferencesOf(user)))
}

func (b *Inbox) putPreferences(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[preferencesBody](w, r)
	if err != nil {
		return err
	}
	if err := b.prefer(r.Context(), account.Caller(r), account.Notifications(body)); err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, body)
}

// prefer writes what the user wants. Like all that changes users/{uid} it reads without a lock and
// writes on a condition.
func (b *Inbox) prefer(ctx context.Context, uid account.UID, wants account.Notifications) error {
	user := account.Ref(b.fs, uid)
	return transact.Do(ctx, b.fs, user, func(ctx context.Context) error {
		snap, err := user.Get(ctx)
		if _, err := account.DecodeActive(snap, err); err != nil {
			return err
		}
		_, err = user.Update(ctx, []firestore.Update{{Path: "notifications", Value: wants}}, firestore.LastUpdateTime(snap.UpdateTime))
		return err
	})
}
