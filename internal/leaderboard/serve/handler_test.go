package serve

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
)

const (
	top    = "/v1/leaderboards/symmetry/top"
	around = "/v1/leaderboards/symmetry/around"
	own    = "/v1/leaderboards/symmetry/me"
	// lastDay is the time of the last of threeDays of the hour 1.
	lastDay = "2026-11-21T01:00:00.000Z"
)

var exceptTime = cmpopts.IgnoreFields(pageView{}, "CountedAt")

// names are the rows in short.
func names(v pageView) (rows []string) {
	for _, r := range v.Items {
		rows = append(rows, strings.TrimSuffix(fmt.Sprintf("%d %s %v", r.Rank, r.Username, r.Me), " false"))
	}
	return rows
}

func (b *bench) shows(what string, uid account.UID, path string, want ...string) pageView {
	b.t.Helper()
	status, v := get[pageView](b, uid, path)
	if diff := cmp.Diff(want, names(v)); status != http.StatusOK || diff != "" {
		b.t.Errorf("%s: %d (-want +got):\n%s", what, status, diff)
	}
	return v
}

func (b *bench) refused(uid account.UID, path string, want int, code fault.Code) {
	b.t.Helper()
	status, problem := get[httpapi.Problem](b, uid, path)
	if status != want || problem.Code != code {
		b.t.Errorf("%s: %d %s, want %d %s", path, status, problem.Code, want, code)
	}
}

func TestEmptyBoard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(member("u"))
	status, v := get[pageView](b, "u", top)
	diff := cmp.Diff(pageView{Board: board, Items: []boards.Row{}}, v, exceptTime)
	if status != http.StatusOK || diff != "" {
		t.Errorf("top: %d (-want +got):\n%s", status, diff)
	}
	want := pageView{Board: board, Items: []boards.Row{}, ReasonCode: boards.NotRated}
	if status, v = get[pageView](b, "u", around); status != http.StatusOK || !cmp.Equal(want, v, exceptTime) {
		t.Errorf("around: %d %+v", status, v)
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
	all := []string{"1 name-high", "2 name-a", "2 name-b", "2 name-late true", "5 name-low"}
	v := b.shows("all", "late", top+"?limit=100", all...)
	if r := v.Items[0]; r.Rating != rating(90) || r.ScanCount != 3 || v.Total != 5 {
		t.Errorf("first row %+v of %+v", r, v)
	}
	if v.PrevCursor != "" || v.NextCursor != "" {
		t.Errorf("a page beside the only one: %+v", v)
	}
	first := b.shows("2", "late", top+"?limit=2", all[:2]...)
	second := b.shows("next 2", "late", top+"?limit=2&cursor="+first.NextCursor, all[2:4]...)
	third := b.shows("the rest", "late", top+"?limit=2&cursor="+second.NextCursor, all[4:]...)
	back := b.shows("back", "late", top+"?limit=2&cursor="+third.PrevCursor, all[2:4]...)
	b.shows("back to the top", "late", top+"?limit=2&cursor="+back.PrevCursor, all[:2]...)
	if first.PrevCursor != "" || third.NextCursor != "" {
		t.Error("a page before the first, or after the last")
	}
	b.shows("around", "late", around+"?limit=3", "2 name-b", "2 name-late true", "5 name-low")
	b.shows("around the first", "high", around+"?limit=3", "1 name-high true", "2 name-a", "2 name-b")
	for uid, rank := range map[account.UID]int64{"high": 1, "a": 2, "b": 2, "late": 2, "low": 5} {
		if _, me := get[boards.Standing](b, uid, own); me.Rank == nil || me.Rank.Rank != rank {
			t.Errorf("%s: own rank is not that of the top, %d: %+v", uid, rank, me)
		}
	}
}

