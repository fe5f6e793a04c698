package inbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
)

// defaults are the preferences of a user who never set any, in the API's words.
const defaults = `{"push":true,"email":true,"kinds":{` +
	`"account_erased":{"email":true},"export_ready":{"email":true,"push":true},"personal_best":{"push":true},` +
	`"rank_changed":{"email":false,"push":true},"scan_completed":{"email":true,"push":true},` +
	`"scan_failed":{"email":true,"push":true},"security":{"email":true,"push":true},` +
	`"welcome":{"email":true,"push":true}},"digest":true,"hideScore":false}`

// prefer sends a change and returns the answer, which must be good and what is read afterwards.
func (b *bench) prefer(method, body string) string {
	b.t.Helper()
	code, answer := b.call(uid, method, "/v1/preferences", body)
	if code != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s", method, body, code, answer)
	}
	_, now := b.call(uid, http.MethodGet, "/v1/preferences", "")
	if diff := cmp.Diff(string(now), string(answer)); diff != "" {
		b.t.Errorf("%s %s is answered by another than what is read (-read +answered):\n%s", method, body, diff)
	}
	return strings.TrimSpace(string(answer))
}

// stored returns the preferences in the database.
func (b *bench) stored() *account.Notifications {
	b.t.Helper()
	snap, err := account.Ref(b.fs, uid).Get(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	var u account.User
	if err := snap.DataTo(&u); err != nil {
		b.t.Fatal(err)
	}
	was := ann()
	was.Notifications = u.Notifications
	if diff := cmp.Diff(was, u); diff != "" {
		b.t.Errorf("more than the preferences changed (-want +got):\n%s", diff)
	}
	return u.Notifications
}

func TestPreferences_ofNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	if diff := cmp.Diff(defaults, b.prefer(http.MethodPatch, `{}`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.stored(); got != nil {
		t.Errorf("an empty change stores %+v", got)
	}
}

// replaced returns the defaults with texts replaced in pairs.
func replaced(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(defaults) }

func TestPreferences_put(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	off := false
	u.Notifications = &account.Notifications{
		Push: true, Email: true, Cells: map[string]map[string]bool{"welcome": {"push": false}}, HideScore: true, Digest: &off,
		Quiet: &account.QuietHours{From: "22:00", To: "07:00", Zone: "Europe/Berlin"},
	}
	b.save(u)
	want := replaced(
		`"push":true,"email":true,"kinds"`, `"push":false,"email":true,"kinds"`,
		`"welcome":{"email":true,"push":true}`, `"welcome":{"email":true,"push":false}`,
		`"digest":true,"hideScore":false`,
		`"quietHours":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"},"digest":false,"hideScore":true`,
	)
	if diff := cmp.Diff(want, b.prefer(http.MethodPut, `{"push":false,"email":true}`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	u.Notifications.Push = false
	if diff := cmp.Diff(u.Notifications, b.stored()); diff != "" {
		t.Errorf("more than both channels changed (-want +got):\n%s", diff)
	}
	for body, fields := range map[string]int{`{}`: 2, `{"push":true}`: 1, `{"push":null,"email":true}`: 1} {
		code, answer := b.call(uid, http.MethodPut, "/v1/preferences", body)
		if p := read[httpapi.Problem](b, answer); code != http.StatusUnprocessableEntity || len(p.Fields) != fields {
			t.Errorf("%s: %d %s", body, code, answer)
		}
	}
}

// cell is the choice of one kind and channel.
func cell(kind, channel string, on bool) map[string]map[string]bool {
	return map[string]map[string]bool{kind: {channel: on}}
}

func TestPreferences_patch(t *testing.T) {
	t.Parallel()
	on, off := true, false
	berlin := &account.QuietHours{From: "22:00", To: "07:00", Zone: "Europe/Berlin"}
	rich := account.Notifications{
		Email: true,
		Cells: map[string]map[string]bool{"welcome": {"push": false, "email": true}, "scan_failed": {"push": false}},
		Quiet: berlin, Digest: &off, HideScore: true,
	}
	// but returns the rich preferences with a change.
	but := func(change func(*account.Notifications)) *account.Notifications {
		n := rich
		change(&n)
		return &n
	}
	for name, tt := range map[string]struct {
		was  *account.Notifications
		body string
		want *account.Notifications
	}{
		"a cell off": {
			nil, `{"kinds":{"scan_completed":{"email":false}}}`,
			&account.Notifications{Push: true, Email: true, Cells: cell("scan_completed", "email", false)},
		},
		"a cell on that is on by default": {
			nil, `{"kinds":{"scan_completed":{"email":true}}}`,
			&account.Notifications{Push: true, Email: true, Cells: cell("scan_completed", "email", true)},
		},
		"a cell beside others": {
			&rich, `{"kinds":{"welcome":{"push":true}}}`, but(func(n *account.Notifications) {
				n.Cells = map[string]map[string]bool{"welcome": {"push": true, "email": true}, "scan_failed": {"push": false}}
			}),
		},
		"a cell reset": {
			&rich, `{"kinds":{"welcome":{"push":null}}}`, but(func(n *account.Notifications) {
				n.Cells = map[string]map[string]bool{"welcome": {"email": true}, "scan_failed": {"push": false}}
			}),
		},
		"the last cell of a kind reset": {
			&rich, `{"kinds":{"scan_failed":{"push":null}}}`, but(func(n *account.Notifications) {
				n.Cells = map[string]map[string]bool{"welcome": {"push": false, "email": true}}
			}),
		},
		"a cell reset that was not set": {&rich, `{"kinds":{"welcome":{},"rank_changed":{"email":null}}}`, &rich},
		"a kind reset": {
			&rich, `{"kinds":{"welcome":null}}`, but(func(n *account.Notifications) {
				n.Cells = map[string]map[string]bool{"scan_failed": {"push": false}}
			}),
		},
		"all kinds reset": {&rich, `{"kinds":null}`, but(func(n *account.Notifications) { n.Cells = nil })},
		"each kind reset": {
			&rich, `{"kinds":{"welcome":null,"scan_failed":null}}`, but(func(n *account.Notifications) { n.Cells = nil }),
		},
		"critical on, as it is": {&rich, `{"kinds":{"security":{"push":true,"email":null},"account_erased":null}}`, &rich},
		"a channel off":         {&rich, `{"email":false}`, but(func(n *account.Notifications) { n.Email = false })},
		"a channel on":          {&rich, `{"push":true}`, but(func(n *account.Notifications) { n.Push = true })},
		"a channel reset": {
			&rich, `{"push":null,"email":null}`, but(func(n *account.Notifications) { n.Push = true }),
		},
		"digests on":    {&rich, `{"digest":true}`, but(func(n *account.Notifications) { n.Digest = &on })},
		"digests reset": {&rich, `{"digest":null}`, but(func(n *account.Notifications) { n.Digest = nil })},
		"scores shown": {
			&rich, `{"hideScore":false}`, but(func(n *account.Notifications) { n.HideScore = false }),
		},
		"scores reset": {
			&rich, `{"hideScore":null}`, but(func(n *account.Notifications) { n.HideScore = false }),
		},
		"quiet hours reset":        {&rich, `{"quietHours":null}`, but(func(n *account.Notifications) { n.Quiet = nil })},
		"quiet hours as they were": {&rich, `{"quietHours":{}}`, &rich},
		"quiet hours set": {
			nil, `{"quietHours":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"}}`,
			&account.Notifications{Push: true, Email: true, Quiet: berlin},
		},
		"quiet hours without a zone": {
			nil, `{"quietHours":{"from":"12:00","to":"13:30"}}`,
			&account.Notifications{Push: true, Email: true, Quiet: &account.QuietHours{From: "12:00", To: "13:30"}},
		},
		"the begin alone": {&rich, `{"quietHours":{"from":"21:00"}}`, but(func(n *account.Notifications) {
			n.Quiet = &account.QuietHours{From: "21:00", To: "07:00", Zone: "Europe/Berlin"}
		})},
		"the zone alone": {&rich, `{"quietHours":{"zone":"Asia/Kolkata"}}`, but(func(n *account.Notifications) {
			n.Quiet = &account.QuietHours{From: "22:00", To: "07:00", Zone: "Asia/Kolkata"}
		})},
		"the zone reset": {&rich, `{"quietHours":{"zone":null}}`, but(func(n *account.Notifications) {
			n.Quiet = &account.QuietHours{From: "22:00", To: "07:00"}
		})},
		"the begin is the end": {
			&rich, `{"quietHours":{"from":"09:00","to":"09:00"}}`, but(func(n *account.Notifications) { n.Quiet = nil }),
		},
		"to midnight": {&rich, `{"quietHours":{"to":"00:00"}}`, but(func(n *account.Notifications) {
			n.Quiet = &account.QuietHours{From: "22:00", To: "00:00", Zone: "Europe/Berlin"}
		})},
		"a choice of a kind that is gone stays": {
			&account.Notifications{Push: true, Email: true, Cells: map[string]map[string]bool{"horoscope": {"push": false}}},
			`{"hideScore":true}`,
			&account.Notifications{
				Push: true, Email: true, Cells: map[string]map[string]bool{"horoscope": {"push": false}}, HideScore: true,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			u := ann()
			u.Notifications = tt.was
			b.save(u)
			for range 2 { // a repetition changes nothing
				answer := read[notify.Settings](b, []byte(b.prefer(http.MethodPatch, tt.body)))
				if diff := cmp.Diff(tt.want, b.stored()); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(notify.SettingsOf(account.User{Notifications: tt.want}), answer); diff != "" {
					t.Errorf("answered (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestPreferences_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	u.Notifications = &account.Notifications{
		Push: true, Email: true, Quiet: &account.QuietHours{From: "22:00", To: "07:00", Zone: "Europe/Berlin"},
	}
	b.save(u)
	const quiet = "/quietHours"
	for name, tt := range map[string]struct {
		body    string
		code    fault.Code
		pointer string
	}{
		"an unknown kind":        {`{"kinds":{"horoscope":{"push":true}}}`, fault.CodeUnknownField, "/kinds/horoscope"},
		"an unknown kind, reset": {`{"kinds":{"a/b~":null}}`, fault.CodeUnknownField, "/kinds/a~1b~0"},
		"an unknown channel": {
			`{"kinds":{"scan_completed":{"sms":true}}}`, fault.CodeUnknownField, "/kinds/scan_completed/sms",
		},
		"a channel it does not have": {
			`{"kinds":{"personal_best":{"email":true}}}`, fault.CodeUnknownField, "/kinds/personal_best/email",
		},
		"the inbox, which is always": {
			`{"kinds":{"welcome":{"inbox":false}}}`, fault.CodeUnknownField, "/kinds/welcome/inbox",
		},
		"critical off": {
			`{"kinds":{"security":{"push":false}}}`, fault.CodeNotOptional, "/kinds/security/push",
		},
		"the last mail off": {
			`{"kinds":{"account_erased":{"email":false}}}`, fault.CodeNotOptional, "/kinds/account_erased/email",
		},
		"a push for the last mail": {
			`{"kinds":{"account_erased":{"push":false}}}`, fault.CodeUnknownField, "/kinds/account_erased/push",
		},
		"good and bad cells": {`{"kinds":{"welcome":{"push":false},"zzz":{}}}`, fault.CodeUnknownField, "/kinds/zzz"},
		"a good one and a bad one": {
			`{"push":false,"kinds":{"security":{"email":false}}}`, fault.CodeNotOptional, "/kinds/security/email",
		},
		"a text for a cell":   {`{"kinds":{"welcome":{"push":"no"}}}`, fault.CodeInvalidField, "/kinds/welcome/push"},
		"a number for a kind": {`{"kinds":{"welcome":1}}`, fault.CodeInvalidField, "/kinds/welcome"},
		"a list for kinds":    {`{"kinds":[]}`, fault.CodeInvalidField, "/kinds"},
		"a cell twice": {
			`{"kinds":{"welcome":{"push":true,"push":false}}}`, fault.CodeMalformedBody, "/kinds/welcome/push",
		},
		"a number for a channel": {`{"push":1}`, fault.CodeInvalidField, "/push"},
		"an unknown member":      {`{"sms":true}`, fault.CodeUnknownField, "/sms"},
		"no object":              {`[]`, fault.CodeInvalidField, ""},
		"null":                   {`null`, fault.CodeInvalidField, ""},
		"a bad time":             {`{"quietHours":{"from":"25:00"}}`, fault.CodeInvalidField, quiet + "/from"},
		"an hour with one digit": {`{"quietHours":{"to":"7:00"}}`, fault.CodeInvalidField, quiet + "/to"},
		"no time":                {`{"quietHours":{"to":""}}`, fault.CodeInvalidField, quiet + "/to"},
		"a time taken away":      {`{"quietHours":{"to":null}}`, fault.CodeInvalidField, quiet + "/to"},
		"minutes":                {`{"quietHours":{"from":1320}}`, fault.CodeInvalidField, quiet + "/from"},
		"an unknown zone":        {`{"quietHours":{"zone":"Mars/Olympus"}}`, fault.CodeInvalidField, quiet + "/zone"},
		"the machine's zone":     {`{"quietHours":{"zone":"Local"}}`, fault.CodeInvalidField, quiet + "/zone"},
		"a file for a zone":      {`{"quietHours":{"zone":"../../etc/passwd"}}`, fault.CodeInvalidField, quiet + "/zone"},
		"a huge zone": {
			`{"quietHours":{"zone":"` + strings.Repeat("x", 60_000) + `"}}`, fault.CodeInvalidField, quiet + "/zone",
		},
		"the whole day":   {`{"quietHours":{"from":"00:00","to":"00:00"}}`, fault.CodeInvalidField, quiet + "/to"},
		"an unknown part": {`{"quietHours":{"days":"mon"}}`, fault.CodeUnknownField, quiet + "/days"},
	} {
		t.Run(name, func(t *testing.T) {
			code, answer := b.call(uid, http.MethodPatch, "/v1/preferences", tt.body)
			p := read[httpapi.Problem](b, answer)
			if code != tt.code.Kind().Status() || p.Code != tt.code || len(p.Fields) != 1 || p.Fields[0].String() != tt.pointer {
				t.Errorf("%d %.500s, want %s at %s", code, answer, tt.code, tt.pointer)
			}
			if diff := cmp.Diff(u.Notifications, b.stored()); diff != "" {
				t.Errorf("something was stored (-want +got):\n%s", diff)
			}
		})
	}
}

// Quiet hours need both of their ends.
func TestPreferences_halfOfQuietHours(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	for body, pointers := range map[string][]string{
		`{"quietHours":{}}`:                       {"/quietHours/from", "/quietHours/to"},
		`{"quietHours":{"to":"07:00"}}`:           {"/quietHours/from"},
		`{"quietHours":{"zone":"Europe/Berlin"}}`: {"/quietHours/from", "/quietHours/to"},
	} {
		code, answer := b.call(uid, http.MethodPatch, "/v1/preferences", body)
		var got []string
		for _, f := range read[httpapi.Problem](b, answer).Fields {
			got = append(got, f.String())
		}
		if diff := cmp.Diff(pointers, got); code != http.StatusUnprocessableEntity || diff != "" {
			t.Errorf("%s: %d (-want +got):\n%s", body, code, diff)
		}
	}
}

// Changes of different cells at one time are all kept.
func TestPreferences_atOneTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	bodies := []string{
		`{"kinds":{"welcome":{"push":false}}}`, `{"kinds":{"scan_failed":{"push":false}}}`,
		`{"kinds":{"scan_completed":{"email":false}}}`, `{"hideScore":true}`, `{"digest":false}`,
		`{"quietHours":{"from":"22:00","to":"07:00"}}`,
	}
	var all sync.WaitGroup
	for _, body := range bodies {
		all.Go(func() {
			if code, answer := b.call(uid, http.MethodPatch, "/v1/preferences", body); code != http.StatusOK {
				t.Errorf("%s: %d %s", body, code, answer)
			}
		})
	}
	all.Wait()
	off := false
	want := &account.Notifications{
		Push: true, Email: true, Cells: map[string]map[string]bool{
			"welcome": {"push": false}, "scan_failed": {"push": false}, "scan_completed": {"email": false},
		},
		HideScore: true, Digest: &off, Quiet: &account.QuietHours{From: "22:00", To: "07:00"},
	}
	if diff := cmp.Diff(want, b.stored()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What an earlier version stored is shown with the defaults of what it did not know.
func TestPreferences_ofAnEarlierVersion(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	b.save(u)
	if _, err := account.Ref(b.fs, uid).Set(t.Context(), map[string]any{
		"uid": string(uid), "state": "active", "notifications": map[string]any{"push": false, "email": true},
	}); err != nil {
		t.Fatal(err)
	}
	_, got := b.call(uid, http.MethodGet, "/v1/preferences", "")
	want := replaced(`"push":true,"email":true,"kinds"`, `"push":false,"email":true,"kinds"`)
	if diff := cmp.Diff(want, strings.TrimSpace(string(got))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid(got) {
		t.Errorf("%s is no JSON", got)
	}
}

// The contract lists every kind and its channels.
func TestPreferences_contract(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	got := map[notify.Kind][]notify.Channel{}
	for kind, row := range doc.Components.Schemas["PreferencesChange"].Value.Properties["kinds"].Value.Properties {
		for channel := range row.Value.Properties {
			got[notify.Kind(kind)] = append(got[notify.Kind(kind)], notify.Channel(channel))
		}
		slices.Sort(got[notify.Kind(kind)])
	}
	want := map[notify.Kind][]notify.Channel{}
	for _, r := range notify.Rules {
		want[r.Kind] = slices.Sorted(maps.Keys(r.Defaults))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-rules +contract):\n%s", diff)
	}
}
