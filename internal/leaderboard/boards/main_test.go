package boards

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

const day = 24 * time.Hour

// day0 is Saturday, 21 November 2026.
var day0 = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func scanAt(id string, at time.Time, score float64) leaderboard.Contribution {
	return leaderboard.Contribution{ScanID: id, Score: score, CompletedAt: at}
}

// bench is boards in a database of their own.
type bench struct {
	t      *testing.T
	fs     *firestore.Client
	now    time.Time
	reader *Reader
	// users are the saved ones.
	users map[account.UID]account.User
}

func newBench(t *testing.T) *bench {
	t.Helper()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	b := &bench{t: t, fs: fs, now: day0, users: map[account.UID]account.User{}}
	b.reader = &Reader{Firestore: b.fs, Now: func() time.Time { return b.now }}
	return b
}

var main = leaderboard.AllTime(1)

// member is a user who takes part.
func member(uid account.UID) account.User {
	return account.User{
		Schema: 1, UID: uid, State: account.Active, ConsentEpoch: 1,
		Consent:  account.Consent{Granted: true, Version: "v1", Since: 1},
		Username: "name-" + string(uid), Leaderboard: account.Leaderboard{OptIn: true},
	}
}

// scored is a history that others may see, of three days up to the day, with one score.
func scored(uid account.UID, at time.Time, score float64) (h leaderboard.History) {
	for back := range 3 {
		h = h.Add(scanAt(fmt.Sprintf("%s-%d", uid, back), at.AddDate(0, 0, -back), score))
	}
	return h
}

// save writes the user and what follows from the history, as a consumer does.
func (b *bench) save(u account.User, h leaderboard.History) {
	b.t.Helper()
	err := b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		before, err := leaderboard.ReadRating(tx, b.fs, u, main.Major)
		if err != nil {
			return err
		}
		if err := tx.Set(account.Ref(b.fs, u.UID), u); err != nil {
			return err
		}
		return leaderboard.Save(tx, b.fs, u, before, h, b.now)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.users[u.UID] = u
}

// rated saves a user with a score that others see.
func (b *bench) rated(uid account.UID, at time.Time, score float64) {
	b.t.Helper()
	b.save(member(uid), scored(uid, at, score))
}

// renew has the next read count the boards anew, as it would a while later.
func (b *bench) renew(board leaderboard.Board) {
	b.t.Helper()
	if _, err := leaderboard.SnapshotRef(b.fs, board.ID()).Delete(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// model returns the board by its definition: all entries, sorted.
func (b *bench) model(board leaderboard.Board) (rows []Row, uids []account.UID) {
	b.t.Helper()
	snaps, err := leaderboard.Entries(b.fs, board.ID()).Documents(b.t.Context()).GetAll()
	if err != nil {
		b.t.Fatal(err)
	}
	entries := make([]leaderboard.EntryDoc, len(snaps))
	for i, snap := range snaps {
		if err := snap.DataTo(&entries[i]); err != nil {
			b.t.Fatal(err)
		}
	}
	slices.SortFunc(entries, func(a, b leaderboard.EntryDoc) int {
		return cmp.Or(cmp.Compare(b.Rating, a.Rating), a.AchievedAt.Compare(b.AchievedAt), cmp.Compare(a.UID, b.UID))
	})
	for i, e := range entries {
		rank := int64(i) + 1
		if i > 0 && entries[i-1].Rating == e.Rating {
			rank = rows[i-1].Rank
		}
		rows = append(rows, Row{Rank: rank, Username: b.users[e.UID].Username, Rating: e.Rating, ScanCount: e.Scans})
		uids = append(uids, e.UID)
	}
	return rows, uids
}

// drift returns by how many entries the board's histogram is wrong.
func (b *bench) drift(board leaderboard.Board) (wrong int64) {
	b.t.Helper()
	var got leaderboard.Counts
	err := b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) (err error) {
		got, err = leaderboard.ReadCounts(tx, b.fs, board.ID())
		return err
	}, firestore.ReadOnly)
	if err != nil {
		b.t.Fatal(err)
	}
	rows, _ := b.model(board)
	for _, r := range rows {
		got[leaderboard.BucketOf(r.Rating)]--
	}
	for _, n := range got {
		wrong += max(n, -n)
	}
	return wrong
}

// shard is the document of the main board's histogram.
func (b *bench) shard(n int) *firestore.DocumentRef {
	return b.fs.Collection("boards").Doc(main.ID()).Collection("histogram").Doc(fmt.Sprintf("%02d", n))
}
