package erasure_test

import (
	"net/http"
	"testing"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/audit"
)

// A ban reaches Firebase by an event, which may come late, again, or after the ban was lifted.
func TestBan(t *testing.T) {
	t.Parallel()
	for name, lifted := range map[string]bool{"in force": false, "lifted meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Register(ada, "token-of-ada")
			w.stand(t, ada, standing.Ban, "abuse")
			if lifted {
				w.stand(t, ada, standing.Lift, "mistake")
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

// stand has the operator do the action to the user's account.
func (w *world) stand(t *testing.T, uid account.UID, do standing.Action, reason string) {
	t.Helper()
	desk := standing.Desk{Firestore: w.Firestore, Outbox: w.Outbox, Acts: w.Acts, Now: w.Clock}
	done, err := desk.Change(t.Context(), standing.Order{UID: uid, Do: do, Reason: reason, By: audit.Operator})
	if err != nil || !done.Changed {
		t.Fatalf("%s: %+v, %v", do, done, err)
	}
}

// A lifted ban has Firebase enable the user again, but not one whose account is being erased.
func TestBan_isLiftedAtFirebase(t *testing.T) {
	t.Parallel()
	for name, erased := range map[string]bool{"and the account stays": false, "and the account is being erased": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Register(ada, "token-of-ada")
			w.stand(t, ada, standing.Ban, "fraud")
			w.erase(t)
			w.stand(t, ada, standing.Lift, "appeal")
			if erased {
				w.request(t, ada)
			}
			w.erase(t)
			user, err := w.Users.GetUser(t.Context(), ada)
			if err != nil || disabled(user) != erased {
				t.Errorf("disabled at Firebase: %v, %v", disabled(user), err)
			}
		})
	}
}

// A user who is banned gets the link in a mail, and leaves by it. So does one in quarantine, by the
// app.
func TestErase_ofWhoIsShutOut(t *testing.T) {
	t.Parallel()
	t.Run("a banned user, by a link", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Register(ada, "token-of-ada")
		w.stand(t, ada, standing.Ban, "abuse")
		w.erase(t)
		if status, _, _ := w.call(t, http.MethodGet, "/v1/me", ada); status != http.StatusForbidden {
			t.Errorf("GET /v1/me: %d", status)
		}
		receipt := w.confirm(t, w.link(t, ada))
		w.erase(t)
		w.finish(t)
		w.wantErased(t, receipt)
	})
	t.Run("a user who is disabled for another reason gets none", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Register(ada, "token-of-ada")
		if _, err := w.Users.UpdateUser(t.Context(), ada, new(auth.UserToUpdate).Disabled(true)); err != nil {
			t.Fatal(err)
		}
		user, err := w.Users.GetUser(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		mails := len(w.Mail.Messages())
		if status, body := w.askLink(t, user.Email); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, body)
		}
		if sent := len(w.Mail.Messages()); sent != mails {
			t.Errorf("%d mails were sent", sent-mails)
		}
	})
	t.Run("a user in quarantine, by the app", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Register(ada, "token-of-ada")
		w.stand(t, ada, standing.Quarantine, "under_age")
		receipt := w.request(t, ada)
		w.erase(t)
		w.finish(t)
		w.wantErased(t, receipt)
	})
}
