package boards_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/local/emulator/boardtest"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/transact"
)

// commits fails commits.
type commits struct{ abort, lose atomic.Int32 }

// unary aborts a commit instead of sending it, or loses the answer to one that was made.
func (c *commits) unary(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	commit, ok := req.(*firestorepb.CommitRequest)
	writes := ok && len(commit.GetWrites()) > 0 && len(commit.GetTransaction()) > 0
	if writes && c.abort.Add(-1) >= 0 {
		return status.Error(codes.Aborted, "the test aborts the commit")
	}
	err := next(ctx, method, req, reply, cc, opts...)
	if writes && err == nil && c.lose.Add(-1) >= 0 {
		return status.Error(codes.Internal, "the test loses the answer")
	}
	return err
}

// kind is what an operation does.
type kind int

const (
	submit kind = iota
	remove
	rename
	opt
	divide
	erase
	forget
	deliver
)

// operation is a step of the model.
type operation struct {
	Kind       kind
	User, Scan int
	// At says which of the waiting events is delivered; Twice that it is kept, to be delivered again.
	At    int
	Twice bool
	// Abort is how many commits are aborted, and Lose whether the answer to one is lost.
	Abort int32
	Lose  bool
}

const (
	players, scansEach = 14, 12
	operations, checks = 250, 3
)

var operationGen = rapid.Custom(func(t *rapid.T) operation {
	often := []kind{
		submit, submit, submit, submit, deliver, deliver, deliver, deliver, deliver, remove, rename, opt, divide,
	}
	o := operation{
		Kind: rapid.SampledFrom(often).Draw(t, "kind"), User: rapid.IntRange(0, players-1).Draw(t, "user"),
		Scan: rapid.IntRange(0, scansEach-1).Draw(t, "scan"), At: rapid.IntRange(0, 1000).Draw(t, "at"),
		Twice: rapid.IntRange(0, 3).Draw(t, "twice") == 0, Lose: rapid.IntRange(0, 15).Draw(t, "lose") == 0,
	}
	if rapid.IntRange(0, 7).Draw(t, "aborted") == 0 {
		o.Abort = rapid.Int32Range(1, 2).Draw(t, "aborts")
	}
	if rapid.IntRange(0, 40).Draw(t, "leaves") == 29 { // small numbers and the last are drawn more often
		o.Kind = rapid.SampledFrom([]kind{erase, forget}).Draw(t, "how")
	}
	return o
})

// player is what the model knows of a user.
type player struct {
	account.User
	facts []leaderboard.Contribution
}

// history is what the facts come to, in whichever order they are told.
func (p player) history() (h leaderboard.History) {
	for _, c := range p.facts {
		h = h.Add(c)
	}
	return h
}

// game is a database, and the model of it.
type game struct {
	t        *testing.T
	fs       *firestore.Client
	commits  *commits
	reader   *boards.Reader
	consumer *rank.Consumer
	players  []player
	scores   []float64
	// crowd has the entries of others, which do not change, so that the top does not have all.
	crowd   []boardtest.Person
	waiting []event.Payload
	// names counts what was made up.
	names int
}

