package erasure_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator/usertest"
)

// friendsOf are the usernames in the list of the user's friends.
func (w *world) friendsOf(uid string) (names []string) {
	type list struct{ Items []struct{ Username string } }
	for _, friend := range usertest.Decode[list](w.World, w.Do(uid, http.MethodGet, friends, "")).Items {
		names = append(names, friend.Username)
	}
	return names
}

const friends = "/v1/friends"

// From the request on no friend sees the user, and their code is dead. The erasure then takes what
// others have of the user, and leaves what these have of each other.
func TestErase_takesFriendshipsOnBothSides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, uid := range []string{ada, bob} {
		w.MoveIn(uid, byBoth, "token-of-"+uid)
		w.circle(uid)
	}
	w.Befriend(ada, bob)
	code := usertest.Decode[struct{ Code string }](w.World, w.Do(ada, http.MethodGet, friends+"/code", ""))
	if got := w.friendsOf(cora); len(got) != 2 {
		t.Errorf("cora's friends: %q", got)
	}
	w.request(t, ada)
	for uid, want := range map[string]string{cora: usertest.Username(bob), bob: ""} { // cora has no name
		if got := w.friendsOf(uid); !slices.Equal(got, []string{want}) {
			t.Errorf("friends of %s once the erasure is asked for: %q, want %q", uid, got, want)
		}
	}
	if a := w.Ask(dan, http.MethodPost, friends, `{"code":"`+code.Code+`"}`); a.Status != http.StatusNotFound {
		t.Errorf("the code once the erasure is asked for: %d %s", a.Status, a.Body)
	}
	w.erase(t)
	w.finish(t)
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	for collection, want := range map[string]int{"friends": 2, "blocked": 2} {
		if got := collectionsOf(w.Mentions(bob))[collection]; got != want {
			t.Errorf("%d %s mention bob, want %d", got, collection, want)
		}
	}
	if got := w.friendsOf(cora); len(got) != 1 || got[0] != usertest.Username(bob) {
		t.Errorf("cora's friends afterwards: %q", got)
	}
}

// Whom the user knows is nothing that was made under the consent.
func TestWithdrawal_leavesFriends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.MoveIn(ada, byBoth, "token-of-ada")
	w.circle(ada)
	had := collectionsOf(w.Mentions(ada))
	w.Withdraw(ada)
	w.erase(t)
	w.finish(t)
	has := collectionsOf(w.Mentions(ada))
	for _, collection := range []string{"friends", "blocked", "sharing", "friendcodes"} {
		if had[collection] == 0 || has[collection] != had[collection] {
			t.Errorf("%s: %d documents, before %d", collection, has[collection], had[collection])
		}
	}
}
