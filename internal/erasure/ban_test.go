package erasure_test

import (
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
)

// A ban reaches Firebase by an event, which may come late, again, or after the ban was lifted.
func TestBan(t *testing.T) {
	t.Parallel()
	for name, lifted := range map[string]bool{"in force": false, "lifted meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Register(ada, "token-of-ada")
			accounts := account.New(w.Firestore, w.Outbox, w.Acts, w.Clock)
			if err := accounts.EndSignIns(t.Context(), ada, account.Banned); err != nil {
				t.Fatal(err)
			}
			if lifted {
				if err := accounts.Unban(t.Context(), ada, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			w.erase(t)
			user, err := w.Users.GetUser(t.Context(), ada)
			if err != nil || disabled(user) == lifted {
				t.Errorf("disabled at Firebase: %v, %v", disabled(user), err)
			}
		})
	}
}

func disabled(u *auth.UserRecord) bool { return u != nil && u.Disabled }
