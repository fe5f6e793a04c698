// Package boardtest gives tests and measurements boards of many entries, which the product's own
// code wrote, and counts what a request for them costs.
package boardtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/face/reliability"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
)

// perCommit is the number of users whose rating, entry, count and account are 500 writes.
const perCommit = 125

// Person is a user with the scans that count.
type Person struct {
	account.User
	leaderboard.History
}

// People returns users who are on the board of all times: the same for the same number and major
// version. Their scores are percentiles with one decimal, as the engine's are, and agree within a
// person as much as the engine's. now is the time at which they are loaded: their scans are so old
// that no week or day counts them any more.
func People(n, major int, now time.Time) []Person {
	icc := reliability.Of(major).ICC
	random := rand.New(rand.NewPCG(uint64(n), 1)) //nolint:gosec // the same each time
	people := make([]Person, n)
	for i := range people {
		uid := account.UID(fmt.Sprintf("person-%06d", i))
		people[i].User = account.User{
			Schema: 1, UID: uid, State: account.Active, ConsentEpoch: 1,
			Consent:  account.Consent{Granted: true, Version: terms.Current.Version, Since: 1},
			Username: fmt.Sprintf("name_%06d", i), Leaderboard: account.Leaderboard{OptIn: true},
		}
		own := math.Sqrt(icc) * random.NormFloat64()
		for day := range 3 {
			at := now.AddDate(0, 0, -60-day).Truncate(time.Hour).Add(time.Duration(random.IntN(3600)) * time.Second)
			score := percentile(own + math.Sqrt(1-icc)*random.NormFloat64())
			people[i].History = people[i].Add(leaderboard.Contribution{
				ScanID: fmt.Sprintf("%s-%d", uid, day), Score: score, CompletedAt: at.UTC(),
			})
		}
	}
	return people
}

// percentile returns the percentage of people below z standard deviations.
func percentile(z float64) float64 { return math.Round(500*math.Erfc(-z/math.Sqrt2)) / 10 }

// Load saves people as the consumers of events do, 125 in a commit. loaded is called after each
// commit with the number of people in it.
func Load(
	ctx context.Context, fs *firestore.Client, people []Person, major int, now time.Time, loaded func(n int) error,
) error {
	for from := 0; from < len(people); from += perCommit {
		some := people[from:min(from+perCommit, len(people))]
		err := fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
			for _, p := range some {
				if err := tx.Set(account.Ref(fs, p.UID), p.User); err != nil {
					return err
				}
				none := leaderboard.RatingDoc{Board: leaderboard.AllTime(major).ID()}
				if err := leaderboard.Save(tx, fs, p.User, none, p.History, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("load people: %w", err)
		}
		if err := loaded(len(some)); err != nil {
			return err
		}
	}
	return nil
}

// Renew counts the board anew, so that the next requests find a fresh snapshot.
func Renew(ctx context.Context, r *boards.Reader, b leaderboard.Board) error {
	stored := r.Firestore.Collection("boards").Doc(b.ID()).Collection("snapshot").Doc("current")
	if _, err := stored.Delete(ctx); err != nil {
		return fmt.Errorf("remove the snapshot: %w", err)
	}
	_, err := r.Snapshot(ctx, b)
	return err
}
