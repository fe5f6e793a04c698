package erasure_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
)

// newLinkWorld has Firebase's clock not ahead of the system's: it dates sign-ins by the machine's.
func newLinkWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	if behind := time.Since(w.Clock()); behind > 0 {
		w.Advance(behind + time.Minute)
	}
	return w
}

// askLink asks for a link and has the mails sent that are due.
func (w *world) askLink(t *testing.T, address string) (status int, body string) {
	t.Helper()
	a := w.Ask("", http.MethodPost, "/v1/account-deletion", fmt.Sprintf(`{"email":%q,"locale":"de-AT"}`, address))
	w.erase(t)
	return a.Status, string(a.Body)
}

var linkInMail = regexp.MustCompile(`https://api\.test(/v1/account-deletion/[\w-]+)\?lang=de`)

// links are the paths of the pages in the mails to an address, in the order of the mails.
func (w *world) links(t *testing.T, to string) (paths []string) {
	t.Helper()
	for _, m := range w.Mail.Messages() {
		if found := linkInMail.FindStringSubmatch(m.Text); found != nil && m.To[0] == to {
			paths = append(paths, found[1])
		}
	}
	return paths
}

var receiptInPage = regexp.MustCompile(`href="https://api\.test(/v1/erasures/[a-z0-9]+)"`)

