package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

// accounts is the accounts' API of this version over a database; a token is the user's id.
type accounts struct {
	fs  *firestore.Client
	api *httpapi.API
	now time.Time
}

func newAccounts(fs *firestore.Client) *accounts {
	a := &accounts{
		fs: fs, now: today,
		api: httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}, LogKey: testkit.Ring(keys.ForLogs)}),
	}
	clock := func() time.Time { return a.now }
	acts := audit.New(fs, testkit.Ring(keys.ForAudit), clock)
	service := account.New(fs, outbox.New(fs, nowhere{}, testkit.Writer("test"), clock), acts, clock)
	service.RegisterRoutes(a.api, quota.New(fs, testkit.Ring(keys.ForLimits), clock))
	service.ProfileRoutes(a.api)
	return a
}

func (a *accounts) call(t *testing.T, method, path, uid, body string) (status int, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+uid)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.api.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// take takes the name, and returns the status of the answer.
func (a *accounts) take(t *testing.T, uid, name string) int {
	t.Helper()
	status, _ := a.call(t, http.MethodPut, "/v1/me/username", uid, `{"username":"`+name+`"}`)
	return status
}

// holders are the ids of the documents in usernames, with the e-mail addresses of their users
// before the @, and "until" for a name that was given up.
func holders(t *testing.T, fs *firestore.Client) map[string]string {
	t.Helper()
	docs, err := fs.Collection("usernames").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, d := range docs {
		var c account.Claim
		if err := d.DataTo(&c); err != nil {
			t.Fatal(err)
		}
		if c.Schema != account.UsernameSchema {
			t.Errorf("%s has schema %d", d.Ref.ID, c.Schema)
		}
		found[d.Ref.ID] = userOf(t, fs, c.UID)
		if !c.ExpireAt.IsZero() {
			found[d.Ref.ID] += " until"
		}
	}
	return found
}

func userOf(t *testing.T, fs *firestore.Client, uid account.UID) string {
	t.Helper()
	u, err := account.Get(t.Context(), fs, uid)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(u.Email, "@")
	return name
}

// uids are the users' ids by their e-mail addresses before the @.
func uids(t *testing.T, fs *firestore.Client) map[string]string {
	t.Helper()
	docs, err := fs.Collection("users").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, d := range docs {
		found[userOf(t, fs, account.UID(d.Ref.ID))] = d.Ref.ID
	}
	return found
}

var noted = regexp.MustCompile(`the name "(.*?)" (?:of \S+ )?(looks like "(.*?)"|could not be taken today)`)

// notes are the names of which the run said something, with the names that they look like. Which of
// the two migrates first is chance.
func notes(said string) (found []string) {
	for _, match := range noted.FindAllStringSubmatch(said, -1) {
		found = append(found, strings.TrimSuffix(match[1]+" < "+match[3], " < "))
	}
	slices.Sort(found)
	return found
}

func TestUsernames(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "usernames.json")
	who := uids(t, fs)
	said := migrated(t, project, fs, usernames)
	want := map[string]string{
		"ada.l": "plain", "marĺa": "accent", "二コラ": "katakana", "anna": "latin", "awa": "greek", "ᴀᴅʍlɴ": "capitals",
		"admln": "lisu", "∕∕∕": "slash", "lucĺa": "renamed", "sofĺa": "renamed until",
	}
	if diff := cmp.Diff(want, holders(t, fs)); diff != "" {
		t.Errorf("usernames (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ΑΝΝΑ < anna", "ᅠᅠᅠ", "ᅠᅠᅠᅠ", "ᴀᴅᴍɪɴ", "二コラ < ニコラ", "ꓮꓓꓟꓲꓠ"}, notes(said)); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	for name, uid := range who {
		u, err := account.Get(t.Context(), fs, account.UID(uid))
		lost := slices.Contains([]string{"han", "blank", "blank2", "none"}, name)
		if err != nil || u.Schema != account.UserSchema || (u.Folded == "") != lost {
			t.Errorf("%s = %+v, %v", name, u, err)
		}
	}

	a := newAccounts(fs)
	for _, step := range []struct {
		what, user, name string
		want             int
	}{
		{"the one who lost it cannot write it differently", "han", "二コラ.", http.StatusOK},
		{"and not go back", "han", "ニコラ", http.StatusConflict},
		{"another spelling of one's own", "accent", "MARÍA", http.StatusOK},
		{"another's, by its looks", "plain", "Mar\u0456a", http.StatusUnprocessableEntity},
		{"another's", "plain", "marıa", http.StatusOK},
		{"what another gave up", "latin", "SOFÍA", http.StatusConflict},
		{"what one gave up oneself", "renamed", "Sofía", http.StatusOK},
		{"one's own whose looks another has", "greek", "Αννα", http.StatusOK},
		{"a name of the service's looks", "lisu", "ꓮꓓꓟꓲꓠ_", http.StatusUnprocessableEntity},
		{"a better one", "lisu", "lisu", http.StatusOK},
	} {
		if got := a.take(t, who[step.user], step.name); got != step.want {
			t.Errorf("%s: %s takes %s: %d, want %d", step.what, step.user, step.name, got, step.want)
		}
	}
	if got := holders(t, fs)["anna"]; got != "latin" {
		t.Errorf("anna is held by %q", got)
	}
}

// Between the deployment and the migration users take names by the new keys.
func TestUsernames_takenMeanwhile(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "usernames.json")
	who, a := uids(t, fs), newAccounts(fs)
	if status, answer := a.call(t, http.MethodPost, "/v1/auth/register", "late", `{}`); status != http.StatusCreated {
		t.Fatal(answer)
	}
	for _, step := range []struct {
		what, user, name string
		want             int
	}{
		{"an old name whose key stayed", "late", "ADA.L", http.StatusConflict},
		{"an old name whose key is another", "late", "maría", http.StatusOK},
		{"one's own old name, written differently, soon after a change", "renamed", "LUCÍA", http.StatusOK},
		{"another name soon after a change", "renamed", "lucy", http.StatusTooManyRequests},
		{"another name", "katakana", "nicola", http.StatusOK},
	} {
		uid := step.user
		if uid != "late" {
			uid = who[uid]
		}
		if got := a.take(t, uid, step.name); got != step.want {
			t.Errorf("%s: %s takes %s: %d, want %d", step.what, step.user, step.name, got, step.want)
		}
	}
	said := migrated(t, project, fs, usernames)
	if got := holders(t, fs)["marĺa"]; got != "accent" {
		t.Errorf("maría is held by %q", got)
	}
	late, err := account.Get(t.Context(), fs, "late")
	if err != nil || late.Username != "maría" || late.Folded != "" {
		t.Errorf("late = %+v, %v", late, err)
	}
	if !slices.Contains(notes(said), "maría < María") {
		t.Errorf("notes %q", notes(said))
	}
	// The wait does not apply to users who lost theirs.
	if got := a.take(t, "late", "maria2"); got != http.StatusOK {
		t.Errorf("late takes another name: %d", got)
	}
}
