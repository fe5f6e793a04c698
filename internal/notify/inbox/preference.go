package inbox

import (
	"context"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/transact"
)

type preferencesRequest struct {
	Push  bool `json:"push"  required:"true"`
	Email bool `json:"email" required:"true"`
}

type preferencesView struct {
	Push  bool `json:"push"`
	Email bool `json:"email"`
}

func (h *Handler) getPreferences(w http.ResponseWriter, r *http.Request) error {
	user, err := account.GetActive(r.Context(), h.Firestore, account.Caller(r))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, preferencesView(notify.Preferences(user)))
}

func (h *Handler) putPreferences(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[preferencesRequest](w, r)
	if err != nil {
		return err
	}
	if err := h.prefer(r.Context(), account.Caller(r), account.Notifications(body)); err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, preferencesView(body))
}

// prefer writes the user's preferences. Like all changes of users/{uid} it reads without a lock and
// writes on a condition.
func (h *Handler) prefer(ctx context.Context, uid account.UID, wants account.Notifications) error {
	user := account.Ref(h.Firestore, uid)
	return transact.Do(ctx, h.Firestore, user, func(ctx context.Context) error {
		snap, err := user.Get(ctx)
		if _, err := account.DecodeActive(snap, err); err != nil {
			return err
		}
		_, err = user.Update(
			ctx, []firestore.Update{{Path: "notifications", Value: wants}}, firestore.LastUpdateTime(snap.UpdateTime),
		)
		return err
	})
}
