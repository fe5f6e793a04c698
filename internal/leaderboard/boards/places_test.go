package boards

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// boardsWith returns the ids of the boards that have an entry of the user.
func (b *bench) boardsWith(uid account.UID) (ids []string) {
	b.t.Helper()
	snaps, err := b.fs.CollectionGroup("entries").Where("uid", "==", uid).Documents(b.t.Context()).GetAll()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, snap := range snaps {
		ids = append(ids, snap.Ref.Parent.Parent.ID)
		board, ok := leaderboard.ParseBoard(ids[len(ids)-1])
		if wrong := b.drift(board); !ok || wrong != 0 {
			b.t.Errorf("the histogram of %s is wrong by %d", board.ID(), wrong)
		}
	}
	slices.Sort(ids)
	return ids
}

func (b *bench) onBoards(what string, uid account.UID, want ...string) {
	b.t.Helper()
	ids := make([]string, len(want))
	for i, name := range want {
		ids[i] = "symmetry_" + name + "_v1"
	}
	slices.Sort(ids)
	if diff := cmp.Diff(ids, append([]string{}, b.boardsWith(uid)...)); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestSave_periodsAndDivisions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.now = day0.Add(time.Hour) // Saturday, 21 November 2026
	u := member("u")
	h := scored("u", day0, 60)
	b.save(u, h[:2])
	b.onBoards("with two scans", "u")
	all := []string{"overall_all", "overall_2026-W47", "overall_2026-11-19", "overall_2026-11-20", "overall_2026-11-21"}
	b.save(u, h)
	b.onBoards("with three scans on three days", "u", all...)

	u.Leaderboard.Division = account.Women
	b.save(u, h)
	divided := slices.Concat(all, []string{
		"women_all", "women_2026-W47", "women_2026-11-19", "women_2026-11-20", "women_2026-11-21",
	})
	b.onBoards("after declaring a division", "u", divided...)

	b.now = day0.Add(36 * time.Hour) // the 19th has closed since, the 20th has not
	u.Leaderboard.Division = account.Men
	b.save(u, h)
	b.onBoards("after changing it", "u", slices.Concat(all, []string{
		"men_all", "men_2026-W47", "men_2026-11-20", "men_2026-11-21", "women_2026-11-19",
	})...)

	late := h.Add(scanAt("late", h[0].CompletedAt.Add(time.Hour), 99))
	closed := leaderboard.EntryRef(b.fs, "symmetry_overall_2026-11-19_v1", "u")
	before := emulatortest.Document[leaderboard.EntryDoc](t, closed)
	b.save(u, late)
	if after := emulatortest.Document[leaderboard.EntryDoc](t, closed); *after != *before {
		t.Errorf("a late scan changed a closed board from %+v to %+v", before, after)
	}
	if all := emulatortest.Document[leaderboard.EntryDoc](t, leaderboard.EntryRef(b.fs, main.ID(), "u")); all.Scans != 4 {
		t.Errorf("the late scan does not count for all time: %+v", all)
	}

	u.Leaderboard.OptIn = false
	b.save(u, late)
	b.onBoards("after opting out", "u")
	u.Leaderboard.OptIn = true
	b.save(u, late)
	if n := len(b.boardsWith("u")); n != 10 {
		t.Errorf("on %d boards after opting in again, want 10, the closed ones among them", n)
	}

	b.now = day0.Add(60 * day) // the days have expired
	b.save(u, late.Add(scanAt("new", b.now, 10)))
	places := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(b.fs, "u").Doc(main.ID())).Places
	for _, p := range places {
		if board, _ := leaderboard.ParseBoard(p.Board); board.Period.Gone(b.now) {
			t.Errorf("the rating keeps its place on %s", p.Board)
		}
	}
}

func TestSave_writesOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.now = day0.Add(time.Hour)
	u, h := member("u"), scored("u", day0, 60)
	b.save(u, h)
	times := func() (all []time.Time) {
		for _, group := range []string{"entries", "histogram", "ratings", "snapshot"} {
			snaps, err := b.fs.CollectionGroup(group).Documents(t.Context()).GetAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, snap := range snaps {
				all = append(all, snap.UpdateTime)
			}
		}
		return all
	}
	before := times()
	b.now = b.now.Add(time.Minute)
	b.save(u, h)
	if diff := cmp.Diff(before, times()); diff != "" {
		t.Errorf("the same history was written again:\n%s", diff)
	}
}

// The removal of an entry counts it out once, whichever way it goes.
func TestRemoval(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*bench, account.User, leaderboard.History){
		"by opting out five times, and in between in again": func(b *bench, u account.User, h leaderboard.History) {
			for i := range 9 {
				u.Leaderboard.OptIn = i%2 == 1
				b.save(u, h)
			}
		},
		"by a withdrawal": func(b *bench, u account.User, _ leaderboard.History) {
			u.Consent, u.ConsentEpoch = account.Consent{}, 2
			b.save(u, nil)
		},
		"by a new consent after boards have closed": func(b *bench, u account.User, h leaderboard.History) {
			b.now = day0.Add(20 * day)
			u.Consent.Since, u.ConsentEpoch = 3, 3
			b.save(u, h)
		},
		"by a new consent, whose ratings begin anew": func(b *bench, u account.User, h leaderboard.History) {
			u.Consent.Since, u.ConsentEpoch = 3, 3
			b.save(u, h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.now = day0.Add(time.Hour)
			b.rated("other", day0, 50)
			u, h := member("leaver"), scored("leaver", day0, 60)
			b.save(u, h)
			if top, err := b.reader.Top(t.Context(), main, "other", 10); err != nil || len(top.Rows) != 2 {
				t.Fatalf("top = %+v, %v", top.Rows, err)
			}
			leave(b, u, h)
			b.onBoards("afterwards", "leaver")
			if wrong := b.drift(main); wrong != 0 {
				t.Errorf("the histogram is wrong by %d", wrong)
			}
			b.leftNoTrace("leaver")
		})
	}
}

// leftNoTrace checks that nothing below boards names the user, the snapshots among them.
func (b *bench) leftNoTrace(uid account.UID) {
	b.t.Helper()
	for _, path := range emulatortest.Mentions(b.t, b.fs, string(uid)) {
		if strings.HasPrefix(path, "boards/") {
			b.t.Errorf("%s names the user", path)
		}
	}
}
