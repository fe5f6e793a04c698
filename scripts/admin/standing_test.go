package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/outbox"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare = func(tools *tools) { tools.wrap = func(outbox.Publisher) outbox.Publisher { return refusing{} } }
	for i, step := range []struct {
		args []string
		want account.State
		owed int
	}{
		{[]string{"ban", "-reason", "abuse", "-dry-run"}, account.Active, 0},
		{[]string{"ban", "-reason", "abuse", "-key", "k"}, account.Banned, 2},
		{[]string{"ban", "-reason", "abuse"}, account.Banned, 2},
		{[]string{"lift", "-reason", "mistake"}, account.Active, 4},
		{[]string{"ban", "-reason", "abuse", "-key", "k"}, account.Active, 4},
		{[]string{"quarantine", "-reason", "legal"}, account.Quarantined, 5},
		{[]string{"release", "-reason", "resolved"}, account.Active, 6},
	} {
		v := read[standingView](t, w, append(step.args, "-json", "-uid", "ada")...)
		u, err := account.Get(t.Context(), w.fs, "ada")
		if err != nil || u.State != step.want || w.owed(t) != step.owed {
			t.Errorf("step %d: %+v, the account is %s, %d owed, %v", i, v, u.State, w.owed(t), err)
		}
	}
	acts := w.acts(t)
	for _, kind := range []audit.Kind{audit.Banned, audit.BanLifted, audit.Quarantined, audit.Released} {
		if acts[kind] != 1 {
			t.Errorf("%d acts of %s", acts[kind], kind)
		}
	}
	if _, err := w.admin(t, "ban", "-uid", "nobody", "-reason", "abuse"); !errors.Is(err, account.ErrNoUser) {
		t.Errorf("a user whom there is not: %v", err)
	}
}

// What is about a user who is shut out is published, and the operator is told what keeps it from
// having all its effects.
func TestParkedRedrive_ofWhoIsShutOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for uid, want := range map[account.UID]struct {
		state account.State
		says  string
	}{
		"bob": {account.Banned, "redriven; its user is banned"},
		"cy":  {account.Quarantined, "redriven; its user is in quarantine"},
		"ada": {account.Active, "redriven"},
	} {
		w.user(t, uid, want.state)
		all := read[[]redriven](t, w, "parked", "redrive", "-json", w.park(t, "rank", completed(t, string(uid)), "refused"))
		if len(all) != 1 || !strings.HasPrefix(all[0].Outcome, want.says) ||
			want.state == account.Active && all[0].Outcome != want.says {
			t.Errorf("%s: %+v, want %q", uid, all, want.says)
		}
	}
	w.published(t, "scan-completed-v1", 3)
}
