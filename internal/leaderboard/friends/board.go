package friends

import (
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard/boards"
)

// boardView is the part of a board that the caller and their friends are on.
type boardView struct {
	Board string       `json:"board"`
	Items []boards.Row `json:"items"`
	Total int64        `json:"total"`
	// CountedAt is when the board was read.
	CountedAt string `json:"countedAt"`
}

// board answers with the ranks of the caller and their friends among each other.
func (h *Handler) board(w http.ResponseWriter, r *http.Request) error {
	ctx, caller := r.Context(), account.Caller(r)
	b, err := boards.Find(r.PathValue("board"), h.Major, h.Now())
	if err != nil {
		return err
	}
	if _, err := account.GetActive(ctx, h.Firestore, caller); err != nil {
		return err
	}
	uids, err := Of(ctx, h.Firestore, caller)
	if err != nil {
		return err
	}
	reader := boards.Reader{Firestore: h.Firestore, Now: h.Now}
	p, err := reader.Among(ctx, b, caller, append(uids, caller))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, boardView{
		Board: b.ID(), Items: p.Rows, Total: p.Total, CountedAt: httpapi.Time(p.AsOf),
	})
}
