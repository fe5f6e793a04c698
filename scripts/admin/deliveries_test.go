package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/notify/deliver"
	"github.com/facescan/facescan/internal/operate"
)

func TestDeliveries(t *testing.T) {
	t.Parallel()
	u := usertest.New(t, usertest.Options{})
	u.MoveIn("ada", account.Notifications{Push: true}, "unavailable-phone")
	u.Deliver("rank")
	u.Upload("ada", usertest.Photo(t, 1, "a"))
	u.Deliver("analyze")
	if err := u.TryDeliver("notify"); err == nil {
		t.Fatal("pushes arrive")
	}
	w := worldOf(t, u.Project)
	var id, data string
	for _, p := range u.Published() {
		if p.Topic == "scan-completed-v1" {
			id, data = p.Attributes[event.AttributeID], string(p.Data)
		}
	}
	of := func(f deliver.Delivery) bool { return f.EventID == id && f.UID == "ada" }
	if all := read[deliver.Looked](t, w, "deliveries", "list", "-json"); !slices.ContainsFunc(all.Failed, of) {
		t.Errorf("listed %+v", all)
	}
	if text, err := w.admin(t, "deliveries", "list", "-reads", "1"); err != nil ||
		!strings.Contains(text, "-after users/ada/deliveries/") {
		t.Errorf("one of them: %s, %v", text, err)
	}
	for _, args := range [][]string{{"list"}, {"show", "-uid", "ada", id}} {
		text, err := w.admin(t, append([]string{"deliveries"}, args...)...)
		if err != nil || !strings.Contains(text, "push=failed") || strings.ContainsRune(text, '\x1b') {
			t.Errorf("%q: %q, %v", args, text, err)
		}
	}
	redrive := []string{"deliveries", "redrive", "-uid", "ada"}
	if text, err := w.admin(t, append(redrive, "-dry-run", id)...); err != nil || w.owed(t) != 0 {
		t.Errorf("dry: %s, %v", text, err)
	}
	state := func(is account.State) {
		t.Helper()
		fields := []firestore.Update{{Path: "state", Value: string(is)}}
		if _, err := account.Ref(w.fs, "ada").Update(t.Context(), fields); err != nil {
			t.Fatal(err)
		}
	}
	state(account.Banned)
	text, err := w.admin(t, append(redrive, id)...)
	if !errors.Is(err, errLeft) || !strings.Contains(text, operate.ErrBanned.Error()) || w.owed(t) != 0 {
		t.Errorf("to a banned user: %s, %v, %d owed", text, err, w.owed(t))
	}
	state(account.Active)
	if _, err := w.admin(t, append(redrive, id)...); err != nil {
		t.Fatal(err)
	}
	if got := w.published(t, "scan-completed-v1", 1)[0]; string(got.GetData()) != data {
		t.Errorf("published %s", got.GetData())
	}
	for event, want := range map[string]error{id: operate.ErrRedriven, "nothing": deliver.ErrNotFailed} {
		text, err := w.admin(t, append(redrive, event)...)
		if !errors.Is(err, errLeft) || !strings.Contains(text, want.Error()) {
			t.Errorf("%s: %s, %v, want %v", event, text, err, want)
		}
	}
	kept := w.fs.Collection("audit").Where("kind", "==", string(audit.DeliveryRedriven))
	acts, err := kept.Documents(t.Context()).GetAll()
	if err != nil || len(acts) != 1 {
		t.Errorf("%d acts, %v", len(acts), err)
	}
}