func newGame(t *testing.T, seed int) *game {
	t.Helper()
	g := &game{t: t, commits: new(commits), crowd: boardtest.People(110, all.Major, today)}
	g.fs = emulatortest.Firestore(t, emulatortest.UniqueProject(t), grpc.WithChainUnaryInterceptor(g.commits.unary))
	clock := func() time.Time { return today }
	g.reader = &boards.Reader{Firestore: g.fs, Now: clock}
	g.consumer = &rank.Consumer{
		Firestore: g.fs, Outbox: outbox.New(g.fs, nowhere{}, testkit.Writer("test"), clock),
		Key: testkit.Ring(keys.ForRatings), Now: clock,
	}
	if err := boardtest.Load(t.Context(), g.fs, g.crowd, all.Major, today, func(int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	// Few different scores, so that many ratings are equal.
	few := rapid.SampledFrom([]float64{0, 25, 50, 60, 60.01, 75, 100})
	g.scores = rapid.SliceOfN(few, players*scansEach, players*scansEach).Example(seed)
	g.players = make([]player, players)
	for i := range g.players {
		g.join(i)
	}
	return g
}

// join has a new user take the place of a player.
func (g *game) join(i int) {
	g.t.Helper()
	g.names++
	u := g.crowd[0].User
	u.UID, u.Username = account.UID(fmt.Sprintf("player-%02d", g.names)), fmt.Sprintf("player_%02d", g.names)
	if i%2 == 0 {
		u.Consent.Version = "v1" // by which the score of a deleted scan is removed
	}
	g.players[i] = player{User: u}
	g.saveUser(i)
}

func (g *game) saveUser(i int) {
	g.t.Helper()
	if _, err := account.Ref(g.fs, g.players[i].UID).Set(g.t.Context(), g.players[i].User); err != nil {
		g.t.Fatal(err)
	}
}

// scan returns the scan of a user, of one of three days that are open or of one long ago.
func (g *game) scan(user, scan int) leaderboard.Contribution {
	p := g.players[user]
	at := today.AddDate(0, 0, -[]int{0, 1, 2, 9}[scan%4]).Add(time.Duration(scan-scansEach) * time.Minute)
	id := fmt.Sprintf("%s-%d", p.UID, scan)
	return leaderboard.Contribution{
		ScanID: id, Hash: "of-" + id, Kept: terms.KeepsStruck(p.Consent.Version), Score: g.scores[user*scansEach+scan],
		CompletedAt: at, UploadedAt: at,
	}
}

// apply does the operation. What follows from it waits to be delivered.
func (g *game) apply(o operation) {
	g.t.Helper()
	p := &g.players[o.User]
	g.commits.abort.Store(o.Abort)
	if o.Lose {
		g.commits.lose.Store(1)
	}
	defer func() { g.commits.abort.Store(0); g.commits.lose.Store(0) }()
	switch c := g.scan(o.User, o.Scan); o.Kind {
	case deliver:
		g.deliver(o.At, o.Twice)
	case submit:
		p.tell(c)
		g.waiting = append(g.waiting, event.ScanCompletedV1{
			UID: string(p.UID), ScanID: c.ScanID, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: all.Major,
			Score: c.Score, Rankable: true, CompletedAt: c.CompletedAt, UploadedAt: c.UploadedAt,
		})
	case remove:
		p.tell(leaderboard.Contribution{
			ScanID: c.ScanID, Hash: c.Hash, Kept: c.Kept, CompletedAt: c.CompletedAt, UploadedAt: c.UploadedAt,
			Deleted: true, StruckAt: today,
		})
		g.waiting = append(g.waiting, event.ScanDeletedV1{
			UID: string(p.UID), ScanID: c.ScanID, ConsentEpoch: 1, EngineMajor: all.Major, Rankable: true,
			CompletedAt: c.CompletedAt, UploadedAt: c.UploadedAt,
		})
	case erase:
		g.erase(o.User)
	case forget:
		g.forget(o.User)
	case rename, opt, divide:
		g.changeUser(o)
	}
}

// tell adds a fact, unless the user had what is so old forgotten.
func (p *player) tell(c leaderboard.Contribution) {
	if !leaderboard.Forgotten(p.User, c) {
		p.facts = append(p.facts, c)
	}
}

// changeUser changes users/{uid}, of which an event tells.
func (g *game) changeUser(o operation) {
	g.t.Helper()
	p := &g.players[o.User]
	if o.Kind == rename {
		g.names++
		p.Username = fmt.Sprintf("renamed_%d", g.names)
	}
	if o.Kind == opt {
		p.Leaderboard.OptIn = !p.Leaderboard.OptIn
	}
	if o.Kind == divide {
		p.Leaderboard.Division = []account.Division{account.NoDivision, account.Women, account.Men}[o.Scan%3]
	}
	g.saveUser(o.User)
	g.waiting = append(g.waiting, event.AccountUpdatedV1{UID: string(p.UID)})
}

// erase closes the account and removes what it has on the boards, as an erasure does. Events of it
// may still come. Another user takes its place.
func (g *game) erase(user int) {
	g.t.Helper()
	p := &g.players[user]
	p.State = account.Erasing
	g.saveUser(user)
	g.commits.lose.Store(0)
	ref := account.Ref(g.fs, p.UID)
	err := transact.Run(g.t.Context(), g.fs, ref, func(ctx context.Context, tx *firestore.Transaction) error {
		ratings, err := leaderboard.ReadRatings(ctx, tx, g.fs, p.UID)
		for _, d := range ratings {
			if _, err := leaderboard.Remove(tx, g.fs, p.UID, d, today); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	g.join(user)
}

func (g *game) forget(user int) {
	g.t.Helper()
	p := &g.players[user]
	g.commits.lose.Store(0)
	if err := leaderboard.Forget(g.t.Context(), g.fs, p.UID, today); err != nil {
		g.t.Fatal(err)
	}
	p.User, p.facts = *emulatortest.Document[account.User](g.t, account.Ref(g.fs, p.UID)), nil
}

// deliver delivers one of the waiting events. It waits on if that fails, or if it is to come twice.
func (g *game) deliver(at int, twice bool) {
	g.t.Helper()
	if len(g.waiting) == 0 {
		return
	}
	at %= len(g.waiting)
	err := handle(g.t.Context(), g.consumer, g.waiting[at])
	if err != nil && status.Code(err) != codes.Internal {
		g.t.Fatal(err)
	}
	if err == nil && !twice {
		g.waiting = slices.Delete(g.waiting, at, at+1)
	}
}

// settle delivers all that waits, the last first.
func (g *game) settle() {
	g.t.Helper()
	for len(g.waiting) > 0 {
		g.deliver(len(g.waiting)-1, false)
	}
}

// place is an entry of the model.
type place struct {
	uid        account.UID
	achievedAt time.Time
	boards.Row
}

// rows returns the board by its definition.
func (g *game) rows(b leaderboard.Board) (rows []place) {
	for _, p := range g.crowd {
		if b == all {
			rows = append(rows, placeOf(p.User, p.History))
		}
	}
	for _, p := range g.players {
		h := p.history()
		part := h
		if !b.Period.Always() {
			part = h.Between(b.Period.Begin(), b.Period.End())
		}
		belongs := b.Division == leaderboard.Overall || b.Division == p.Leaderboard.Division
		if p.Leaderboard.OptIn && belongs && leaderboard.Public(p.User, h) && len(part.Live()) > 0 {
			rows = append(rows, placeOf(p.User, part))
		}
	}
	slices.SortFunc(rows, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.Rating, a.Rating), a.achievedAt.Compare(b.achievedAt), cmp.Compare(a.uid, b.uid))
	})
	for i := range rows {
		rows[i].Rank = int64(i) + 1
		if i > 0 && rows[i].Rating == rows[i-1].Rating {
			rows[i].Rank = rows[i-1].Rank
		}
	}
	return rows
}

func placeOf(u account.User, h leaderboard.History) place {
	live := h.Live()
	last := slices.MaxFunc(live, func(a, b leaderboard.Contribution) int { return a.CompletedAt.Compare(b.CompletedAt) })
	return place{u.UID, last.CompletedAt, boards.Row{
		Username: u.Username, Rating: h.Rating(all.Major), ScanCount: len(live),
	}}
}

func shownRows(rows []place, caller account.UID) []boards.Row {
	shown := make([]boards.Row, len(rows))
	for i, r := range rows {
		shown[i] = r.Row
		shown[i].Me = r.uid == caller
	}
	return shown
}

// check compares a board with the model: all pages, and what the caller is told.
func (g *game) check(b leaderboard.Board, caller int) {
	g.t.Helper()
	if err := boardtest.Renew(g.t.Context(), g.reader, b); err != nil {
		g.t.Fatal(err)
	}
	rows, p := g.rows(b), g.players[caller]
	page, err := g.reader.Top(g.t.Context(), b, p.UID, boards.TopRows)
	got := page.Rows
	for err == nil && page.Next != "" {
		page, err = g.reader.After(g.t.Context(), b, p.UID, page.Next, boards.TopRows)
		got = append(got, page.Rows...)
	}
	if diff := gocmp.Diff(shownRows(rows, p.UID), got); err != nil || diff != "" {
		g.t.Errorf("%s: %v (-want +got):\n%s", b.ID(), err, diff)
	}
	if diff := gocmp.Diff(bucketsOf(rows), g.buckets(b)); diff != "" {
		g.t.Errorf("the histogram of %s (-want +got):\n%s", b.ID(), diff)
	}
	g.checkOwn(b, p, rows)
}

// checkOwn compares the caller's standing and the rows around.
func (g *game) checkOwn(b leaderboard.Board, p player, rows []place) {
	g.t.Helper()
	const width = 5
	s, err := g.reader.Standing(g.t.Context(), b, p.UID)
	if err != nil {
		g.t.Fatal(err)
	}
	page, reason, err := g.reader.Around(g.t.Context(), b, p.UID, width)
	if err != nil {
		g.t.Fatal(err)
	}
	if s.Total != int64(len(rows)) || cmp.Or(reason, boards.Ranked) != s.State {
		g.t.Errorf("%s of %s: total %d of %d, %q and %q", p.UID, b.ID(), s.Total, len(rows), s.State, reason)
	}
	at := slices.IndexFunc(rows, func(r place) bool { return r.uid == p.UID })
	if at < 0 {
		if s.Rank != nil || len(page.Rows) > 0 || reason == "" {
			g.t.Errorf("%s has no place on %s and is told %+v %+v", p.UID, b.ID(), s.Rank, page.Rows)
		}
		return
	}
	if s.Rank == nil || s.Rank.Rank != rows[at].Rank {
		g.t.Errorf("own rank of %s on %s: %+v, want %d", p.UID, b.ID(), s.Rank, rows[at].Rank)
	}
	from := max(0, min(at-width/2, len(rows)-width))
	want := shownRows(rows, p.UID)[from:min(len(rows), from+width)]
	if diff := gocmp.Diff(want, page.Rows); diff != "" {
		g.t.Errorf("around %s on %s (-want +got):\n%s", p.UID, b.ID(), diff)
	}
}

// bucketsOf returns the number of entries for each tenth of a point.
func bucketsOf(rows []place) map[int]int64 {
	n := map[int]int64{}
	for _, r := range rows {
		n[min(int(r.Rating*100+0.5)/10, 999)]++
	}
	return n
}

// buckets returns the board's histogram without its zeros.
func (g *game) buckets(b leaderboard.Board) map[int]int64 {
	g.t.Helper()
	snaps, err := g.fs.Collection("boards").Doc(b.ID()).Collection("histogram").Documents(g.t.Context()).GetAll()
	if err != nil {
		g.t.Fatal(err)
	}
	n := map[int]int64{}
	for _, snap := range snaps {
		var doc struct {
			Counts map[string]int64 `firestore:"counts"`
		}
		if err := snap.DataTo(&doc); err != nil {
			g.t.Fatal(err)
		}
		for text, count := range doc.Counts {
			bucket, err := strconv.Atoi(text)
			if err != nil {
				g.t.Fatal(err)
			}
			n[bucket] += count
		}
	}
	maps.DeleteFunc(n, func(_ int, count int64) bool { return count == 0 })
	return n
}

// runs is how many runs of the model there are. 30 submit 10,000 scans, in about 4 minutes:
//
//	scripts/local.sh test -- go test ./internal/leaderboard/boards -run Sorted -boards.runs 30
var runs = flag.Int("boards.runs", 3, "how many runs of the model there are")

// Whatever users do, in whichever order it is told, how often and with which commits failing, the
// boards are what a sorted slice is.
func TestBoards_areWhatASortedSliceIs(t *testing.T) {
	t.Parallel()
	var boards []leaderboard.Board
	for _, division := range []account.Division{leaderboard.Overall, account.Women, account.Men} {
		periods := []leaderboard.Period{{}, leaderboard.Week(today)}
		for back := range 3 {
			periods = append(periods, leaderboard.Day(today.AddDate(0, 0, -back)))
		}
		for _, period := range periods {
			boards = append(boards, leaderboard.Board{Division: division, Period: period, Major: all.Major})
		}
	}
	for seed := range *runs {
		t.Run(fmt.Sprintf("run %d", seed), func(t *testing.T) {
			t.Parallel()
			g := newGame(t, seed)
			for check := range checks {
				for _, o := range rapid.SliceOfN(operationGen, operations, operations).Example(100*seed + check) {
					g.apply(o)
				}
				g.settle()
				for i, b := range boards {
					g.check(b, (i+check)%players)
				}
			}
		})
	}
}
