package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/admin"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/moderation"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

// roles takes "uid", "uid:role" or "uid:role:stale" for an ID token. What is not stale is of a
// sign-in after every ban.
type roles struct{}

func (roles) VerifyIDToken(_ context.Context, text string) (*httpapi.Token, error) {
	uid, role, _ := strings.Cut(text, ":")
	role, stale := strings.CutSuffix(role, ":stale")
	signedIn := time.Now().Add(time.Minute)
	if stale {
		signedIn = time.Now().Add(-16 * time.Minute)
	}
	return &httpapi.Token{
		UID: uid, AuthTime: signedIn.Unix(), Claims: map[string]any{"role": role, "email_verified": true},
	}, nil
}

func (r roles) VerifyIDTokenAndCheckRevoked(ctx context.Context, text string) (*httpapi.Token, error) {
	return r.VerifyIDToken(ctx, text)
}

type nowhere struct{}

func (nowhere) Publish(context.Context, string, []byte, map[string]string) error { return nil }

// bench is the API of users and of staff, over a database of its own.
type bench struct {
	*testing.T
	fs   *firestore.Client
	api  *httpapi.API
	now  time.Time
	book *audit.Book
}

const (
	reports = "/v1/leaderboards/reports"
	queue   = "/v1/admin/reports"
	boss    = "boss:admin"
)

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		T: t, fs: emulatortest.Firestore(t, emulatortest.UniqueProject(t)),
		now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	}
	clock := func() time.Time { return b.now }
	limits := quota.New(b.fs, testkit.Ring(keys.ForLimits), clock)
	acts := audit.New(b.fs, testkit.Ring(keys.ForAudit), clock)
	box := outbox.New(b.fs, nowhere{}, testkit.Ring(keys.ForWriter("admin")), clock)
	accounts := account.New(b.fs, box, acts, clock)
	b.book = acts
	b.api = httpapi.New(httpapi.Options{Verifier: roles{}})
	accounts.RegisterRoutes(b.api, limits)
	accounts.ProfileRoutes(b.api)
	(&moderation.Handler{Firestore: b.fs, Limits: limits, Now: clock}).Routes(b.api)
	(&admin.Handler{
		Firestore: b.fs, Accounts: accounts, Outbox: box, Acts: acts, Logs: testkit.Ring(keys.ForLogs),
		Now: clock,
	}).Routes(b.api)
	return b
}

// want asks for what is answered with the status, and returns the answer.
func (b *bench) want(status int, as, method, path, body string) string {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+as)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	if w.Code != status {
		b.Errorf("%s %s %s: %d %s, want %d", as, method, path, w.Code, w.Body, status)
	}
	return w.Body.String()
}

// named registers users with names of their own.
func (b *bench) named(uids ...string) {
	b.Helper()
	for _, uid := range uids {
		b.want(http.StatusCreated, uid, "POST", "/v1/auth/register", `{}`)
		b.want(http.StatusOK, uid, "PUT", "/v1/me/username", fmt.Sprintf(`{"username":"%s.name"}`, uid))
	}
}

func (b *bench) report(as, name string) {
	b.Helper()
	b.want(http.StatusNoContent, as, "POST", reports, fmt.Sprintf(`{"username":%q,"reason":"insulting"}`, name))
}

type queued struct {
	ID, UID, Username string
	Reasons           map[string]int
}

func (b *bench) queue() []queued {
	b.Helper()
	var page struct{ Items []queued }
	if err := json.Unmarshal([]byte(b.want(http.StatusOK, boss, "GET", queue, "")), &page); err != nil {
		b.Fatal(err)
	}
	return page.Items
}

func (b *bench) username(uid string) string {
	b.Helper()
	u, err := account.Get(b.Context(), b.fs, account.UID(uid))
	if err != nil {
		b.Fatal(err)
	}
	return u.Username
}

