package account_test

import (
	"context"
	"errors"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestEnter(t *testing.T) {
	t.Parallel()
	const uid, epoch = account.UID("u"), 3
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	enter := func(pass func(tx *firestore.Transaction) (account.User, error)) (u account.User, err error) {
		err = fs.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) (err error) {
			u, err = pass(tx)
			return err
		})
		return u, err
	}
	tests := []struct {
		name            string
		user            *account.User
		admitted, inUse bool
	}{
		{"no user", nil, false, false},
		{"being erased", &account.User{
			State: account.Erasing, ConsentEpoch: epoch, Consent: account.Consent{Granted: true},
		}, false, false},
		{"without consent", &account.User{State: account.Active, ConsentEpoch: epoch}, false, true},
		{"under another consent", &account.User{
			State: account.Active, ConsentEpoch: epoch + 1, Consent: account.Consent{Granted: true},
		}, false, true},
		{"under the consent", &account.User{
			State: account.Active, ConsentEpoch: epoch, Consent: account.Consent{Granted: true},
		}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.user != nil {
				tt.user.UID = uid
				if _, err := account.Ref(fs, uid).Set(t.Context(), tt.user); err != nil {
					t.Fatal(err)
				}
			}
			check := func(fence string, u account.User, err error, admits bool) {
				t.Helper()
				switch {
				case admits && (err != nil || u.UID != uid || u.ConsentEpoch != tt.user.ConsentEpoch):
					t.Errorf("%s = %+v, %v, want the user", fence, u, err)
				case !admits && (!errors.Is(err, account.ErrClosed) || u.UID != ""):
					t.Errorf("%s = %+v, %v, want no user and ErrClosed", fence, u, err)
				}
			}
			u, err := enter(func(tx *firestore.Transaction) (account.User, error) {
				return account.Enter(tx, fs, uid, epoch)
			})
			check("Enter", u, err, tt.admitted)
			u, err = enter(func(tx *firestore.Transaction) (account.User, error) {
				return account.EnterActive(tx, fs, uid)
			})
			check("EnterActive", u, err, tt.inUse)
		})
	}
}
