package leaderboard

import (
	"fmt"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
)

// daily is a history of n scans, so many a day.
func daily(n, aDay int) History {
	var h History
	for i := range n {
		at := day0.AddDate(0, 0, i/aDay).Add(time.Duration(i%aDay) * time.Hour)
		h = h.Add(kept(scanAt(fmt.Sprintf("s%02d", i), at, 60)))
	}
	return h
}

func TestPublic(t *testing.T) {
	t.Parallel()
	first := account.User{ConsentEpoch: 1, Consent: account.Consent{Granted: true, Since: 1}}
	newText := account.User{ConsentEpoch: 2, Consent: account.Consent{Granted: true, Since: 1}}
	again := account.User{ConsentEpoch: 3, Consent: account.Consent{Granted: true, Since: 3}}
	forgot := first
	forgot.Leaderboard.ForgottenAt = day0
	strike := func(h History, fold bool) History {
		for _, c := range h {
			h = h.Add(deletionOf(c, deletedAt))
		}
		if fold {
			return h.Fold(deletedAt.Add(redelivery))
		}
		return h
	}
	series := func(photos int) History {
		var h History
		for i := range 3 {
			s := kept(seriesOf(fmt.Sprint("s", i), 60, photos, 0, 1))
			s.CompletedAt = day0.AddDate(0, 0, i)
			h = h.Add(s)
		}
		return h
	}
	void := daily(3, 1)
	void[1].Deleted, void[1].Void = true, true
	for name, tt := range map[string]struct {
		user account.User
		of   History
		want bool
	}{
		"nothing":                        {first, nil, false},
		"two on two days":                {first, daily(2, 1), false},
		"three on one day":               {first, daily(3, 3), false},
		"three on two days":              {first, daily(3, 2), false},
		"three on three days":            {first, daily(3, 1), true},
		"three series of five":           {first, series(5), true},
		"three series without a photo":   {first, series(0), false},
		"three struck":                   {first, strike(daily(3, 1), false), true},
		"three folded":                   {first, strike(daily(3, 1), true), true},
		"one that is not ranked":         {first, void, false},
		"a newer text":                   {newText, daily(3, 1), true},
		"19 after a withdrawal":          {again, daily(19, 3), false},
		"20 after a withdrawal":          {again, daily(20, 3), true},
		"20 folded after a withdrawal":   {again, strike(daily(20, 3), true), true},
		"19 after the ratings were lost": {forgot, daily(19, 1), false},
		"20 after the ratings were lost": {forgot, daily(20, 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Public(tt.user, tt.of); got != tt.want {
				t.Errorf("public: %v, want %v", got, tt.want)
			}
		})
	}
}