func TestReports_countOnceAndTellNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.named("ada", "eve", "bob", "cy")
	for _, name := range []string{
		"ada.name", "ADA.NAME", "\u0430da.name", "ada.name", "eve.name", "no.such.name", "//", "..", "__x__",
		strings.Repeat("a", 128),
	} {
		b.report("eve", name) // one's own and such that no user has are answered the same
	}
	var together sync.WaitGroup
	for _, uid := range []string{"bob", "bob", "cy", "cy"} {
		together.Go(func() { b.report(uid, "ada.name") })
	}
	together.Wait()
	want := []queued{{UID: "ada", Username: "ada.name", Reasons: map[string]int{"insulting": 3}}}
	got := b.queue()
	for i := range got {
		got[i].ID = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("queue (-want +got):\n%s", diff)
	}
	for _, mention := range []string{"ada", "eve"} { // neither knows the other
		docs, err := b.fs.CollectionGroup(map[string]string{"ada": "reported", "eve": "namereports"}[mention]).
			Documents(t.Context()).GetAll()
		if err != nil || len(docs) == 0 {
			t.Fatalf("%d documents, %v", len(docs), err)
		}
		for _, doc := range docs {
			if text := fmt.Sprint(doc.Data()); strings.Contains(text, mention) {
				t.Errorf("%s names %s: %s", doc.Ref.Path, mention, text)
			}
		}
	}
	b.want(http.StatusForbidden, "stranger", "POST", reports, `{"username":"ada.name","reason":"other"}`)
	for _, body := range []string{`{"username":"","reason":"other"}`, `{"username":"ada.name","reason":"ugly"}`} {
		b.want(http.StatusUnprocessableEntity, "eve", "POST", reports, body)
	}
	for range 20 - 10 {
		b.report("eve", "no.such.name")
	}
	b.want(http.StatusTooManyRequests, "eve", "POST", reports, `{"username":"bob.name","reason":"other"}`)
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.named("ada", "eve", "bob")
	b.report("eve", "ada.name")
	resolve := func(status int, decision string) {
		b.Helper()
		id := moderationID(b, "ada")
		b.want(status, boss, "POST", queue+"/"+id+"/resolve", fmt.Sprintf(`{"decision":%q}`, decision))
	}
	resolve(http.StatusNoContent, "dismiss")
	resolve(http.StatusNoContent, "dismiss") // again
	if open := b.queue(); len(open) != 0 || b.username("ada") != "ada.name" {
		t.Errorf("after the dismissal %v wait, and the name is %q", open, b.username("ada"))
	}
	b.report("bob", "ada.name")
	if len(b.queue()) != 1 {
		t.Error("another report does not open it again")
	}
	resolve(http.StatusNoContent, "bar")
	resolve(http.StatusNoContent, "bar")
	if open := b.queue(); len(open) != 0 || b.username("ada") != "" {
		t.Errorf("after the bar %v wait, and the name is %q", open, b.username("ada"))
	}
	for _, uid := range []string{"ada", "eve"} {
		b.want(http.StatusConflict, uid, "PUT", "/v1/me/username", `{"username":"Ada.Name"}`)
	}
	b.want(http.StatusOK, "ada", "PUT", "/v1/me/username", `{"username":"lovelace"}`)
	resolve(http.StatusNoContent, "bar") // the name of now was not reported
	if b.username("ada") != "lovelace" {
		t.Errorf("the next name is %q", b.username("ada"))
	}
	b.now = b.now.Add(schema.BarredLife + time.Hour)
	b.want(http.StatusOK, "eve", "PUT", "/v1/me/username", `{"username":"ada.name"}`)
	b.want(http.StatusNotFound, boss, "POST", queue+"/none/resolve", `{"decision":"bar"}`)
	b.want(http.StatusNotFound, boss, "POST", queue+"/..%2Fx/resolve", `{"decision":"bar"}`)
	b.want(http.StatusUnprocessableEntity, boss, "POST", queue+"/none/resolve", `{"decision":"ban"}`)
}

// A ban does not keep a name from being barred: its user would have it again after the ban.
func TestDecisions_onTheNameOfABannedUser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.named("ada", "eve")
	b.report("eve", "ada.name")
	b.stand(http.StatusOK, boss, "", `{"action":"ban","reason":"abuse"}`)
	b.want(http.StatusNoContent, boss, "POST", queue+"/"+moderationID(b, "ada")+"/resolve", `{"decision":"bar"}`)
	b.stand(http.StatusOK, boss, "", `{"action":"lift","reason":"appeal"}`)
	if open := b.queue(); len(open) != 0 || b.username("ada") != "" {
		t.Errorf("%v wait, and the name is %q", open, b.username("ada"))
	}
	b.want(http.StatusConflict, "eve", "PUT", "/v1/me/username", `{"username":"ada.name"}`)
	if acts := b.acts("ada"); acts["name.barred"] != 1 || acts["report.dismissed"] != 0 {
		t.Errorf("acts: %v", acts)
	}
}

