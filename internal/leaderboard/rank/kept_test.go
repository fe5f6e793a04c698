package rank

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

// keeper is a user whose consent keeps the scores of deleted scans.
func keeper(uid account.UID) account.User {
	u := member(uid)
	u.Consent.Version, u.Consent.Since = terms.Current.Version, 1
	return u
}

func hashOf(id string) string {
	return testkit.Ring(keys.ForRatings).ID(keys.Struck, "u", id)
}

// kept is the contribution as it is stored for a keeper.
func kept(c leaderboard.Contribution) leaderboard.Contribution {
	c.Kept, c.Hash = true, hashOf(c.ScanID)
	return c
}

// struck is what is left of it after its deletion, by an event of day0 (see messageOf).
func struck(c leaderboard.Contribution) leaderboard.Contribution {
	return leaderboard.Contribution{
		Kept: true, Hash: hashOf(c.ScanID), CompletedAt: c.CompletedAt, UploadedAt: c.UploadedAt, Deleted: true,
		StruckAt: day0, Rated: &leaderboard.Value{Score: c.Score, Photos: 1, Revision: c.Revision},
	}
}

func TestDeletion_keepsTheValue(t *testing.T) {
	t.Parallel()
	a, last := fiveScans()[0], fiveScans()[4]
	told, gone := completed("u", a), deleted(a)
	anew := rescored(a, major, 70, 6)
	later := a
	later.Score, later.Revision = 70, 6
	for name, tt := range map[string]struct {
		facts []event.Payload
		want  leaderboard.Contribution
	}{
		"after the scan":             {[]event.Payload{told, gone}, struck(a)},
		"twice":                      {[]event.Payload{told, gone, told, gone}, struck(a)},
		"before the scan":            {[]event.Payload{gone, told}, struck(a)},
		"of one that is scored anew": {[]event.Payload{told, gone, anew}, struck(later)},
		"scored anew before":         {[]event.Payload{anew, told, gone}, struck(later)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(keeper("u"))
			for _, f := range tt.facts {
				b.handle(f)
			}
			r := b.rating("u")
			if diff := cmp.Diff(leaderboard.History{tt.want}, r.Contributions); diff != "" {
				t.Errorf("contributions (-want +got):\n%s", diff)
			}
			if b.place("u") != nil || len(b.topic.bests(t)) != 0 {
				t.Error("it counts as a live scan")
			}
			if due := day0.AddDate(0, 0, 8); !r.FoldAt.Equal(due) {
				t.Errorf("folded at %v, want %v", r.FoldAt, due)
			}
			b.handle(completed("u", last))
			want := see(kept(scanAt("a", a.CompletedAt, tt.want.Rated.Score)), kept(last)).Rating(major)
			if e := b.place("u"); e == nil || e.Scans != 1 || e.Rating != want {
				t.Errorf("entry = %+v, want one scan and the rating %v", e, want)
			}
		})
	}
	t.Run("but not that of a scan that is not ranked any more", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.save(keeper("u"))
		unfit := rescored(a, major, 90, 7)
		unfit.Rankable = false
		b.handle(told)
		b.handle(unfit)
		b.handle(gone)
		void := kept(leaderboard.Contribution{ScanID: "a", CompletedAt: a.CompletedAt, Deleted: true, Void: true})
		r := b.rating("u")
		if diff := cmp.Diff(leaderboard.History{void}, r.Contributions); diff != "" || r.Rating != 50 {
			t.Errorf("rating %v, contributions (-want +got):\n%s", r.Rating, diff)
		}
	})
	t.Run("of a scan that was made under the text before", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		before := member("u")
		before.Consent.Version = "2026-11-01"
		b.save(before)
		b.handle(told)
		u := keeper("u")
		u.ConsentEpoch = 2
		b.save(u)
		b.handle(gone)
		if diff := cmp.Diff(leaderboard.History{{ScanID: "a", CompletedAt: a.CompletedAt, Deleted: true}},
			b.rating("u").Contributions); diff != "" {
			t.Errorf("contributions (-want +got):\n%s", diff)
		}
	})
	t.Run("and another text may be in force by then", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.save(keeper("u"))
		b.handle(told)
		u := keeper("u")
		u.ConsentEpoch, u.Consent.Version = 2, "a text to come"
		b.save(u)
		b.handle(gone)
		b.handle(gone)
		if diff := cmp.Diff(leaderboard.History{struck(a)}, b.rating("u").Contributions); diff != "" {
			t.Errorf("contributions (-want +got):\n%s", diff)
		}
	})
}

