package erasure_test

import (
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/account"
)

// The erasure frees the user's name and the one they gave up before: nothing of them is kept, a
// reservation neither.
func TestErase_freesNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	take := func(uid, name string) int {
		return w.Ask(uid, http.MethodPut, "/v1/me/username", `{"username":"`+name+`"}`).Status
	}
	w.Register(ada, "adas-phone")
	w.Register(bob, "bobs-phone")
	for _, name := range []string{"lovelace", "countess"} {
		if got := take(ada, name); got != http.StatusOK {
			t.Fatalf("take %s: %d", name, got)
		}
	}
	for _, name := range []string{"lovelace", "countess"} {
		if got := take(bob, name); got != http.StatusConflict {
			t.Errorf("before the erasure bob takes %s: %d", name, got)
		}
	}

	path := w.request(t, ada)
	w.erase(t)
	w.finish(t)
	for _, s := range w.readReceipt(t, path).Stores {
		if s.Store == "usernames" && (s.Deleted != 2 || s.Left != 0) {
			t.Errorf("receipt: %+v", s)
		}
	}
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if got := take(bob, "lovelace"); got != http.StatusOK {
		t.Errorf("bob takes the name that was given up: %d", got)
	}
	w.Advance(account.RenameCooldown)
	if got := take(bob, "countess"); got != http.StatusOK {
		t.Errorf("bob takes the name: %d", got)
	}
}