// moderationID returns the id of the report about the user.
func moderationID(b *bench, uid string) string {
	b.Helper()
	all, err := b.fs.Collection("namereports").Where("uid", "==", uid).Documents(b.Context()).GetAll()
	if err != nil || len(all) != 1 {
		b.Fatalf("%d reports of %s, %v", len(all), uid, err)
	}
	return all[0].Ref.ID
}

// The default logger is the process's, so this test is not parallel.
func TestSupport_seesNothingMeasuredAndIsAudited(t *testing.T) {
	b := newBench(t)
	b.named("ada")
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	for as, status := range map[string]int{
		"ada": http.StatusForbidden, "ada:Admin": http.StatusForbidden, "help:support": http.StatusOK, boss: http.StatusOK,
	} {
		b.want(status, as, "GET", "/v1/admin/users/ada", "")
	}
	var problem httpapi.Problem
	answer := b.want(http.StatusForbidden, "help:support", "GET", queue, "")
	if err := json.Unmarshal([]byte(answer), &problem); err != nil ||
		problem.Code != fault.CodeRoleRequired {
		t.Errorf("support lists reports: %+v", problem)
	}
	b.want(http.StatusNotFound, boss, "GET", "/v1/admin/users/none", "")
	b.want(http.StatusNotFound, boss, "GET", "/v1/admin/users/a%2Fb", "")
	if n := b.acts("ada")["user.read"]; n != 2 {
		t.Errorf("%d acts of 2 looks", n)
	}
	if n := strings.Count(log.String(), "action=user.read"); n != 2 || strings.Contains(log.String(), "about=ada") {
		t.Errorf("%d lines of 2 looks:\n%s", n, &log)
	}
	// What is done has the kinds of the acts, too, and a dry run that of a look.
	b.named("eve")
	b.report("ada", "eve.name")
	b.want(http.StatusNoContent, boss, "POST", queue+"/"+moderationID(b, "eve")+"/resolve", `{"decision":"bar"}`)
	b.stand(http.StatusOK, boss, "", `{"action":"ban","reason":"abuse","dryRun":true}`)
	b.stand(http.StatusOK, boss, "", `{"action":"ban","reason":"abuse"}`)
	for kind, want := range map[string]int{"user.read": 3, "name.barred": 1, "account.banned": 1} {
		if n := strings.Count(log.String(), "action="+kind+" "); n != want {
			t.Errorf("%d lines of %s, want %d:\n%s", n, kind, want, &log)
		}
	}
}

// acts counts the acts about the user by their kinds.
func (b *bench) acts(uid account.UID) map[string]int {
	b.Helper()
	u, err := account.Get(b.Context(), b.fs, uid)
	if err != nil {
		b.Fatal(err)
	}
	about, ok := b.book.About(u.Acts)
	if !ok {
		b.Fatalf("%s has no link", uid)
	}
	found, err := about.Documents(b.Context()).GetAll()
	if err != nil {
		b.Fatal(err)
	}
	kinds := map[string]int{}
	for _, act := range found {
		kind, _ := act.Data()["kind"].(string)
		kinds[kind]++
	}
	return kinds
}

// A decision is one act, in the commit of what it does, however often it is asked for.
func TestDecisions_areAudited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.named("ada", "bob", "eve")
	b.report("eve", "ada.name")
	b.report("eve", "bob.name")
	ada, bob := moderationID(b, "ada"), moderationID(b, "bob")
	var together sync.WaitGroup
	for range 4 {
		together.Go(func() {
			b.want(http.StatusNoContent, boss, "POST", queue+"/"+ada+"/resolve", `{"decision":"dismiss"}`)
			b.want(http.StatusNoContent, boss, "POST", queue+"/"+bob+"/resolve", `{"decision":"bar"}`)
		})
	}
	together.Wait()
	for uid, want := range map[account.UID]map[string]int{
		"ada": {"account.registered": 1, "report.dismissed": 1}, "bob": {"account.registered": 1, "name.barred": 1},
		"eve": {"account.registered": 1},
	} {
		if diff := cmp.Diff(want, b.acts(uid)); diff != "" {
			t.Errorf("acts about %s (-want +got):\n%s", uid, diff)
		}
	}
}