// Neither the scan's id nor its hash is anywhere after 8 days, whether its user does something or
// not.
func TestFolder(t *testing.T) {
	t.Parallel()
	a, next := fiveScans()[0], fiveScans()[1]
	due := day0.AddDate(0, 0, 8)
	folded := leaderboard.Contribution{
		CompletedAt: day0, Folded: &leaderboard.Folded{Count: 1, Photos: 1, Sum: a.Score, Lowest: a.Score},
	}
	both := leaderboard.Contribution{
		CompletedAt: day0, Folded: &leaderboard.Folded{Count: 2, Photos: 2, Sum: a.Score + next.Score, Lowest: a.Score},
	}
	sweep := func(t *testing.T, b *bench) int {
		t.Helper()
		n, err := (&Folder{Firestore: b.fs, Now: b.consumer.Now}).Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for name, tt := range map[string]struct {
		now  time.Time
		act  func(*testing.T, *bench) int
		want leaderboard.History
		n    int
	}{
		"too early":       {due.Add(-time.Second), sweep, leaderboard.History{struck(a), kept(next)}, 0},
		"by the sweep":    {due, sweep, leaderboard.History{folded, kept(next)}, 1},
		"by another scan": {due, another, leaderboard.History{folded, kept(next), kept(scanAt("x", due, 50))}, 0},
		"by another deletion": {due, func(_ *testing.T, b *bench) int {
			b.handle(deleted(next))
			return 0
		}, leaderboard.History{both}, 0}, // that event is of day0, too
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(keeper("u"))
			b.handle(completed("u", a))
			b.handle(completed("u", next))
			b.handle(deleted(a))
			entry, rating := b.place("u"), b.rating("u").Rating
			b.now = tt.now
			if n := tt.act(t, b); n != tt.n {
				t.Errorf("%d folded, want %d", n, tt.n)
			}
			got := b.rating("u")
			if diff := cmp.Diff(tt.want, got.Contributions); diff != "" {
				t.Fatalf("contributions (-want +got):\n%s", diff)
			}
			if len(got.Contributions) != 2 {
				return
			}
			if diff := cmp.Diff(entry, b.place("u")); diff != "" || got.Rating != rating {
				t.Errorf("rating %v, was %v, entry:\n%s", got.Rating, rating, diff)
			}
			if n := sweep(t, b); n != 0 {
				t.Errorf("%d folded by the next sweep", n)
			}
			if found := emulatortest.Mentions(t, b.fs, hashOf("a")); (len(found) > 0) != (tt.n == 0) {
				t.Errorf("the hash is in %v", found)
			}
		})
	}
}

func another(_ *testing.T, b *bench) int {
	b.handle(completed("u", scanAt("x", day0.AddDate(0, 0, 8), 50)))
	return 0
}

// What was completed before the ratings were forgotten never counts again, whatever comes late.
func TestForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(keeper("u"))
	all := fiveScans()
	b.handle(completed("u", all[0]))
	b.handle(completed("u", all[1]))
	b.handle(rescored(all[0], 2, 55, 4))
	if err := leaderboard.Forget(t.Context(), b.fs, "u", all[2].CompletedAt); err != nil {
		t.Fatal(err)
	}
	u := emulatortest.Document[account.User](t, account.Ref(b.fs, "u"))
	if !u.Leaderboard.ForgottenAt.Equal(all[2].CompletedAt) || !u.Leaderboard.OptIn || u.Revision != 1 {
		t.Errorf("user %+v", u)
	}
	series := seriesOf("s", 80, 3, 1, 2)
	for _, late := range []event.Payload{
		completed("u", all[0]), completed("u", all[2]), deleted(all[1]), rescored(all[0], major, 99, 9),
		settled("u", series, major), deletedSeries("u", "s", 3),
	} {
		b.handle(late)
	}
	left, err := leaderboard.Ratings(b.fs, "u").Documents(t.Context()).GetAll()
	if err != nil || len(left) != 0 || b.place("u") != nil {
		t.Fatalf("%d ratings are left, entry %+v, error %v", len(left), b.place("u"), err)
	}
	b.handle(completed("u", all[3]))
	if e := b.place("u"); e == nil || e.Scans != 1 {
		t.Errorf("entry %+v, want one scan that was completed later", e)
	}
}

