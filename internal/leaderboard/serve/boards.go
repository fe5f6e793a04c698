package serve

import (
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
)

// boardView says what a board counts. The times are absent for a board of all times.
type boardView struct {
	ID       string           `json:"id"`
	Division account.Division `json:"division"`
	// Span is "all", "week" or "day".
	Span string `json:"span"`
	// Period is "all", an ISO week or a day.
	Period string `json:"period"`
	// BeginsAt and EndsAt bound the times at which its photos were taken. ClosesAt is when late scans
	// stop counting, and ExpiresAt when the board is gone.
	BeginsAt  string `json:"beginsAt,omitempty"`
	EndsAt    string `json:"endsAt,omitempty"`
	ClosesAt  string `json:"closesAt,omitempty"`
	ExpiresAt string `json:"expiresAt,omitempty"`
}

func newBoardView(b leaderboard.Board) boardView {
	v := boardView{ID: b.ID(), Division: b.Division, Span: "all", Period: b.Period.String()}
	if !b.Period.Always() {
		v.Span = "week"
		if b.Period.End().Sub(b.Period.Begin()) <= 24*time.Hour {
			v.Span = "day"
		}
		v.BeginsAt, v.EndsAt = httpapi.Time(b.Period.Begin()), httpapi.Time(b.Period.End())
		v.ClosesAt, v.ExpiresAt = httpapi.Time(b.Period.Closes()), httpapi.Time(b.Period.Expires())
	}
	return v
}

// divisions are the divisions that have boards.
var divisions = []account.Division{leaderboard.Overall, account.Women, account.Men}

// list answers with the boards of the present: all time, this week and this day of each division.
func (h *Handler) list(w http.ResponseWriter, _ *http.Request) error {
	l := httpapi.List[boardView]{Items: []boardView{}}
	for _, division := range divisions {
		for _, period := range leaderboard.Current(h.Now()) {
			l.Items = append(l.Items, newBoardView(leaderboard.Board{Division: division, Period: period, Major: h.Major}))
		}
	}
	return httpapi.Write(w, http.StatusOK, l)
}

// archives answers with the boards of the weeks or days that have ended and can still be read,
// newest first.
func (h *Handler) archives(w http.ResponseWriter, r *http.Request) error {
	division, err := httpapi.EnumParam(
		r, "division", string(leaderboard.Overall), string(account.Women), string(account.Men),
	)
	if err != nil {
		return err
	}
	length, err := httpapi.EnumParam(r, "period", "week", "day")
	if err != nil {
		return err
	}
	of := leaderboard.Week
	if length == "day" {
		of = leaderboard.Day
	}
	l := httpapi.List[boardView]{Items: []boardView{}}
	for p := of(of(h.Now()).Begin().Add(-time.Second)); !p.Gone(h.Now()); p = of(p.Begin().Add(-time.Second)) {
		b := leaderboard.Board{Division: account.Division(division), Period: p, Major: h.Major}
		l.Items = append(l.Items, newBoardView(b))
	}
	return httpapi.Write(w, http.StatusOK, l)
}