func TestParameters_areRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 3 {
		b.rated(account.UID(fmt.Sprintf("u%d", i)), i, float64(20*i))
	}
	_, v := get[pageView](b, "u0", top+"?limit=1")
	cursor := url.QueryEscape(v.NextCursor)
	for _, query := range []string{
		"limit=0", "limit=101", "limit=x", "limit=-1", "cursor=x", "cursor=" + cursor + "A", "cursor=" + cursor[1:],
		"cursor=" + strings.ToUpper(cursor), "cursor=PnguOi4", "page=2",
	} {
		b.refused("u0", top+"?"+query, http.StatusBadRequest, fault.CodeInvalidParameter)
	}
	for _, other := range []string{
		"symmetry_women_all_v1", "symmetry_overall_2026-W47_v1", "symmetry_overall_2026-11-21_v1",
	} {
		b.refused("u0", "/v1/leaderboards/"+other+"/top?cursor="+cursor, http.StatusBadRequest, fault.CodeInvalidParameter)
	}
	for _, query := range []string{"limit=0", "limit=52", "cursor=" + cursor} {
		b.refused("u0", around+"?"+query, http.StatusBadRequest, fault.CodeInvalidParameter)
	}
	for _, id := range []string{
		"x", "symmetry_all_v1", "symmetry_overall_all_v2", "symmetry_overall_2026-11-22_v1", "symmetry_overall_2026-W99_v1",
	} {
		for _, what := range []string{"top", "around", "me"} {
			b.refused("u0", "/v1/leaderboards/"+id+"/"+what, http.StatusNotFound, fault.CodeNotFound)
		}
	}
	b.refused("u0", "/v1/leaderboards/symmetry_overall_2026-10-01_v1/top", http.StatusNotFound, fault.CodeBoardGone)
	b.refused("u0", "/v1/leaderboards/symmetry_overall_2025-W40_v1/me", http.StatusNotFound, fault.CodeBoardGone)
}

// The id of another user is private, and so is what a cursor holds.
func TestPages_hideUIDs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, uid := range []account.UID{"secret-uid-1", "secret-uid-2"} {
		u := member(uid)
		u.Username = ""
		b.count(u, threeDays(uid, 1, 50)...)
	}
	b.rated("me", 1, 10)
	for _, path := range []string{top + "?limit=1", around + "?limit=2", own} {
		_, v := get[map[string]any](b, "me", path)
		if text := fmt.Sprint(v); strings.Contains(text, "secret-uid") {
			t.Errorf("%s shows it: %s", path, text)
		}
	}
	_, one := get[pageView](b, "me", top+"?limit=1")
	_, two := get[pageView](b, "me", top+"?limit=1")
	if one.NextCursor == "" || one.NextCursor == two.NextCursor {
		t.Errorf("the cursors %q and %q are equal or empty", one.NextCursor, two.NextCursor)
	}
}

// Names, and who takes part, are those of the moment of reading.
func TestTop_followsTheUsersAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i, uid := range []account.UID{"a", "b", "c", "d"} {
		b.rated(uid, 1, float64(90-10*i))
	}
	first := b.shows("before", "d", top+"?limit=1", "1 name-a")
	renamed := member("b")
	renamed.Username = "other"
	b.save(renamed)
	out := member("c")
	out.Leaderboard.OptIn = false
	b.save(out)
	b.shows("after", "d", top, "1 name-a", "2 other", "4 name-d true")
	_, me := get[boards.Standing](b, "c", own)
	if me.Entry != nil || me.Rank != nil || me.State != boards.OptedOut {
		t.Errorf("who opted out sees %+v", me)
	}
	b.shows("around who opted out", "c", around)
	if _, err := account.Ref(b.fs, "b").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.shows("the page after", "d", top+"?cursor="+first.NextCursor, "4 name-d true")
}

