package account_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
)

func TestPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	w.told(t, "account.registered.v1 "+uid)
	updated := "account.updated.v1 " + uid

	for _, step := range []struct {
		name, body, etag string
		told             []string
		path             []string
		want             any
	}{
		{"nothing changes nothing", `{}`, `"1"`, nil, []string{"displayName"}, nil},
		{"the locale is private and canonical", `{"locale":"EN-us"}`, `"2"`, nil, []string{"locale"}, "en-US"},
		{
			"the display name is seen by others", `{"displayName":"Ada 👩🏽‍💻"}`, `"3"`, []string{updated},
			[]string{"displayName"}, "Ada 👩🏽‍💻",
		},
		{
			"opting in is seen by others", `{"leaderboard":{"optIn":true}}`, `"4"`, []string{updated},
			[]string{"leaderboard", "optIn"}, true,
		},
		{
			"the same again changes nothing", `{"leaderboard":{"optIn":true},"locale":"en-US"}`, `"4"`, nil,
			[]string{"leaderboard", "optIn"}, true,
		},
		{"what is absent stays", `{"leaderboard":{}}`, `"4"`, nil, []string{"locale"}, "en-US"},
		{
			"the display name is kept without spaces at its ends, in NFC", `{"displayName":"  Zoe\u0308 "}`, `"5"`,
			[]string{updated}, []string{"displayName"}, "Zoë",
		},
		{"null clears", `{"locale":null,"displayName":null}`, `"6"`, []string{updated}, []string{"locale"}, nil},
		{
			"opting out is seen by others", `{"leaderboard":{"optIn":false}}`, `"7"`, []string{updated},
			[]string{"leaderboard", "optIn"}, false,
		},
		{
			"changes of the rank are told, which the rating follows", `{"leaderboard":{"rankEvents":true}}`, `"8"`,
			[]string{updated}, []string{"leaderboard", "rankEvents"}, true,
		},
		{
			"the same of the rank changes nothing", `{"leaderboard":{"rankEvents":true}}`, `"8"`, nil,
			[]string{"leaderboard", "rankEvents"}, true,
		},
		{
			"changes of the rank are not told any more", `{"leaderboard":{"rankEvents":false}}`, `"9"`, []string{updated},
			[]string{"leaderboard", "rankEvents"}, false,
		},
		{"photos are kept for a week", `{"keepPhotosDays":7}`, `"10"`, nil, []string{"keepPhotosDays"}, 7.0},
		{"the same week changes nothing", `{"keepPhotosDays":7}`, `"10"`, nil, []string{"keepPhotosDays"}, 7.0},
		{"photos are not kept", `{"keepPhotosDays":0}`, `"11"`, nil, []string{"keepPhotosDays"}, 0.0},
	} {
		t.Run(step.name, func(t *testing.T) {
			answer := w.call(t, "PATCH", "/v1/me", token, step.body)
			equal(t, answer.want(t, http.StatusOK), step.want, step.path...)
			if got := answer.header.Get("ETag"); got != step.etag {
				t.Errorf("ETag = %s, want %s", got, step.etag)
			}
			w.told(t, step.told...)
		})
	}
}