// Scans are counted while the ratings are being forgotten: none that was completed before is left.
func TestForget_whileScansAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(keeper("u"))
	at := fiveScans()[4].CompletedAt
	var all sync.WaitGroup
	for engine := range 3 { // each makes the rating of a board
		for _, c := range fiveScans() {
			told := completed("u", c)
			told.EngineMajor = engine + 1
			m := messageOf(t, told)
			all.Go(func() {
				if err := b.consumer.Handle(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if err := leaderboard.Forget(t.Context(), b.fs, "u", at); err != nil {
		t.Error(err)
	}
	all.Wait()
	left, err := leaderboard.Ratings(b.fs, "u").Documents(t.Context()).GetAll()
	if err != nil || len(left) > 0 || b.entry("u") != nil {
		t.Errorf("%d ratings are left, entry %+v, error %v", len(left), b.entry("u"), err)
	}
}

// Another process begins a rating between the look at the ratings and the commit.
func TestForget_whatWasBegunMeanwhile(t *testing.T) {
	t.Parallel()
	project := emulatortest.UniqueProject(t)
	other := benchOver(t, emulatortest.Firestore(t, project))
	other.save(keeper("u"))
	begun := false
	fs := emulatortest.Firestore(t, project, grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker,
		opts ...grpc.CallOption,
	) error {
		if strings.HasSuffix(method, "/Commit") && !begun {
			begun = true
			doc := leaderboard.RatingDoc{Board: board, ConsentEpoch: 1, Contributions: see(kept(fiveScans()[0]))}
			if _, err := leaderboard.Ratings(other.fs, "u").Doc(board).Set(ctx, doc); err != nil {
				return err
			}
		}
		return invoke(ctx, method, req, reply, cc, opts...)
	}))
	if err := leaderboard.Forget(t.Context(), fs, "u", fiveScans()[4].CompletedAt); err != nil {
		t.Fatal(err)
	}
	if r := other.rating("u"); r != nil || !begun {
		t.Errorf("begun: %v, left: %+v", begun, r)
	}
}

func TestForget_byAnotherClock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(keeper("u"))
	scan := fiveScans()[0]
	b.handle(completed("u", scan))
	if err := leaderboard.Forget(t.Context(), b.fs, "u", scan.CompletedAt.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.handle(completed("u", scan))
	if r := b.rating("u"); r != nil {
		t.Errorf("it counts again: %+v", r)
	}
	if err := leaderboard.Forget(t.Context(), b.fs, "nobody", scan.CompletedAt); err == nil {
		t.Error("the ratings of a user who does not exist are forgotten")
	}
}

// An upload before midnight counts for its day, though the analysis ended on the next.
func TestHandle_uploadDecidesTheDay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(keeper("u"))
	for _, c := range fiveScans()[:3] {
		b.handle(completed("u", c))
	}
	over := scanAt("over", day0.AddDate(0, 0, 1).Add(time.Minute), 99)
	e := completed("u", over)
	e.UploadedAt = day0.AddDate(0, 0, 1).Add(-time.Microsecond)
	b.handle(e)
	if r := b.rating("u"); len(r.Contributions) != 3 {
		t.Errorf("a fourth of the day counts: %+v", r.Contributions)
	}
	e.ScanID, e.UploadedAt = "next", day0.AddDate(0, 0, 1)
	b.handle(e)
	if r := b.rating("u"); len(r.Contributions) != 4 {
		t.Errorf("the first of the next day does not count: %+v", r.Contributions)
	}
}

func TestScoreOf(t *testing.T) {
	t.Parallel()
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -0.001, 100.005} {
		if _, err := scoreOf("a", bad); !errors.Is(err, event.ErrMalformed) {
			t.Errorf("%v: error %v, want ErrMalformed", bad, err)
		}
	}
	if got, err := scoreOf("a", math.Copysign(0, -1)); err != nil || math.Signbit(got) {
		t.Errorf("-0 becomes %v, error %v", got, err)
	}
}

// Case 46 of the leaderboard's cases: nothing is written.
func TestHandle_scoresThatAreNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(keeper("u"))
	for name, fact := range map[string]event.Payload{
		"a scan": completed("u", scanAt("a", day0, 42.5)), "a series": settled("u", seriesOf("a", 42.5, 3, 0, 1), major),
		"a rescored scan": rescored(scanAt("a", day0, 0), major, 42.5, 3),
	} {
		t.Run(name, func(t *testing.T) {
			for _, score := range []string{"NaN", "-1", "1e999", "100.005", `"x"`} {
				m := messageOf(t, fact)
				m.Data = bytes.ReplaceAll(m.Data, []byte(":42.5"), []byte(":"+score))
				if err := b.consumer.Handle(t.Context(), m); !errors.Is(err, event.ErrMalformed) {
					t.Errorf("%s: error %v, want ErrMalformed", score, err)
				}
			}
		})
	}
	if b.rating("u") != nil {
		t.Error("a rating was written")
	}
	m := messageOf(t, completed("u", scanAt("a", day0, 42.5)))
	m.Data = bytes.ReplaceAll(m.Data, []byte(":42.5"), []byte(":-0.0"))
	if err := b.consumer.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := b.rating("u").Contributions[0].Score; math.Signbit(got) {
		t.Errorf("score %v", got)
	}
}