func TestMe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rated("only", 1, 80)
	b.count(member("beginner"), threeDays("beginner", 1, 90)[0])
	entry := func(u string, rating float64, scans int) *boards.OwnEntry {
		return &boards.OwnEntry{Username: "name-" + u, Rating: rating, ScanCount: scans, AchievedAt: lastDay}
	}
	one := leaderboard.History(threeDays("u", 1, 90)[:1]).Rating(1)
	shy := member("shy")
	shy.Leaderboard.OptIn = false
	tests := map[string]struct {
		user *account.User
		uid  account.UID
		want boards.Standing
	}{
		"alone": {nil, "only", boards.Standing{
			OptIn: true, State: boards.Ranked, Rank: &boards.Rank{Rank: 1, Low: 1, High: 1, Percentile: 100}, Total: 1,
			Entry: entry("only", rating(80), 3),
			Best:  &boards.BestScan{Value: 80, AchievedAt: "2026-11-19T01:00:00.000Z"}, // the first of three
		}},
		"with too few scans for others to see": {nil, "beginner", boards.Standing{
			OptIn: true, State: boards.Provisional, Total: 1, Entry: entry("beginner", one, 1),
			Best:     &boards.BestScan{Value: 90, AchievedAt: lastDay},
			Expected: &boards.Rank{Rank: 1, Low: 1, High: 2, Percentile: 100},
		}},
		"opted in without a scan": {new(member("new")), "new", boards.Standing{
			OptIn: true, State: boards.NotRated, Total: 1,
		}},
		"not opted in": {&shy, "shy", boards.Standing{State: boards.OptedOut, Total: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.user != nil {
				b.save(*tt.user)
			}
			tt.want.Board = board
			status, me := get[boards.Standing](b, tt.uid, own)
			diff := cmp.Diff(tt.want, me, cmpopts.IgnoreFields(boards.Standing{}, "CountedAt"),
				cmpopts.IgnoreFields(boards.OwnEntry{}, "StandardError"),
				cmpopts.IgnoreFields(boards.Rank{}, "Low", "High"))
			if status != http.StatusOK || diff != "" {
				t.Errorf("%d (-want +got):\n%s", status, diff)
			}
		})
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
		b.refused(uid, own, http.StatusForbidden, code)
		b.refused(uid, around, http.StatusForbidden, code)
	}
}

func TestBoards(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := member("u")
	u.Leaderboard.Division = account.Women
	b.count(u, threeDays("u", 1, 70)...)
	_, l := get[httpapi.List[boardView]](b, "u", "/v1/leaderboards")
	seen := map[string]bool{}
	for _, v := range l.Items {
		seen[v.ID] = v.BeginsAt == "" == (v.Period == "all") && v.ExpiresAt == "" == (v.Period == "all")
	}
	for _, id := range []string{
		board, "symmetry_overall_2026-W47_v1", "symmetry_overall_2026-11-21_v1", "symmetry_women_all_v1",
		"symmetry_women_2026-W47_v1", "symmetry_women_2026-11-21_v1",
	} {
		if !seen[id] {
			t.Errorf("%s is not among %v", id, l.Items)
		}
		b.shows(id, "u", "/v1/leaderboards/"+id+"/top", "1 name-u true")
		b.shows(id, "u", "/v1/leaderboards/"+id+"/around", "1 name-u true")
	}
	if len(l.Items) != 9 {
		t.Errorf("%d boards", len(l.Items))
	}
	b.shows("the other division", "u", "/v1/leaderboards/symmetry_men_all_v1/top")
}

func TestArchives(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for query, want := range map[string]struct {
		first, last string
		n           int
	}{
		"":                           {"symmetry_overall_2026-W46_v1", "symmetry_overall_2025-W46_v1", 53},
		"?division=men&period=day":   {"symmetry_men_2026-11-20_v1", "symmetry_men_2026-10-17_v1", 35},
		"?division=women&period=day": {"symmetry_women_2026-11-20_v1", "symmetry_women_2026-10-17_v1", 35},
	} {
		_, l := get[httpapi.List[boardView]](b, "u", "/v1/leaderboards/archives"+query)
		if n := len(l.Items); n != want.n || l.Items[0].ID != want.first || l.Items[n-1].ID != want.last {
			t.Errorf("%q: %d from %s to %s", query, n, l.Items[0].ID, l.Items[n-1].ID)
		}
	}
	b.refused("u", "/v1/leaderboards/archives?division=none", http.StatusBadRequest, fault.CodeInvalidParameter)
	b.rated("a", 1, 70)
	b.now = day0.Add(30 * 24 * time.Hour)
	b.shows("a day that has closed", "a", "/v1/leaderboards/symmetry_overall_2026-11-21_v1/top", "1 name-a true")
	b.now = day0.Add(36 * 24 * time.Hour)
	b.refused("a", "/v1/leaderboards/symmetry_overall_2026-11-21_v1/top", http.StatusNotFound, fault.CodeBoardGone)
}