// A user from before there were links gets one by the first look.
func TestLook_linksAUserOfBefore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.named("ada")
	without := []firestore.Update{{Path: "acts", Value: firestore.Delete}}
	if _, err := account.Ref(b.fs, "ada").Update(t.Context(), without); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.want(http.StatusOK, boss, "GET", "/v1/admin/users/ada", "")
	}
	if diff := cmp.Diff(map[string]int{"user.read": 2}, b.acts("ada")); diff != "" {
		t.Errorf("acts (-want +got):\n%s", diff)
	}
}

// stand asks for the action on ada.
func (b *bench) stand(status int, as, key, body string) map[string]any {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), "POST", "/v1/admin/users/ada/standing", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+as)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	if w.Code != status {
		b.Errorf("%s as %s: %d %s, want %d", body, as, w.Code, w.Body, status)
	}
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.Fatal(err)
	}
	return answer
}

func TestStanding(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.named("ada")
	const ban, lift = `{"action":"ban","reason":"abuse"}`, `{"action":"lift","reason":"appeal"}`
	t.Run("is for administrators who have just signed in", func(t *testing.T) {
		for as, code := range map[string]string{
			"ada": "role_required", "help:support": "role_required", "boss:admin:stale": "sign_in_stale",
		} {
			if got := b.stand(http.StatusForbidden, as, "", ban)["code"]; got != code {
				t.Errorf("%s: %v, want %s", as, got, code)
			}
		}
	})
	t.Run("refuses bodies that say nothing of the kind", func(*testing.T) {
		for _, body := range []string{
			`{}`, `{"action":"ban"}`, `{"action":"erase","reason":"abuse"}`, `{"action":"lift","reason":"abuse"}`,
			`{"action":"ban","reason":"abuse","note":"free text"}`,
		} {
			b.stand(http.StatusUnprocessableEntity, boss, "", body)
		}
	})
	t.Run("changes nothing in a dry run", func(t *testing.T) {
		answer := b.stand(http.StatusOK, boss, "key", `{"action":"ban","reason":"abuse","dryRun":true}`)
		want := map[string]any{"uid": "ada", "before": "active", "after": "banned", "changed": true, "dryRun": true}
		if diff := cmp.Diff(want, answer); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		b.want(http.StatusOK, "ada", "GET", "/v1/me", "")
	})
	t.Run("bans once, however often it is sent", func(t *testing.T) {
		for i := range 3 {
			if got := b.stand(http.StatusOK, boss, "key", ban)["changed"]; got != (i == 0) {
				t.Errorf("request %d: changed %v", i, got)
			}
		}
		b.want(http.StatusForbidden, "ada", "GET", "/v1/me", "")
		b.stand(http.StatusOK, boss, "", lift)
		if got := b.stand(http.StatusOK, boss, "key", ban)["after"]; got != "active" {
			t.Errorf("a late repetition leaves the account %v", got)
		}
		b.want(http.StatusOK, "ada", "GET", "/v1/me", "")
	})
	t.Run("takes the same key of another for another", func(*testing.T) {
		b.stand(http.StatusOK, "chief:admin", "key", ban)
		b.want(http.StatusForbidden, "ada", "GET", "/v1/me", "")
	})
	t.Run("leads from a ban to no quarantine", func(t *testing.T) {
		answer := b.stand(http.StatusConflict, boss, "", `{"action":"quarantine","reason":"fraud"}`)
		if answer["code"] != "account_state" {
			t.Errorf("%v", answer)
		}
	})
	want := map[string]int{"account.registered": 1, "account.banned": 2, "account.ban-lifted": 1, "user.read": 4}
	if diff := cmp.Diff(want, b.acts("ada")); diff != "" {
		t.Errorf("acts (-want +got):\n%s", diff)
	}
	b.want(http.StatusNotFound, boss, "POST", "/v1/admin/users/none/standing", ban)
	b.want(http.StatusNotFound, boss, "POST", "/v1/admin/users/a%2Fb/standing", ban)
}
