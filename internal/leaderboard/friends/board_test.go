package friends

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/leaderboard"
)

// rate saves a user who takes part, with n scans of the score on as many days.
func (b *bench) rate(uid account.UID, score float64, n int) {
	b.t.Helper()
	u := account.User{
		Schema: 1, UID: uid, State: account.Active, Username: "name-of-" + string(uid), ConsentEpoch: 1,
		Consent: account.Consent{Granted: true, Version: "v1", Since: 1}, Leaderboard: account.Leaderboard{OptIn: true},
	}
	b.save(u)
	var h leaderboard.History
	for i := range n {
		id := fmt.Sprintf("%s-%d", uid, i)
		h = h.Add(leaderboard.Contribution{ScanID: id, Score: score, CompletedAt: noon.AddDate(0, 0, -i)})
	}
	err := b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		before, err := leaderboard.ReadRating(tx, b.fs, u, 1)
		if err != nil {
			return err
		}
		return leaderboard.Save(tx, b.fs, u, before, h, b.now)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) board(uid account.UID) (rows []string) {
	b.t.Helper()
	v := decode[boardView](b.t, b.want(http.StatusOK, uid, http.MethodGet, "/v1/leaderboards/symmetry/friends", ""))
	for _, r := range v.Items {
		rows = append(rows, fmt.Sprintf("%d %s %v", r.Rank, r.Username, r.Me))
	}
	if v.Total != int64(len(rows)) {
		b.t.Errorf("total %d of %v", v.Total, rows)
	}
	return rows
}

// takePart sets the user's choice, of which no event has come yet.
func (b *bench) takePart(uid account.UID, in bool) {
	b.t.Helper()
	optIn := []firestore.Update{{Path: "leaderboard.optIn", Value: in}}
	if _, err := account.Ref(b.fs, uid).Update(b.t.Context(), optIn); err != nil {
		b.t.Fatal(err)
	}
}

func TestBoard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rate("ada", 60, 3)
	b.rate("stranger", 99, 3)
	want := func(what string, rows ...string) {
		t.Helper()
		if diff := cmp.Diff(rows, b.board("ada")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	want("alone", "1 name-of-ada true")
	b.rate("best", 90, 3)
	b.rate("equal", 60, 3)
	b.rate("beginner", 95, 1)
	ids := map[account.UID]string{}
	for _, uid := range []account.UID{"best", "equal", "beginner"} {
		ids[uid] = b.befriend("ada", uid)
	}
	want("with friends, of whom one has one scan", "1 name-of-best false", "2 name-of-ada true", "2 name-of-equal false")
	b.takePart("best", false)
	want("after the first has opted out, before the event", "1 name-of-ada true", "1 name-of-equal false")
	b.takePart("best", true)
	b.want(http.StatusNoContent, "best", http.MethodPost, root+"/"+ids["best"]+"/block", "")
	want("blocked by one", "1 name-of-ada true", "1 name-of-equal false")
	b.takePart("equal", false)
	want("after the other has opted out", "1 name-of-ada true")
	b.refused(fault.CodeNotFound, "ada", http.MethodGet, "/v1/leaderboards/friends/friends", "")
	b.refused(fault.CodeNotRegistered, "nobody", http.MethodGet, "/v1/leaderboards/symmetry/friends", "")
}
