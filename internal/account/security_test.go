package account_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

// accounts is the service that the routes are of.
func (w *world) accounts() *account.Service {
	return account.New(w.fs, outbox.New(w.fs, w.bus, testkit.Writer("test"), time.Now), nil, time.Now)
}

// write sets fields of the user.
func (w *world) write(t *testing.T, uid string, fields ...firestore.Update) {
	t.Helper()
	if _, err := account.Ref(w.fs, account.UID(uid)).Update(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
}

func TestNoteSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		known, seen time.Time
		state       account.State
		want        time.Time
		told        bool
	}{
		"the first of an account":        {time.Time{}, known, account.Active, known, false},
		"the same again":                 {known, known, account.Active, known, false},
		"an earlier one":                 {known, known.Add(-time.Second), account.Active, known, false},
		"none":                           {known, time.Time{}, account.Active, known, false},
		"a later one":                    {known, known.Add(time.Second), account.Active, known.Add(time.Second), true},
		"a later one of who is going":    {known, known.Add(time.Hour), account.Erasing, known, false},
		"the first one of who is going":  {time.Time{}, known, account.Erasing, time.Time{}, false},
		"none of an account without any": {time.Time{}, time.Time{}, account.Active, time.Time{}, false},
		"one of the year 1970":           {time.Time{}, time.Unix(0, 0).UTC(), account.Active, time.Unix(0, 0).UTC(), false},
	} {
		t.Run(name, func(t *testing.T) {
			uid, _ := w.registered(t, strings.ReplaceAll(name, " ", ".")+"@example.com")
			w.told(t, "account.registered.v1 "+uid)
			w.write(t, uid, firestore.Update{Path: "state", Value: tt.state}, noted(tt.known))
			before := w.user(t, uid)
			var want []string
			if tt.told {
				want = []string{"password.changed.v1 " + uid}
			}
			for i := range 2 {
				told, err := w.accounts().NoteSignOut(t.Context(), account.UID(uid), tt.seen)
				if err != nil || told != (tt.told && i == 0) {
					t.Errorf("look %d: told %v, %v", i, told, err)
				}
			}
			w.told(t, want...)
			after := w.user(t, uid)
			if !after.TokensValidAfter.Equal(tt.want) || after.Revision != before.Revision ||
				!after.UpdatedAt.Equal(before.UpdatedAt) {
				t.Errorf("the user was %+v and is %+v", before, after)
			}
		})
	}
	t.Run("of nobody", func(t *testing.T) {
		told, err := w.accounts().NoteSignOut(t.Context(), "nobody", known)
		if told || err != nil {
			t.Errorf("told %v, %v", told, err)
		}
		if _, err := account.Get(t.Context(), w.fs, "nobody"); err == nil {
			t.Error("there is a user now")
		}
	})
}

func noted(at time.Time) firestore.Update {
	if at.IsZero() {
		return firestore.Update{Path: "tokensValidAfter", Value: firestore.Delete}
	}
	return firestore.Update{Path: "tokensValidAfter", Value: at}
}

func TestNoteSignOut_tenAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, _ := w.registered(t, "ada@example.com")
	at := w.user(t, uid).TokensValidAfter.Add(time.Minute)
	counts := race(10, func(int) answer {
		told, err := w.accounts().NoteSignOut(t.Context(), account.UID(uid), at)
		if err != nil {
			t.Error(err)
		}
		if told {
			return answer{status: 1}
		}
		return answer{}
	})
	if counts[1] != 1 {
		t.Errorf("%d of 10 told it", counts[1])
	}
	w.told(t, "account.registered.v1 "+uid, "password.changed.v1 "+uid)
}

// The time is no part of what an app reads or changes: an edit leaves it alone.
func TestNoteSignOut_andAnEditAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	before := w.user(t, uid).TokensValidAfter.Add(-time.Hour) // the sign-in is later than all that is noted
	w.write(t, uid, noted(before))
	at := before.Add(time.Minute)
	race(2, func(i int) answer {
		if i == 0 {
			return w.call(t, "PATCH", "/v1/me", token, `{"displayName":"Ada"}`)
		}
		if _, err := w.accounts().NoteSignOut(t.Context(), account.UID(uid), at); err != nil {
			t.Error(err)
		}
		return answer{}
	})
	if u := w.user(t, uid); !u.TokensValidAfter.Equal(at) || u.DisplayName != "Ada" || u.Revision != 2 {
		t.Errorf("user = %+v", u)
	}
}

