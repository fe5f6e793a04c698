package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

const board = "symmetry_overall_all_v1"

var day0 = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// bench is the handler over a database of its own.
type bench struct {
	t   *testing.T
	fs  *firestore.Client
	api *httpapi.API
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, fs: emulatortest.Firestore(t, emulatortest.UniqueProject(t)), now: day0.Add(9 * time.Hour)}
	b.api = httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	(&Handler{
		Firestore: b.fs, Major: 1, Key: testkit.Ring(keys.ForCursors), Now: func() time.Time { return b.now },
	}).Routes(b.api)
	return b
}

// member is a user who takes part.
func member(uid account.UID) account.User {
	return account.User{
		Schema: 1, UID: uid, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true, Version: "v1"},
		Username: "name-" + string(uid), Leaderboard: account.Leaderboard{OptIn: true},
	}
}

func (b *bench) save(u account.User) {
	b.t.Helper()
	if _, err := account.Ref(b.fs, u.UID).Set(b.t.Context(), u); err != nil {
		b.t.Fatal(err)
	}
}

// count saves the user with what follows from the scans.
func (b *bench) count(u account.User, scans ...leaderboard.Contribution) {
	b.t.Helper()
	b.save(u)
	var h leaderboard.History
	for _, c := range scans {
		h = h.Add(c)
	}
	err := b.fs.RunTransaction(b.t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		before, err := leaderboard.ReadRating(tx, b.fs, u, 1)
		if err != nil {
			return err
		}
		return leaderboard.Save(tx, b.fs, u, before, h, b.now)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// threeDays are scans that others may see the rating of, the last one of the hour of day0.
func threeDays(uid account.UID, hour int, score float64) (scans []leaderboard.Contribution) {
	for back := range 3 {
		scans = append(scans, leaderboard.Contribution{
			ScanID: fmt.Sprintf("of-%s-%d", uid, back), Score: score,
			CompletedAt: day0.AddDate(0, 0, -back).Add(time.Duration(hour) * time.Hour),
		})
	}
	return scans
}

func (b *bench) rated(uid account.UID, hour int, score float64) {
	b.t.Helper()
	b.count(member(uid), threeDays(uid, hour, score)...)
}

// rating is that of a user who is rated with the score.
func rating(score float64) float64 { return leaderboard.History(threeDays("u", 1, score)).Rating(1) }

// ask sends the request as the user.
func (b *bench) ask(method string, uid account.UID, path string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "Bearer "+string(uid))
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return w
}

// get asks as the user and reads the answer into a T.
func get[T any](b *bench, uid account.UID, path string) (status int, answer T) {
	b.t.Helper()
	w := b.ask(http.MethodGet, uid, path)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	return w.Code, answer
}
