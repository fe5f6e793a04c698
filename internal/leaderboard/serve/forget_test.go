package serve

import (
	"net/http"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestForget(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("u", 1, 80)
	b.rated("other", 1, 70)
	for _, time := range []string{"once", "twice"} {
		if w := b.ask(http.MethodDelete, "u", "/v1/leaderboards/me"); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
			t.Fatalf("%s: %d %s", time, w.Code, w.Body)
		}
	}
	for uid, want := range map[account.UID]bool{"u": false, "other": true} {
		rating := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(b.fs, uid).Doc(board))
		entry := emulatortest.Document[leaderboard.EntryDoc](t, leaderboard.EntryRef(b.fs, board, uid))
		user := emulatortest.Document[account.User](t, account.Ref(b.fs, uid))
		if (rating != nil) != want || (entry != nil) != want || user.Leaderboard.ForgottenAt.IsZero() != want {
			t.Errorf("%s: rating %+v, entry %+v, user %+v", uid, rating, entry, user)
		}
		if !user.Leaderboard.OptIn {
			t.Errorf("%s takes part no more", uid)
		}
	}
	if at := emulatortest.Document[account.User](t, account.Ref(b.fs, "u")).Leaderboard.ForgottenAt; at.Before(day0) {
		t.Errorf("forgotten at %v, before the scan was completed at %v", at, day0.Add(time.Hour))
	}
}

func TestForget_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	erasing := member("going")
	erasing.State = account.Erasing
	b.save(erasing)
	for _, uid := range []account.UID{"nobody", "going"} {
		if w := b.ask(http.MethodDelete, uid, "/v1/leaderboards/me"); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", uid, w.Code, w.Body)
		}
	}
}