// From the registration on, what Firebase says later is news.
func TestRegister_knowsSinceWhenTokensAreValid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.signIn(t, "ada@example.com")
	issued, err := w.auth.VerifyIDToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	w.call(t, "POST", "/v1/auth/register", token, `{}`).want(t, http.StatusCreated)
	if got := w.user(t, uid).TokensValidAfter; got.Unix() != issued.IssuedAt {
		t.Errorf("valid after %s, want the time of the token, %d", got, issued.IssuedAt)
	}
	w.told(t, "account.registered.v1 "+uid)
	note := func() {
		t.Helper()
		user, err := w.auth.GetUser(t.Context(), uid)
		if err != nil {
			t.Fatal(err)
		}
		validAfter := time.UnixMilli(user.TokensValidAfterMillis)
		if _, err := w.accounts().NoteSignOut(t.Context(), account.UID(uid), validAfter); err != nil {
			t.Fatal(err)
		}
	}
	note()
	w.told(t)
	testkit.Eventually(t, "a later second than the token's", func() bool { return time.Now().Unix() > issued.IssuedAt })
	if _, err := w.auth.UpdateUser(t.Context(), uid, new(auth.UserToUpdate).Password("battery staple")); err != nil {
		t.Fatal(err)
	}
	note()
	w.told(t, event.PasswordChangedV1{}.EventType()+" "+uid)
}

func TestEndSignIns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		known, at time.Time
		state     account.State
		want      time.Time
		told      bool
		code      fault.Code
	}{
		"of an account that knows none": {time.Time{}, at, account.Active, at, true, ""},
		"of an account that knows one":  {at.Add(-time.Hour), at, account.Active, at, true, ""},
		"once more":                     {at, at, account.Active, at, false, ""},
		"late":                          {at.Add(time.Hour), at, account.Active, at.Add(time.Hour), false, ""},
		"of a banned user":              {at, at.Add(1), account.Banned, at, false, fault.CodeAccountBanned},
		"of one in quarantine":          {at, at.Add(time.Hour), account.Quarantined, at.Add(time.Hour), true, ""},
		"of one banned by the version before": {
			account.FormerBan, at, account.Active, account.FormerBan, false, fault.CodeAccountBanned,
		},
		"of an account under an erasure": {at, at.Add(1), account.Erasing, at, false, fault.CodeAccountErasing},
	} {
		t.Run(name, func(t *testing.T) {
			uid, _ := w.registered(t, strings.ReplaceAll(name, " ", ".")+".ends@example.com")
			w.told(t, "account.registered.v1 "+uid)
			w.write(t, uid, firestore.Update{Path: "state", Value: tt.state}, noted(tt.known))
			before := w.user(t, uid)
			err := w.accounts().EndSignIns(t.Context(), account.UID(uid), tt.at)
			if (tt.code == "") != (err == nil) || tt.code != "" && !fault.Is(err, tt.code) {
				t.Errorf("%v, want %q", err, tt.code)
			}
			var want []string
			if tt.told {
				want = []string{"sign-ins.ended.v1 " + uid}
			}
			w.told(t, want...)
			after := w.user(t, uid)
			if !after.TokensValidAfter.Equal(tt.want) || after.Revision != before.Revision {
				t.Errorf("the user was %+v and is %+v", before, after)
			}
		})
	}
	t.Run("of nobody", func(t *testing.T) {
		err := w.accounts().EndSignIns(t.Context(), "nobody", at)
		if !fault.Is(err, fault.CodeNotRegistered) {
			t.Errorf("err = %v", err)
		}
	})
}

// The time of the sign-in counts. It is the caller's alone: another user's account that is read for
// them is not asked about it.
func TestReadActive_refusesEndedSignIns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ended@example.com")
	signedIn, err := w.auth.VerifyIDToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(signedIn.AuthTime, 0).UTC()
	for name, tt := range map[string]struct {
		validAfter time.Time
		status     int
	}{
		"ended before the sign-in":     {at.Add(-time.Second), http.StatusOK},
		"ended in its second":          {at, http.StatusOK},
		"ended in the second after":    {at.Add(time.Second), http.StatusUnauthorized},
		"never":                        {time.Time{}, http.StatusOK},
		"for ever, as a ban of before": {account.FormerBan, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			w.write(t, uid, noted(tt.validAfter))
			if got := w.call(t, http.MethodGet, "/v1/me", token, ""); got.status != tt.status {
				t.Errorf("%d %s, want %d", got.status, got.body, tt.status)
			}
		})
	}
}
