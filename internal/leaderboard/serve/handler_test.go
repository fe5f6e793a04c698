package serve

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
)

func TestTop_empty(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	status, top := get[topView](b, "u", "/v1/leaderboards/symmetry/top")
	if diff := cmp.Diff(topView{Board: board, Entries: []rowView{}}, top); status != http.StatusOK || diff != "" {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
}

func TestTop_orderAndTies(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("low", 1, 40)
	b.rated("late", 3, 60)
	b.rated("b", 2, 60)
	b.rated("a", 2, 60)
	b.rated("high", 9, 90)
	_, top := get[topView](b, "late", "/v1/leaderboards/symmetry/top?limit=100")
	want := []rowView{
		{Rank: 1, Username: "name-high", Rating: 78, Scans: 1},
		{Rank: 2, Username: "name-a", Rating: 57, Scans: 1},
		{Rank: 2, Username: "name-b", Rating: 57, Scans: 1},
		{Rank: 2, Username: "name-late", Rating: 57, Scans: 1, Me: true},
		{Rank: 5, Username: "name-low", Rating: 43, Scans: 1},
	}
	if diff := cmp.Diff(want, top.Entries); diff != "" {
		t.Errorf("top (-want +got):\n%s", diff)
	}
	_, cut := get[topView](b, "late", "/v1/leaderboards/symmetry/top?limit=2")
	if diff := cmp.Diff(want[:2], cut.Entries); diff != "" {
		t.Errorf("top 2 (-want +got):\n%s", diff)
	}
	for uid, rank := range map[account.UID]int64{"high": 1, "a": 2, "b": 2, "late": 2, "low": 5} {
		if _, me := get[leaderboard.Standing](b, uid, "/v1/leaderboards/symmetry/me"); me.Rank == nil || *me.Rank != rank {
			t.Errorf("%s: own rank is not that of the top, %d: %+v", uid, rank, me)
		}
	}
}

func TestTop_limit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 12 {
		b.rated(account.UID(fmt.Sprintf("u%02d", i)), 1, float64(i))
	}
	if _, top := get[topView](b, "u00", "/v1/leaderboards/symmetry/top"); len(top.Entries) != 10 || top.Entries[9].Me {
		t.Errorf("top = %+v, want 10 entries and me outside", top.Entries)
	}
	_, me := get[leaderboard.Standing](b, "u00", "/v1/leaderboards/symmetry/me")
	if me.Rank == nil || *me.Rank != 12 || me.Total != 12 || *me.Percentile != 0 {
		t.Errorf("me = %+v, want rank 12 of 12", me)
	}
	for _, limit := range []string{"0", "101", "x", "-1"} {
		status, problem := get[httpapi.Problem](b, "u00", "/v1/leaderboards/symmetry/top?limit="+limit)
		if status != http.StatusBadRequest || problem.Code != fault.CodeInvalidParameter {
			t.Errorf("limit=%s: %d %s", limit, status, problem.Code)
		}
	}
}

func TestTop_hidesUIDs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("secret-uid")
	u.Username = ""
	b.count(u, 0, 50)
	_, top := get[map[string]any](b, "other", "/v1/leaderboards/symmetry/top")
	if text := fmt.Sprint(top); strings.Contains(text, "secret-uid") || !strings.Contains(text, "username:") {
		t.Errorf("top = %s", text)
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("only", 1, 80)
	number := func(n int64) *int64 { return &n }
	percent := func(p float64) *float64 { return &p }
	tests := map[string]struct {
		user account.User
		want leaderboard.Standing
	}{
		"alone": {member("only"), leaderboard.Standing{
			Board: board, OptIn: true, Rank: number(1), Total: 1, Percentile: percent(100),
			Entry: &leaderboard.OwnEntry{Username: "name-only", Rating: 71, Scans: 1, AchievedAt: "2026-11-21T01:00:00.000Z"},
		}},
		"opted in without a scan": {member("new"), leaderboard.Standing{Board: board, OptIn: true, Total: 1}},
		"not opted in": {func() account.User {
			u := member("shy")
			u.Leaderboard.OptIn = false
			return u
		}(), leaderboard.Standing{Board: board, Total: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b.save(tt.user)
			status, me := get[leaderboard.Standing](b, tt.user.UID, "/v1/leaderboards/symmetry/me")
			if diff := cmp.Diff(tt.want, me); status != http.StatusOK || diff != "" {
				t.Errorf("%d (-want +got):\n%s", status, diff)
			}
		})
	}
}

func TestMe_optedOutBeforeTheEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("u", 1, 80)
	u := member("u")
	u.Leaderboard.OptIn = false
	b.save(u)
	if _, me := get[leaderboard.Standing](b, "u", "/v1/leaderboards/symmetry/me"); me.Entry != nil || me.Rank != nil {
		t.Errorf("me = %+v, want no entry", me)
	}
}

func TestMe_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	erasing := member("going")
	erasing.State = account.Erasing
	b.save(erasing)
	for uid, code := range map[account.UID]fault.Code{
		"nobody": fault.CodeNotRegistered, "going": fault.CodeAccountErasing,
	} {
		status, problem := get[httpapi.Problem](b, uid, "/v1/leaderboards/symmetry/me")
		if status != http.StatusForbidden || problem.Code != code {
			t.Errorf("%s: %d %s, want %s", uid, status, problem.Code, code)
		}
	}
}
