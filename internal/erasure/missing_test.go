package erasure_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/testkit"
)

const day = 24 * time.Hour

// search is a world with the search for missing users, whose way to Firebase Auth can be broken.
type search struct {
	*world
	auth    *emulatortest.AuthFront
	missing *erasure.Missing
}

func newSearch(t *testing.T) *search {
	t.Helper()
	front := emulatortest.NewAuthFront(t)
	s := &search{world: newWorldOf(t, usertest.Options{Auth: front}), auth: front}
	var err error
	opts := erasure.MissingOptions{Key: testkit.Ring(keys.ForReceipts), Acts: s.Acts, Now: s.Clock}
	s.missing, err = erasure.NewMissing(s.Firestore, s.Outbox, s.Users, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// look sweeps once and wants that to come to this.
func (s *search) look(t *testing.T, want erasure.Looks) {
	t.Helper()
	got, err := s.missing.Look(t.Context())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("sweep: %v (-want +got):\n%s", err, diff)
	}
}

func TestMissing_isErasedAfterTheSecondLook(t *testing.T) {
	t.Parallel()
	s := newSearch(t)
	s.seed(t, ada)
	s.seed(t, bob)
	bobs := s.Mentions(bob)
	s.look(t, erasure.Looks{Users: 5}) // these two and those in their circles
	mails := len(s.Mail.Messages())
	s.deleteAtFirebase(t, ada)

	s.Advance(day - time.Second)
	s.look(t, erasure.Looks{}) // each user is looked for once a day
	s.Advance(time.Second)
	s.look(t, erasure.Looks{Users: 5, Missing: 1})
	if u := s.User(ada); u.State != account.Active || !u.MissingSince.Equal(s.Clock().Truncate(time.Microsecond)) {
		t.Errorf("after the first look: %+v", u)
	}
	s.Advance(day - time.Second)
	s.look(t, erasure.Looks{})
	s.Advance(time.Second)
	s.look(t, erasure.Looks{Users: 5, Begun: 1})
	if u := s.User(ada); u.State != account.Erasing || !u.MissingSince.IsZero() {
		t.Errorf("after the second look: %+v", u)
	}
	s.look(t, erasure.Looks{})
	s.erase(t)
	if left := s.Mentions(ada); !slices.Equal(left, []string{"erasures/" + ada, "users/" + ada}) {
		t.Errorf("left after the first sweep: %q", left)
	}
	s.finish(t)
	if left := s.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if sent := len(s.Mail.Messages()); sent != mails {
		t.Errorf("%d mails, to an address that nobody has", sent-mails)
	}
	receipts, err := s.Firestore.Collection("erased").Documents(t.Context()).GetAll()
	if err != nil || len(receipts) != 1 {
		t.Errorf("%d receipts, %v", len(receipts), err)
	}
	if diff := cmp.Diff(lasting(bobs), lasting(s.Mentions(bob))); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
	if u := s.User(bob); u.State != account.Active || !u.MissingSince.IsZero() {
		t.Errorf("another user: %+v", u)
	}
}

// No user is erased whom Firebase has at either look.
func TestMissing_whoIsThere(t *testing.T) {
	t.Parallel()
	again := func(t *testing.T, s *search) {
		t.Helper()
		if _, err := s.Users.CreateUser(t.Context(), (&auth.UserToCreate{}).UID(ada).Email(usertest.Email(ada))); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		// first is before the first look, second between both.
		first, second func(*testing.T, *search)
		missing       int
	}{
		"who is disabled": {func(t *testing.T, s *search) {
			t.Helper()
			if _, err := s.Users.UpdateUser(t.Context(), ada, new(auth.UserToUpdate).Disabled(true)); err != nil {
				t.Fatal(err)
			}
		}, func(*testing.T, *search) {}, 0},
		"who was brought back between the looks": {
			func(t *testing.T, s *search) { t.Helper(); s.deleteAtFirebase(t, ada) }, again, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSearch(t)
			s.Register(ada, "adas-phone")
			tt.first(t, s)
			s.look(t, erasure.Looks{Users: 1, Missing: tt.missing})
			tt.second(t, s)
			for range 3 {
				s.Advance(day)
				if _, err := s.missing.Look(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if u := s.User(ada); u.State != account.Active || !u.MissingSince.IsZero() {
				t.Errorf("user = %+v", u)
			}
		})
	}
}

// A person who registers again with the same address is another user.
func TestMissing_sameAddressAnotherUser(t *testing.T) {
	t.Parallel()
	s := newSearch(t)
	s.MoveIn(ada, byBoth, "adas-phone")
	s.deleteAtFirebase(t, ada)
	s.look(t, erasure.Looks{Users: 1, Missing: 1})
	const again = "ada-again-0123456789"
	user := new(auth.UserToCreate).UID(again).Email(usertest.Email(ada)).EmailVerified(true)
	_, err := s.Users.CreateUser(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	s.Do(again, http.MethodPost, "/v1/auth/register", `{}`)
	s.Advance(day)
	s.look(t, erasure.Looks{Users: 2, Begun: 1})
	s.erase(t)
	s.finish(t)
	if left := s.Mentions(ada); len(left) > 0 {
		t.Errorf("left of the user before: %q", left)
	}
	if u := s.User(again); u.State != account.Active {
		t.Errorf("the user after = %+v", u)
	}
	if u, err := s.Users.GetUser(t.Context(), again); err != nil || u.Disabled {
		t.Errorf("the Firebase user after = %+v, %v", u, err)
	}
	for _, m := range s.Mail.Messages() {
		t.Errorf("a mail to %q, who is somebody else", m.To)
	}
}

// Whatever is wrong with the answer, no user is taken for gone, at neither look; and as soon as it
// is right, the search goes on.
func TestMissing_whenFirebaseAuthIsNotToBeHad(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"it is unavailable":              {http.StatusServiceUnavailable, `{"error":{"code":503,"message":"UNAVAILABLE"}}`},
		"it refuses":                     {http.StatusForbidden, `{"error":{"code":403,"message":"PERMISSION_DENIED"}}`},
		"the quota is used up":           {http.StatusTooManyRequests, `{"error":{"code":429,"message":"QUOTA_EXCEEDED"}}`},
		"it is broken":                   {http.StatusInternalServerError, "oops"},
		"the project is not there":       {http.StatusNotFound, `{"error":{"code":404,"message":"CONFIGURATION_NOT_FOUND"}}`},
		"a proxy answers":                {http.StatusOK, "<html>maintenance</html>"},
		"the answer is empty":            {http.StatusOK, ""},
		"the answer is of another shape": {http.StatusOK, `{"users":"none"}`},
		"the answer breaks off":          {http.StatusOK, `{"users":[{"localId":"ad`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSearch(t)
			s.Register(ada, "adas-phone")
			s.Register(bob, "bobs-phone")
			s.deleteAtFirebase(t, bob)
			for _, want := range []erasure.Looks{{Users: 2, Missing: 1}, {Users: 2, Begun: 1}} {
				s.auth.Answer(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", "3600") // later than the client waits
					w.WriteHeader(answer.status)
					_, _ = io.WriteString(w, answer.body)
				})
				before := s.noted(t)
				if looks, err := s.missing.Look(t.Context()); err == nil || looks != (erasure.Looks{}) {
					t.Errorf("sweep: %+v, %v", looks, err)
				}
				if diff := cmp.Diff(before, s.noted(t)); diff != "" {
					t.Errorf("users (-before +after):\n%s", diff)
				}
				s.auth.Answer(nil)
				s.look(t, want)
				s.Advance(day)
			}
			want := map[string]string{ada: "active", bob: "erasing"}
			if diff := cmp.Diff(want, s.noted(t)); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
		})
	}
}