func TestPatch_validates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	for name, tt := range map[string]struct {
		body   string
		code   fault.Code
		fields []string
	}{
		"both members": {
			`{"displayName":"a\nb","locale":"english!"}`, fault.CodeInvalidField, []string{"/displayName", "/locale"},
		},
		"a long name": {
			`{"displayName":"` + strings.Repeat("ö", 65) + `"}`, fault.CodeInvalidField, []string{"/displayName"},
		},
		"empty texts": {
			`{"displayName":"","locale":""}`, fault.CodeInvalidField, []string{"/displayName", "/locale"},
		},
		"a blank name":      {`{"displayName":"  \u3000"}`, fault.CodeInvalidField, []string{"/displayName"}},
		"an invisible name": {`{"displayName":"\u200b"}`, fault.CodeInvalidField, []string{"/displayName"}},
		"an insulting name": {`{"displayName":"Ada the Stronzo"}`, fault.CodeInvalidField, []string{"/displayName"}},
		"a reordered name":  {`{"displayName":"ada\u202egpj"}`, fault.CodeInvalidField, []string{"/displayName"}},
		"a tower of marks": {
			`{"displayName":"z\u0300\u0316\u0301\u0317\u0302alg"}`, fault.CodeInvalidField, []string{"/displayName"},
		},
		"a line separator":    {`{"displayName":"a\u2028b"}`, fault.CodeInvalidField, []string{"/displayName"}},
		"an unknown language": {`{"locale":"xq"}`, fault.CodeInvalidField, []string{"/locale"}},
		"a long locale": {
			`{"locale":"en-` + strings.Repeat("abcdefgh-", 5) + `x"}`, fault.CodeInvalidField, []string{"/locale"},
		},
		"the undefined locale": {`{"locale":"und"}`, fault.CodeInvalidField, []string{"/locale"}},
		"a wrong type":         {`{"leaderboard":{"optIn":"yes"}}`, fault.CodeInvalidField, []string{"/leaderboard/optIn"}},
		"photos before":        {`{"keepPhotosDays":-1}`, fault.CodeInvalidField, []string{"/keepPhotosDays"}},
		"photos for too long":  {`{"keepPhotosDays":8}`, fault.CodeInvalidField, []string{"/keepPhotosDays"}},
		"half a day":           {`{"keepPhotosDays":0.5}`, fault.CodeInvalidField, []string{"/keepPhotosDays"}},
		"an unknown member":    {`{"leaderboard":{"score":1}}`, fault.CodeUnknownField, []string{"/leaderboard/score"}},
		"a member of its own":  {`{"username":"ada"}`, fault.CodeUnknownField, []string{"/username"}},
		"a member given twice": {`{"locale":"en","locale":"de"}`, fault.CodeMalformedBody, []string{"/locale"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fields := w.call(t, "PATCH", "/v1/me", token, tt.body).refused(t, tt.code)
			if diff := cmp.Diff(tt.fields, fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
	w.call(t, "PATCH", "/v1/me", token, `{"displayName":"`+strings.Repeat("ö", 64)+`"}`).want(t, http.StatusOK)
}

func TestPatch_ifMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	for _, step := range []struct {
		name, ifMatch string
		fits          bool
	}{
		{"the current revision", `"1"`, true},
		{"the one before", `"1"`, false},
		{"any", `*`, true},
		{"one of several", `"1", "3"`, true},
		{"a weak tag", `W/"4"`, false},
		{"the current revision again", `"4"`, true},
	} {
		t.Run(step.name, func(t *testing.T) {
			answer := w.call(t, "PATCH", "/v1/me", token, `{"displayName":"`+step.name+`"}`, "If-Match", step.ifMatch)
			if step.fits {
				equal(t, answer.want(t, http.StatusOK), step.name, "displayName")
				return
			}
			answer.refused(t, fault.CodePreconditionFailed)
		})
	}
}

// The account has one ETag, by which everything that changes it can be held to what was read.
func TestIfMatch_isHonouredByEveryChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ method, path, body string }{
		"the profile":    {"PATCH", "/v1/me", `{"displayName":"Ada"}`},
		"the username":   {"PUT", "/v1/me/username", `{"username":"ada"}`},
		"the consent":    {"POST", "/v1/me/consent", grantBody},
		"the withdrawal": {"DELETE", "/v1/me/consent", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			uid, token := w.registered(t, "ada@example.com")
			if change.method == "DELETE" {
				w.call(t, "POST", "/v1/me/consent", token, grantBody).want(t, http.StatusCreated)
			}
			before := w.user(t, uid)
			ask := func(tag string) answer {
				return w.call(t, change.method, change.path, token, change.body, "If-Match", tag)
			}
			ask(`"99"`).refused(t, fault.CodePreconditionFailed)
			fields := ask("99").refused(t, fault.CodeInvalidParameter)
			if diff := cmp.Diff([]string{"header/If-Match"}, fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, w.user(t, uid)); diff != "" {
				t.Errorf("it was changed all the same:\n%s", diff)
			}
			if done := ask(
				fmt.Sprintf(`"%d"`, before.Revision),
			); done.status >= 300 || done.header.Get("ETag") != fmt.Sprintf(`"%d"`, before.Revision+1) {
				t.Errorf("status %d, ETag %s: %s", done.status, done.header.Get("ETag"), done.body)
			}
		})
	}
	t.Run("where it can be read it is the profile's", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, token := w.registered(t, "ada@example.com")
		for _, path := range []string{"/v1/me", "/v1/me/username", "/v1/me/consent"} {
			if got := w.call(t, "GET", path, token, "").header.Get("ETag"); got != `"1"` {
				t.Errorf("%s: ETag = %s", path, got)
			}
		}
	})
}

