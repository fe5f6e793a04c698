package export_test

import (
	"net/http"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/testkit"
)

// wait asks for the export, willing to wait, and returns when its document is listened to.
func (w *world) wait(t *testing.T, id string) <-chan usertest.Answer {
	t.Helper()
	answer := make(chan usertest.Answer, 1)
	go func() { answer <- w.Ask(ada, http.MethodGet, me+"?wait=25", "") }()
	testkit.Eventually(t, "the export is listened to", func() bool { return w.watcher.Hears(id) })
	return answer
}

func TestExport_isWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	asked := w.Ask(ada, http.MethodPost, me, "")
	if after := asked.Header.Get("Retry-After"); after != "1" {
		t.Errorf("one that is begun: Retry-After is %q", after)
	}
	id := w.call(t, http.MethodGet, ada, http.StatusOK).ID
	waited := w.wait(t, id)
	w.deliver(t)
	got := scantest.Receive(t, waited, "the answer")
	if a := usertest.Decode[answer](w.World, got); a.State != "ready" || a.URL == "" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if after := got.Header.Get("Retry-After"); after != "" {
		t.Errorf("one that is ready: Retry-After is %q", after)
	}
	if a := w.Ask(ada, http.MethodGet, me+"?wait=25", ""); a.Status != http.StatusOK {
		t.Errorf("one that is ready is waited for: %d", a.Status)
	}
	testkit.Eventually(t, "nothing is listened to after the end", func() bool { return w.watcher.Watched() == 0 })
}

// A wait is longer than it takes to begin an erasure, to withdraw a consent or to sign out.
func TestExport_isWaitedForInVain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(*testing.T, *world)
		want      int
	}{
		"the consent is withdrawn": {func(_ *testing.T, w *world) { w.Withdraw(ada) }, http.StatusNotFound},
		"the account is being erased": {func(t *testing.T, w *world) {
			t.Helper()
			set(t, account.Ref(w.Firestore, ada), "state", string(account.Erasing))
		}, http.StatusForbidden},
		"nothing of the sort": {func(*testing.T, *world) {}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.seed(t, ada)
			id := w.ask(t).ID
			waited := w.wait(t, id)
			tt.meanwhile(t, w)
			set(t, w.Firestore.Collection("exports").Doc(id), "state", string(export.Ready))
			if got := scantest.Receive(t, waited, "the answer"); got.Status != tt.want {
				t.Errorf("%d %s, want %d", got.Status, got.Body, tt.want)
			}
		})
	}
	t.Run("the export is deleted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Register(ada, "phone")
		id := w.ask(t).ID
		waited := w.wait(t, id)
		if _, err := w.Firestore.Collection("exports").Doc(id).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := scantest.Receive(t, waited, "the answer"); got.Status != http.StatusNotFound {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
	t.Run("the wait is none", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Register(ada, "phone")
		w.ask(t)
		for _, wait := range []string{"26", "-1", "x", ""} {
			if got := w.Ask(ada, http.MethodGet, me+"?wait="+wait, ""); got.Status != http.StatusBadRequest {
				t.Errorf("%q: %d %s", wait, got.Status, got.Body)
			}
		}
	})
}

// set changes a document as another function would.
func set(t *testing.T, ref *firestore.DocumentRef, path string, value any) {
	t.Helper()
	if _, err := ref.Update(t.Context(), []firestore.Update{{Path: path, Value: value}}); err != nil {
		t.Fatal(err)
	}
}