// confirm presses the button of a link's page. It returns the path of the receipt, "" if the link
// does not work.
func (w *world) confirm(t *testing.T, path string) (receipt string) {
	t.Helper()
	a := w.AskAs("", http.MethodPost, path, "application/x-www-form-urlencoded", "sure=yes")
	found := receiptInPage.FindStringSubmatch(string(a.Body))
	refused := strings.Contains(string(a.Body), "This link does not work any more")
	if a.Status != http.StatusOK || (found == nil) != refused {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if found == nil {
		return ""
	}
	return found[1]
}

// link asks for a link and returns its path.
func (w *world) link(t *testing.T, uid string) (path string) {
	t.Helper()
	before := len(w.links(t, usertest.Email(uid)))
	if status, body := w.askLink(t, usertest.Email(uid)); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	all := w.links(t, usertest.Email(uid))
	if len(all) != before+1 {
		t.Fatalf("%d mails, %d before", len(all), before)
	}
	return all[before]
}

func TestByLink(t *testing.T) {
	t.Parallel()
	w := newLinkWorld(t)
	w.Register(ada, "phone")
	first := w.link(t, ada)
	w.Advance(5 * time.Minute)
	second := w.link(t, ada)

	for range 2 { // a program that looks at mails, and its user
		a := w.Ask("", http.MethodGet, first, "")
		if a.Status != http.StatusOK || !strings.Contains(string(a.Body), `<form method="post">`) {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if state := w.User(ada).State; state != "active" {
		t.Fatalf("after the link was opened the account is %s", state)
	}
	receipt := w.confirm(t, first)
	if receipt == "" {
		t.Fatal("the link does not work")
	}
	if again := w.confirm(t, first); again != receipt {
		t.Errorf("before the user is locked the link shows %q, want %q", again, receipt)
	}
	w.erase(t)
	if again := w.confirm(t, first); again != receipt {
		t.Errorf("the link shows %q, want %q", again, receipt)
	}
	if other := w.confirm(t, second); other != "" {
		t.Errorf("another link of the user shows the receipt %s", other)
	}
	w.finish(t)
	if over := w.confirm(t, first); over != "" {
		t.Errorf("after the erasure the link shows %q", over)
	}
	status, answer, _ := w.call(t, http.MethodGet, receipt, "")
	if status != http.StatusOK || answer["state"] != "erased" {
		t.Errorf("%d %v", status, answer)
	}
}

// A browser is shown the receipt as a page, in its language.
func TestReceipt_page(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "phone")
	path := w.request(t, ada)
	show := func(accept, want string, status ...int) {
		t.Helper()
		status = append(status, http.StatusOK)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.Header.Set("Accept", accept)
		r.Header.Set("Accept-Language", "de")
		rec := httptest.NewRecorder()
		w.API.ServeHTTP(rec, r)
		if rec.Code != status[0] || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d without %q: %s", accept, rec.Code, want, rec.Body)
		}
	}
	show("text/html,*/*;q=0.8", "<h1>Dein Konto wird gelöscht</h1>")
	w.erase(t)
	w.finish(t)
	show("text/html,*/*;q=0.8", "<h1>Dein Konto wurde gelöscht</h1>")
	show("text/html,*/*;q=0.8", "<td>Anmeldung</td><td class=\"number\">1</td>")
	show("application/json", `"state":"erased"`)
	w.Advance(schema.ReceiptLife)
	show("text/html,*/*;q=0.8", "<h1>Hier ist nichts</h1>", http.StatusNotFound)
	show("application/json", `"code":"not_found"`, http.StatusNotFound)
}

// Whether an account has the address shows neither in the answer nor in what is kept or published.
func TestByLink_tellsNobody(t *testing.T) {
	t.Parallel()
	w := newLinkWorld(t)
	users := map[string]*auth.UserToUpdate{
		"known": nil, "unverified": new(auth.UserToUpdate).EmailVerified(false),
		"disabled": new(auth.UserToUpdate).Disabled(true),
	}
	for uid, change := range users {
		w.Register(uid, "phone-"+uid)
		if change == nil {
			continue
		}
		if _, err := w.Users.UpdateUser(t.Context(), uid, change); err != nil {
			t.Fatal(err)
		}
	}
	type effect struct {
		Status, Published, Counts int
		Body                      string
	}
	kept := func() (published, counts int) {
		t.Helper()
		limits, err := w.Firestore.Collection("limits").Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(w.Published()), len(limits)
	}
	w.askLink(t, "warm@example.com") // from then on the client's own count is there
	var want *effect
	for _, who := range []string{"known", "unknown", "unverified", "disabled"} {
		published, counts := kept()
		status, body := w.askLink(t, usertest.Email(who))
		now, all := kept()
		got := effect{Status: status, Body: body, Published: now - published, Counts: all - counts}
		if want == nil {
			want = &effect{Status: http.StatusAccepted, Published: 1, Counts: 2}
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
		if mails := len(w.links(t, usertest.Email(who))); (mails == 1) != (who == "known") {
			t.Errorf("%s: %d mails", who, mails)
		}
	}
	for _, p := range w.Published() {
		if p.Topic == event.Topic(event.AccountDeletionAskedV1{}.EventType()) && strings.Contains(string(p.Data), "known") {
			t.Errorf("an event has an address: %s", p.Data)
		}
	}
}

func TestByLink_limits(t *testing.T) {
	t.Parallel()
	w := newLinkWorld(t)
	w.Register(ada, "phone")
	for i, want := range []struct{ status, mails int }{
		{http.StatusAccepted, 1}, {http.StatusAccepted, 1}, {http.StatusAccepted, 1}, {http.StatusTooManyRequests, 1},
	} {
		status, body := w.askLink(t, strings.ToUpper(usertest.Email(ada))[:3]+usertest.Email(ada)[3:])
		if mails := len(w.links(t, usertest.Email(ada))); status != want.status || mails != want.mails {
			t.Fatalf("request %d: %d %s, %d mails", i, status, body, mails)
		}
	}
	if status, _ := w.askLink(t, usertest.Email(bob)); status != http.StatusAccepted {
		t.Errorf("another mailbox: %d", status)
	}
	w.Advance(time.Hour)
	status, _ := w.askLink(t, usertest.Email(ada))
	if mails := len(w.links(t, usertest.Email(ada))); status != http.StatusAccepted || mails != 2 {
		t.Errorf("an hour later: %d, %d mails", status, mails)
	}
}

func TestByLink_badRequests(t *testing.T) {
	t.Parallel()
	w := newLinkWorld(t)
	for name, body := range map[string]string{
		"no address": `{}`, "an empty one": `{"email":""}`, "none": `{"email":"ada"}`, "two": `{"email":"a@b@c"}`,
		"a header": `{"email":"a@b\r\nBcc: c@d"}`, "a long one": `{"email":"a@` + strings.Repeat("b", 254) + `"}`,
		"a long locale": `{"email":"a@b","locale":"` + strings.Repeat("x", 36) + `"}`, "more": `{"email":"a@b","uid":"x"}`,
	} {
		if a := w.Ask("", http.MethodPost, "/v1/account-deletion", body); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	a := w.AskAs("", http.MethodPost, link.Path+"x", "application/x-www-form-urlencoded", "sure=no")
	if a.Status != http.StatusUnprocessableEntity || len(w.Published()) > 0 {
		t.Errorf("a form without its pair: %d %s", a.Status, a.Body)
	}
}

// A link that does not work shows one page, whatever the reason, and begins nothing.
func TestByLink_refused(t *testing.T) {
	t.Parallel()
	w := newLinkWorld(t)
	w.Register(ada, "phone")
	update := func(change *auth.UserToUpdate) func(string) string {
		return func(path string) string {
			if _, err := w.Users.UpdateUser(t.Context(), ada, change); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	forged := func(of keys.Ring, made link.Link) string {
		links, err := link.New("https://api.test", of)
		if err != nil {
			t.Fatal(err)
		}
		page, err := links.URL(made, "en")
		if err != nil {
			t.Fatal(err)
		}
		path, _, _ := strings.Cut(strings.TrimPrefix(page, "https://api.test"), "?")
		return path
	}
	good := testkit.Ring(keys.ForDeletions)
	of := link.Link{ID: "i", UID: ada, Address: usertest.Email(ada), AskedAt: w.Clock()}
	stranger := of
	stranger.UID = bob
	for _, tt := range []struct {
		name string
		link func(path string) string
	}{
		{"no token", func(string) string { return link.Path + "x" }},
		{"half a token", func(path string) string { return path[:len(path)/2] }},
		{"another bit", func(path string) string {
			other := "AA"
			if strings.HasSuffix(path, other) {
				other = "BA"
			}
			return path[:len(path)-2] + other
		}},
		{"a very long token", func(path string) string { return path + strings.Repeat("A", 4096) }},
		{"a secret of another deployment", func(string) string {
			return forged(keys.NewRing(keys.ForDeletions, []byte(strings.Repeat("x", 32))), of)
		}},
		{"the address where the link belongs", func(string) string {
			sealed, err := w.eraser.Links.SealAddress("i", usertest.Email(ada))
			if err != nil {
				t.Fatal(err)
			}
			return link.Path + sealed
		}},
		{"a user who is gone", func(string) string { return forged(good, stranger) }},
		{"half an hour later", func(path string) string { w.Advance(link.Life); return path }},
		{"another address", update(new(auth.UserToUpdate).Email("ada@new.example").EmailVerified(true))},
		{"an address that is not verified", update(new(auth.UserToUpdate).Email(usertest.Email(ada)).EmailVerified(false))},
		{"sign-ins ended since", func(string) string {
			update(new(auth.UserToUpdate).EmailVerified(true))("")
			before := of
			before.AskedAt = time.Now().Add(-time.Minute)
			w.Advance(time.Since(w.Clock()) + time.Second)
			if err := w.Users.RevokeRefreshTokens(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
			return forged(good, before)
		}},
		{"a user who is banned", update(new(auth.UserToUpdate).Disabled(true))},
	} {
		w.Advance(5 * time.Minute)
		path := forged(good, link.Link{ID: "l", UID: ada, Address: usertest.Email(ada), AskedAt: w.Clock()})
		if receipt := w.confirm(t, tt.link(path)); receipt != "" {
			t.Fatalf("%s: %s", tt.name, receipt)
		}
	}
	if state := w.User(ada).State; state != "active" {
		t.Errorf("the account is %s", state)
	}
}
