package serve

import (
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
)

// forget answers DELETE /v1/leaderboards/me.
func (h *Handler) forget(w http.ResponseWriter, r *http.Request) error {
	if err := leaderboard.Forget(r.Context(), h.Firestore, account.Caller(r), h.Now()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