// RFC 7396: what is left out stays, null clears.
func TestPatch_isAMergePatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	patch := func(body string) answer {
		return w.call(t, "PATCH", "/v1/me", token, body, "Content-Type", "application/merge-patch+json")
	}
	all := patch(
		`{"displayName":"Ada","locale":"de","birthYear":1.99e3,"keepPhotosDays":7.0,"leaderboard":{"optIn":true}}`,
	).want(t, http.StatusOK)
	equal(t, all, 1990.0, "birthYear")
	equal(t, all, 7.0, "keepPhotosDays")
	for _, body := range []string{`{}`, `{"leaderboard":{}}`, `{"displayName":"Ada"}`} {
		if diff := cmp.Diff(all, patch(body).want(t, http.StatusOK)); diff != "" {
			t.Errorf("%s changed something:\n%s", body, diff)
		}
	}
	for body, pointer := range map[string]string{
		`null`: "", `[]`: "", `{"birthYear":null}`: "/birthYear", `{"leaderboard":null}`: "/leaderboard",
		`{"leaderboard":{"rankEvents":null}}`: "/leaderboard/rankEvents",
		`{"leaderboard":{"optIn":null}}`:      "/leaderboard/optIn", `{"birthYear":1990.5}`: "/birthYear",
		`{"displayName":null,"birthYear":null}`: "/birthYear",
	} {
		if diff := cmp.Diff([]string{pointer}, patch(body).refused(t, fault.CodeInvalidField)); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", body, diff)
		}
	}
	cleared := patch(`{"displayName":null,"locale":null,"keepPhotosDays":null}`).want(t, http.StatusOK)
	equal(t, cleared, nil, "displayName")
	equal(t, cleared, nil, "locale")
	equal(t, cleared, nil, "keepPhotosDays")
	equal(t, cleared, 1990.0, "birthYear")
	if u := w.user(t, uid); u.KeepPhotosDays != nil || u.Revision != 3 {
		t.Errorf("user = %+v", u)
	}
	patch(`{"keepPhotosDays":null,"displayName":null}`).want(t, http.StatusOK)
	if u := w.user(t, uid); u.Revision != 3 {
		t.Errorf("revision %d after nothing was changed", u.Revision)
	}
}

// Of two instances the older one must not undo what the newer one wrote.
func TestPatch_leavesUnknownMembersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	ref := account.Ref(w.fs, account.UID(uid))
	if _, err := ref.Update(t.Context(), []firestore.Update{{Path: "later", Value: "kept"}}); err != nil {
		t.Fatal(err)
	}
	w.call(
		t, "PATCH", "/v1/me", token, `{"displayName":"Ada","locale":"de","leaderboard":{"optIn":true}}`,
	).want(t, http.StatusOK)
	snap, err := ref.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := snap.Data()["later"]; got != "kept" {
		t.Errorf("later = %v", got)
	}
	var u account.User
	if err := snap.DataTo(&u); err != nil {
		t.Fatal(err)
	}
	if u.Schema != account.UserSchema || u.State != account.Active || u.Revision != 2 || u.DisplayName != "Ada" ||
		u.Locale != "de" || !u.Leaderboard.OptIn {
		t.Errorf("user = %+v", u)
	}
}

