package erasure_test

import (
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/testkit"
)

// validAfter returns what Firebase has of the user.
func (s *search) validAfter(t *testing.T, uid string) time.Time {
	t.Helper()
	u, err := s.Users.GetUser(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(u.TokensValidAfterMillis).UTC()
}

// later waits for the second after the one that was noted of the user, and changes them.
func (s *search) later(t *testing.T, uid string, change func() error) {
	t.Helper()
	before := s.User(uid).TokensValidAfter
	testkit.Eventually(t, "a later second", func() bool { return time.Now().Unix() > before.Unix() })
	if err := change(); err != nil {
		t.Fatal(err)
	}
}

func TestMissing_tellsOfAChangedPassword(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, s *search) error{
		"the password is changed": func(t *testing.T, s *search) error {
			t.Helper()
			_, err := s.Users.UpdateUser(t.Context(), ada, new(auth.UserToUpdate).Password("battery staple"))
			return err
		},
		"the tokens are revoked": func(t *testing.T, s *search) error {
			t.Helper()
			return s.Users.RevokeRefreshTokens(t.Context(), ada)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSearch(t)
			s.Register(ada, "adas-phone")
			s.Register(bob, "bobs-phone")
			before := s.User(ada)
			s.look(t, erasure.Looks{Users: 2}) // the first time is only remembered
			s.later(t, ada, func() error { return change(t, s) })
			s.look(t, erasure.Looks{}) // each user is looked for once a day
			s.Advance(day)
			s.look(t, erasure.Looks{Users: 2, SignedOut: 1})
			s.Advance(day)
			s.look(t, erasure.Looks{Users: 2})
			at := s.validAfter(t, ada)
			want := []event.PasswordChangedV1{{UID: ada, At: at}}
			if diff := cmp.Diff(want, usertest.Told[event.PasswordChangedV1](s.World)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			after := s.User(ada)
			if !after.TokensValidAfter.Equal(at) || after.Revision != before.Revision {
				t.Errorf("the user was %+v and is %+v", before, after)
			}
		})
	}
}

// A user who is being erased, whose tokens the saga itself revokes, is told nothing.
func TestMissing_tellsNobodyWhoIsGoing(t *testing.T) {
	t.Parallel()
	s := newSearch(t)
	s.seed(t, ada)
	s.Register(bob, "bobs-phone")
	s.look(t, erasure.Looks{Users: 5})
	s.later(t, ada, func() error { s.request(t, ada); s.erase(t); return nil })
	s.Advance(day)
	s.look(t, erasure.Looks{Users: 4})
	if told := usertest.Told[event.PasswordChangedV1](s.World); len(told) > 0 {
		t.Errorf("told %+v", told)
	}
}