// noted says of each user the state, and whether they are noted as missing.
func (s *search) noted(t *testing.T) map[string]string {
	t.Helper()
	snaps, err := s.Firestore.Collection("users").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, snap := range snaps {
		u := s.User(snap.Ref.ID)
		all[snap.Ref.ID] = string(u.State)
		if !u.MissingSince.IsZero() {
			all[snap.Ref.ID] += ", missing"
		}
	}
	return all
}

// An answer that lacks a user is not believed until they are asked for by themselves.
func TestMissing_whenAPageIsCut(t *testing.T) {
	t.Parallel()
	s := newSearch(t)
	s.Register(ada, "adas-phone")
	s.Register(bob, "bobs-phone")
	s.deleteAtFirebase(t, bob)
	s.auth.Answer(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.Count(string(body), "-0123456789") > 1 {
			_, _ = io.WriteString(w, `{"kind":"identitytoolkit#GetAccountInfoResponse"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.auth.Pass(w, r)
	})
	s.look(t, erasure.Looks{Users: 2, Missing: 1})
	want := map[string]string{ada: "active", bob: "active, missing"}
	if diff := cmp.Diff(want, s.noted(t)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

// crowd registers so many users, by copies of the document of one who did, and has Firebase know
// those that it should.
func (s *search) crowd(t *testing.T, n int, known func(i int) bool) {
	t.Helper()
	s.Register(ada, "adas-phone")
	s.deleteAtFirebase(t, ada)
	one, err := account.Ref(s.Firestore, ada).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	document, writer := one.Data(), s.Firestore.BulkWriter(t.Context())
	var people []*auth.UserToImport
	for i := range n {
		uid := fmt.Sprintf("user-%04d", i)
		document["uid"] = uid
		if _, err := writer.Create(account.Ref(s.Firestore, account.UID(uid)), document); err != nil {
			t.Fatal(err)
		}
		if known(i) {
			people = append(people, new(auth.UserToImport).UID(uid))
		}
	}
	writer.End()
	if _, err := account.Ref(s.Firestore, ada).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(people, 1000) {
		if _, err := s.Users.ImportUsers(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMissing_pageByPage(t *testing.T) {
	t.Parallel()
	const more = 37
	pass := erasure.LookPage * erasure.LookPages
	s := newSearch(t)
	gone := func(i int) bool { return i%100 == 7 }
	s.crowd(t, pass+more, func(i int) bool { return !gone(i) })
	s.look(t, erasure.Looks{Users: pass, Missing: erasure.LookPages})
	s.look(t, erasure.Looks{Users: more, Missing: 1})
	s.look(t, erasure.Looks{}) // the pass is over
	s.Advance(day)
	// Who is noted is not looked for in the pass, too.
	due := erasure.LookPages + 1
	s.look(t, erasure.Looks{Users: due + pass - erasure.LookPages, Begun: due})
	s.look(t, erasure.Looks{Users: more - 1})
	for uid, state := range s.noted(t) {
		i, err := strconv.Atoi(strings.TrimPrefix(uid, "user-"))
		want := "active"
		if gone(i) {
			want = "erasing"
		}
		if err != nil || state != want {
			t.Errorf("%s is %s, want %s", uid, state, want)
		}
	}
}

// A pass that is interrupted goes on where it was, as another instance does.
func TestMissing_goesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := newSearch(t)
	s.crowd(t, 2*erasure.LookPage, func(int) bool { return true })
	asked := 0
	s.auth.Answer(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 1 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.auth.Pass(w, r)
	})
	if looks, err := s.missing.Look(t.Context()); err == nil || looks.Users != erasure.LookPage {
		t.Errorf("%+v, %v", looks, err)
	}
	s.auth.Answer(nil)
	s.look(t, erasure.Looks{Users: erasure.LookPage})
	s.look(t, erasure.Looks{})
}

// The database beside an Auth that has no user of it is no reason to erase everybody.
func TestMissing_nobodyOfAPage(t *testing.T) {
	t.Parallel()
	s := newSearch(t)
	s.crowd(t, erasure.LookPage+1, func(int) bool { return false })
	for range 3 {
		if looks, err := s.missing.Look(t.Context()); err == nil || looks != (erasure.Looks{}) {
			t.Errorf("%+v, %v", looks, err)
		}
		s.Advance(day)
	}
	for uid, state := range s.noted(t) {
		if state != "active" {
			t.Errorf("%s is %s", uid, state)
		}
	}
}

// Where a page begins is above the page before and not above the next, and shorter than an id where
// it can be.
func TestBetween(t *testing.T) {
	t.Parallel()
	if got := erasure.Between("V9aLmTqX", "VbQxPzRw"); got != "Vb" {
		t.Errorf("between = %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[^/]{1,20}`)
		last, next := id.Draw(t, "last"), id.Draw(t, "next")
		if last > next {
			last, next = next, last
		}
		if last == next {
			return // no two documents have one id
		}
		got := erasure.Between(last, next)
		if got <= last || got > next || !strings.HasPrefix(next, got) || !utf8.ValidString(got) {
			t.Errorf("between %q and %q is %q", last, next, got)
		}
	})
}

