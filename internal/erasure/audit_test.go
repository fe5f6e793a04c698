package erasure_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
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
	"github.com/facescan/facescan/internal/testkit"
)

// acts returns the audit by the kinds of its acts.
func (w *world) acts(t *testing.T) map[string][]map[string]any {
	t.Helper()
	found, err := w.Firestore.Collection("audit").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]map[string]any{}
	for _, snap := range found {
		kind, _ := snap.Data()["kind"].(string)
		all[kind] = append(all[kind], snap.Data())
	}
	return all
}

// The acts of an account outlive it. Those of one user have one pseudonym, to which nothing leads
// after the erasure: neither what is stored nor the key with the user's id.
func TestErase_keepsActsAndDropsTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "token-of-ada")
	w.Register(bob, "token-of-bob")
	w.Grant(ada)
	w.Withdraw(ada)
	link := w.User(ada).Acts
	looked := audit.Act{
		Kind: audit.UserRead, Subject: link, Actor: audit.Staff(httpapi.Identity{UID: "boss", Role: httpapi.RoleAdmin}),
	}
	if err := w.Acts.Add(t.Context(), looked); err != nil {
		t.Fatal(err)
	}
	w.request(t, ada)
	w.request(t, ada)
	w.erase(t)
	if kept := w.User(ada).Acts; kept != link {
		t.Errorf("while it is erased the link is %q, want %q", kept, link)
	}
	w.finish(t)
	subject := testkit.Ring(keys.ForAudit).ID(keys.AuditSubject, string(link))
	kinds := map[string]int{}
	for kind, acts := range w.acts(t) {
		for _, act := range acts {
			if act["subject"] == subject {
				kinds[kind]++
			}
		}
	}
	want := map[string]int{
		"account.registered": 1, "consent.granted": 1, "consent.withdrawn": 1, "user.read": 1, "erasure.asked": 1,
		"erasure.done": 1,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("acts about ada (-want +got):\n%s", diff)
	}
	for _, text := range []string{string(link), ada} {
		if left := w.Mentions(text); len(left) > 0 {
			t.Errorf("%q is left in %q", text, left)
		}
	}
	if found, ok := w.Acts.About(audit.Link(ada)); ok {
		if acts, err := found.Documents(t.Context()).GetAll(); err != nil || len(acts) > 0 {
			t.Errorf("the uid leads to %d acts, %v", len(acts), err)
		}
	}
	if w.User(bob).Acts == "" {
		t.Error("another user's link is gone, too")
	}
}

// A killed worker and another that goes on write one act of the end.
func TestErase_writesEachActOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "token-of-ada")
	path := w.request(t, ada)
	w.erase(t)
	w.finish(t)
	w.finish(t)
	w.wantErased(t, path)
	acts := w.acts(t)
	for _, kind := range []string{"erasure.asked", "erasure.done"} {
		if n := len(acts[kind]); n != 1 {
			t.Errorf("%d acts %s", n, kind)
		}
	}
	if by := acts["erasure.asked"][0]["by"]; by != "user" && by != "service" {
		t.Errorf("it was asked for by %v", by)
	}
}

// Who never registered has acts of the erasure alone, and a saga of before there were acts ends
// with one to which nothing ever led.
func TestErase_withoutALink(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*testing.T, *world){
		"of who never registered": func(*testing.T, *world) {},
		"of a user from before": func(t *testing.T, w *world) {
			t.Helper()
			w.Register(ada, "token-of-ada")
			w.clear(t, "users")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before(t, w)
			w.request(t, ada)
			w.erase(t)
			w.finish(t)
			acts := w.acts(t)
			asked, done := acts["erasure.asked"], acts["erasure.done"]
			if len(asked) != 1 || len(done) != 1 || asked[0]["subject"] != done[0]["subject"] {
				t.Errorf("asked %v, done %v", asked, done)
			}
		})
	}
	t.Run("of a saga from before", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Register(ada, "token-of-ada")
		w.request(t, ada)
		w.clear(t, "users", "erasures")
		w.erase(t)
		w.finish(t)
		if done := w.acts(t)["erasure.done"]; len(done) != 1 || done[0]["subject"] == "" {
			t.Errorf("done %v", done)
		}
	})
}

// clear takes ada's link out of the collections, as their documents were before there were acts.
func (w *world) clear(t *testing.T, collections ...string) {
	t.Helper()
	for _, name := range collections {
		without := []firestore.Update{{Path: "acts", Value: firestore.Delete}}
		if _, err := w.Firestore.Collection(name).Doc(ada).Update(t.Context(), without); err != nil {
			t.Fatal(err)
		}
	}
}

// The act and what it records are in one commit: if that fails, there is neither.
func TestRequest_isAuditedOrNotMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "token-of-ada")
	u := w.User(ada)
	at := w.Clock()
	// The act of the very request is there, as nothing but a fault could have it.
	there := audit.Act{Kind: audit.ErasureAsked, Actor: audit.User, Subject: u.Acts,
		Key: []string{ada, fmt.Sprint(at.UTC().Truncate(time.Microsecond).UnixMicro())}}
	if err := w.Acts.Add(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := w.call(t, http.MethodDelete, "/v1/me", ada); status < 500 {
		t.Errorf("%d", status)
	}
	if now := w.User(ada); now.State != account.Active {
		t.Errorf("the account is %s", now.State)
	}
	err := w.Firestore.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		return w.Acts.Write(tx, there)
	})
	if err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("%v", err)
	}
	if kinds := slices.Sorted(maps.Keys(w.acts(t))); slices.Contains(kinds, "erasure.done") {
		t.Errorf("acts %q", kinds)
	}
}