func TestPatch_raceLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	bodies := []string{`{"displayName":"Ada"}`, `{"locale":"de"}`, `{"leaderboard":{"optIn":true}}`}
	race(len(bodies), func(i int) answer { return w.call(t, "PATCH", "/v1/me", token, bodies[i]) })
	me := w.call(t, "GET", "/v1/me", token, "")
	body := me.want(t, http.StatusOK)
	equal(t, body, "Ada", "displayName")
	equal(t, body, "de", "locale")
	equal(t, body, true, "leaderboard", "optIn")
	if me.header.Get("ETag") != `"4"` {
		t.Errorf("ETag = %s", me.header.Get("ETag"))
	}
}

func TestPatch_birthYear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	w.told(t, "account.registered.v1 "+uid)
	declare := func(year string) answer { return w.call(t, "PATCH", "/v1/me", token, `{"birthYear":`+year+`}`) }

	if _, ok := w.call(t, "GET", "/v1/me", token, "").want(t, http.StatusOK)["birthYear"]; ok {
		t.Error("a birth year is shown before one is declared")
	}
	nextYear := strconv.Itoa(time.Now().UTC().Year() + 1)
	for _, year := range []string{"0", "-1990", "1899", nextYear} {
		if diff := cmp.Diff([]string{"/birthYear"}, declare(year).refused(t, fault.CodeInvalidField)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", year, diff)
		}
	}
	equal(t, declare("2015").want(t, http.StatusOK), 2015.0, "birthYear")
	equal(t, declare("2015").want(t, http.StatusOK), 2015.0, "birthYear")
	declare("1990").refused(t, fault.CodeBirthYearFixed)
	w.call(t, "PATCH", "/v1/me", token, `{"birthYear":1990,"displayName":"x"}`).refused(t, fault.CodeBirthYearFixed)
	if u := w.user(t, uid); u.BirthYear != 2015 || u.DisplayName != "" || u.Revision != 2 {
		t.Errorf("user = %+v", u)
	}
	w.told(t) // no other user is shown it
}

func TestPatch_birthYearRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	counts := race(5, func(i int) answer {
		return w.call(t, "PATCH", "/v1/me", token, `{"birthYear":`+strconv.Itoa(1990+i)+`}`)
	})
	if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusConflict: 4}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestMayBeMeasured(t *testing.T) {
	t.Parallel()
	granted := account.Consent{Granted: true}
	newYear := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		user account.User
		now  time.Time
		want fault.Code
	}{
		"no consent":                      {account.User{BirthYear: 1990}, newYear, fault.CodeConsentRequired},
		"neither consent nor birth year":  {account.User{}, newYear, fault.CodeConsentRequired},
		"no birth year":                   {account.User{Consent: granted}, newYear, fault.CodeBirthYearRequired},
		"18 in the year, perhaps not yet": {account.User{Consent: granted, BirthYear: 2008}, newYear, fault.CodeUnderAge},
		"18 in the year, on its last day": {
			account.User{Consent: granted, BirthYear: 2008}, newYear.Add(364 * 24 * time.Hour), fault.CodeUnderAge,
		},
		"19 in the year, so 18 for certain": {account.User{Consent: granted, BirthYear: 2007}, newYear, ""},
		"the last minute before it is UTC's": {
			account.User{Consent: granted, BirthYear: 2007}, newYear.Add(-time.Second), fault.CodeUnderAge,
		},
		"born in the future": {account.User{Consent: granted, BirthYear: 2027}, newYear, fault.CodeUnderAge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.user.MayBeMeasured(tt.now, 18)
			if (err == nil) != (tt.want == "") || tt.want != "" && !fault.Is(err, tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

// Twenty changes of one profile at once, in two processes, are all made, one after the other.
func TestProfile_twentyChangesAtOnce(t *testing.T) {
	t.Parallel()
	const changes = 20
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	processes := []*world{w, w.again(t)}
	counts := race(changes, func(i int) answer {
		body := fmt.Sprintf(`{"displayName":"Ada %d"}`, i)
		return processes[i%2].call(t, "PATCH", "/v1/me", token, body)
	})
	if diff := cmp.Diff(map[int]int{http.StatusOK: changes}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if etag := w.call(t, "GET", "/v1/me", token, "").header.Get("ETag"); etag != `"21"` {
		t.Errorf("%s is at revision %s after 20 changes", uid, etag)
	}
}