func TestNewMissing_refusesOddSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		wait, after string
		good        bool
	}{
		{"", "", true}, {"2s", "20s", true}, {"0s", "1s", true}, {"24h", "24h", true},
		{"-1s", "", false}, {"25h", "", false}, {"soon", "", false},
		{"", "0s", false}, {"", "-20s", false}, {"", "999ms", false},
		{"", "24h1s", false}, {"", "1d", false}, {"", "NaN", false},
	} {
		_, err := erasure.NewMissing(nil, nil, nil, erasure.MissingOptions{Wait: tt.wait, After: tt.after})
		if (err == nil) != tt.good {
			t.Errorf("wait %q, after %q: %v", tt.wait, tt.after, err)
		}
	}
}

// The scan of a user who is gone may be under way when the erasure begins, as after any other.
func TestMissing_whileAScanIsUnderWay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"before the photo is put", "during the analysis", "while the results are stored", "between commit and publish",
		"between rank and notify", "while a push is handed over", "while the scan is measured again",
	} {
		for how, pace := range paces {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				points[name].run(t, pace, (*life).goMissing)
			})
		}
	}
}

// goMissing has the account's user be found missing for the second time.
func (l *life) goMissing(t *testing.T) (receipt string) {
	t.Helper()
	if looks, err := l.missing.Look(t.Context()); err != nil || looks.Begun != 1 {
		t.Fatalf("%+v, %v", looks, err)
	}
	return ""
}
