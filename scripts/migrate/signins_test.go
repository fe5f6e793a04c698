package main

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
)

// testdata/signins.json is what add0075 wrote: ada and bob registered with tokens that were two
// hours younger than their sign-ins, and bob's sign-ins were ended an hour later.
func TestSignIns(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "signins.json")
	migrated(t, project, fs, signIns)
	ended := time.Date(2026, 11, 28, 13, 0, 0, 0, time.UTC)
	for uid, want := range map[account.UID]time.Time{"ada": {}, "bob": ended} {
		u, err := account.Get(t.Context(), fs, uid)
		if err != nil {
			t.Fatal(err)
		}
		if !u.TokensValidAfter.Equal(want) {
			t.Errorf("%s's sign-ins are valid after %s, want %s", uid, u.TokensValidAfter, want)
		}
	}
}
