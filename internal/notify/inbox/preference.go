package inbox

import (
	"context"
	"net/http"
	"reflect"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/transact"
)

func (h *Handler) getPreferences(w http.ResponseWriter, r *http.Request) error {
	user, err := account.GetActive(r.Context(), h.Firestore, account.Caller(r))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, notify.SettingsOf(user))
}

type preferencesRequest struct {
	Push  bool `json:"push"  required:"true"`
	Email bool `json:"email" required:"true"`
}

// putPreferences sets both channels and leaves the rest, which earlier apps do not know.
func (h *Handler) putPreferences(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[preferencesRequest](w, r)
	if err != nil {
		return err
	}
	return h.writePreferences(w, r, func(p account.Notifications) (account.Notifications, error) {
		p.Push, p.Email = body.Push, body.Email
		return p, nil
	})
}

func (h *Handler) patchPreferences(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[preferencesPatch](w, r)
	if err != nil {
		return err
	}
	return h.writePreferences(w, r, body.apply)
}

// writePreferences changes the caller's preferences and answers all of them.
func (h *Handler) writePreferences(
	w http.ResponseWriter, r *http.Request, change func(account.Notifications) (account.Notifications, error),
) error {
	user, err := h.prefer(r.Context(), account.Caller(r), change)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, notify.SettingsOf(user))
}

// prefer changes the user's preferences, and returns the user with the new ones. Like all changes
// of users/{uid} it reads without a lock and writes on a condition.
func (h *Handler) prefer(
	ctx context.Context, uid account.UID, change func(account.Notifications) (account.Notifications, error),
) (user account.User, err error) {
	ref := account.Ref(h.Firestore, uid)
	err = transact.Do(ctx, h.Firestore, ref, func(ctx context.Context) error {
		snap, err := ref.Get(ctx)
		if user, err = account.DecodeActive(ctx, snap, err); err != nil {
			return err
		}
		was := notify.Preferences(user)
		wants, err := change(was)
		if err != nil || reflect.DeepEqual(was, wants) {
			return err
		}
		user.Notifications = &wants
		_, err = ref.Update(
			ctx, []firestore.Update{{Path: "notifications", Value: wants}}, firestore.LastUpdateTime(snap.UpdateTime),
		)
		return err
	})
	return user, err
}
