package main

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
)

// testdata/bans.json is what 73e9d6b wrote of ada, who is banned, bob, who has signed out
// everywhere, and eve, whose ban was lifted.
func TestBans(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "bans.json")
	if u, err := account.Get(t.Context(), fs, "ada"); err != nil || u.State != account.Banned {
		t.Errorf("before the step ada is %s, %v", u.State, err)
	}
	migrated(t, project, fs, bans)
	at := time.Date(2026, 11, 30, 13, 0, 0, 0, time.UTC)
	for uid, want := range map[account.UID]account.User{
		"ada": {State: account.Banned, TokensValidAfter: today}, "bob": {State: account.Active, TokensValidAfter: at},
		"eve": {State: account.Active, TokensValidAfter: at.Add(time.Hour)},
	} {
		u, err := account.Get(t.Context(), fs, uid)
		if err != nil || u.State != want.State || !u.TokensValidAfter.Equal(want.TokensValidAfter) {
			t.Errorf("%s is %s, sign-ins hold after %s, %v", uid, u.State, u.TokensValidAfter, err)
		}
	}
}
