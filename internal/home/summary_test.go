package home_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/home"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const ada, bob = "ada-0123456789", "bob-0123456789"

// bench is a world with the summary.
type bench struct{ *usertest.World }

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{usertest.New(t, usertest.Options{})}
	(&home.Handler{
		Firestore: b.Firestore, Board: leaderboard.AllTime(report.MajorVersion()), Now: b.Clock,
	}).Routes(b.API)
	return b
}

func (b *bench) get(t *testing.T) (status int, body map[string]any) {
	t.Helper()
	a := b.Ask(ada, http.MethodGet, "/v1/me/summary", "")
	return a.Status, usertest.Decode[map[string]any](b.World, a)
}

func TestSummary(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.MoveIn(ada, account.Notifications{}, "adas-phone")
	board := leaderboard.AllTime(report.MajorVersion()).ID()

	status, body := b.get(t)
	want := map[string]any{"standing": map[string]any{
		"board": board, "optIn": true, "state": "not_rated", "total": 0.0,
		"countedAt": testkit.Member(body, "standing", "countedAt"),
	}, "unreadCount": 0.0}
	if diff := cmp.Diff(want, body); status != http.StatusOK || diff != "" {
		t.Fatalf("before the first scan: %d (-want +got):\n%s", status, diff)
	}

	best := b.Scan(ada, usertest.Photo(t, 0, ""))
	b.Advance(time.Second)
	latest := b.Open(ada).Scan.ID
	b.MoveIn(bob, account.Notifications{}, "bobs-phone")
	b.Scan(bob, usertest.Photo(t, 1, "")) // scores more
	b.Rank(ada, usertest.Ranked)
	b.Rank(bob, usertest.Ranked)
	b.CountAnew()
	type items struct{ Items []struct{ ID string } }
	told := usertest.Decode[items](b.World, b.Do(ada, http.MethodGet, "/v1/inbox", "")).Items
	b.Do(ada, http.MethodPost, "/v1/inbox/"+told[0].ID+"/read", "")
	status, body = b.get(t)
	got := []any{
		status,
		testkit.Member(body, "latest", "id"),
		testkit.Member(body, "best", "id"), testkit.Member(body, "best", "score", "value"),
		testkit.Member(body, "standing", "rank"), testkit.Member(body, "standing", "total"), body["unreadCount"],
	}
	document, err := b.Firestore.Collection("scans").Doc(string(best)).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	score, err := document.DataAt("result.score.value")
	if err != nil {
		t.Fatal(err)
	}
	wanted := []any{http.StatusOK, string(latest), string(best), score, 2.0, 2.0, float64(len(told) - 1)}
	if diff := cmp.Diff(wanted, got); diff != "" || len(told) != 2 {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestSummary_isForAccountsInUse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if status, body := b.get(t); status != http.StatusForbidden || body["code"] != string(fault.CodeNotRegistered) {
		t.Errorf("not registered: %d %v", status, body)
	}
	b.Register(ada, "adas-phone")
	err := b.Firestore.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		return account.Strip(tx, b.Firestore, ada, "")
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := b.get(t); status != http.StatusForbidden || body["code"] != string(fault.CodeAccountErasing) {
		t.Errorf("erasing: %d %v", status, body)
	}
}
