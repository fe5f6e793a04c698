package rerank_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/scan/rerank"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const ada = "ada-0123456789"

// world is one in which ada has two scans and a series of three days.
func world(t *testing.T) (w *usertest.World, scans []string) {
	t.Helper()
	w = usertest.New(t, usertest.Options{})
	w.MoveIn(ada, account.Notifications{}, "adas-phone")
	for i := range 2 {
		scans = append(scans, string(w.Scan(ada, usertest.Photo(t, i, ""))))
		w.Advance(24 * time.Hour)
	}
	w.Series(ada, usertest.Photo(t, 2, ""), usertest.Photo(t, 3, ""))
	return w, scans
}

func rating(t *testing.T, w *usertest.World) *leaderboard.RatingDoc {
	t.Helper()
	id := leaderboard.AllTime(report.MajorVersion()).ID()
	return emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(w.Firestore, ada).Doc(id))
}

func entry(t *testing.T, w *usertest.World) *leaderboard.EntryDoc {
	t.Helper()
	id := leaderboard.AllTime(report.MajorVersion()).ID()
	return emulatortest.Document[leaderboard.EntryDoc](t, leaderboard.EntryRef(w.Firestore, id, ada))
}

func consumer(w *usertest.World) rank.Consumer {
	return rank.Consumer{Firestore: w.Firestore, Outbox: w.Outbox, Key: testkit.Ring(keys.ForRatings), Now: w.Clock}
}

// agreeAnew has ada agree to a newer text, as [account.Consent.Since] says, and the rating follow.
func agreeAnew(t *testing.T, w *usertest.World) {
	t.Helper()
	newer := []firestore.Update{{Path: "consentEpoch", Value: 2}, {Path: "consent.since", Value: 1}}
	if _, err := account.Ref(w.Firestore, ada).Update(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	if err := boards.Restore(t.Context(), w.Firestore, ada, w.Clock()); err != nil {
		t.Fatal(err)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(*usertest.World, []string){
		"whose rating is as it was": func(*usertest.World, []string) {},
		"whose rating is lost": func(w *usertest.World, _ []string) {
			id := leaderboard.AllTime(report.MajorVersion()).ID()
			if _, err := leaderboard.Ratings(w.Firestore, ada).Doc(id).Delete(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"whose rating is lost, and who agreed to a newer text before": func(w *usertest.World, _ []string) {
			id := leaderboard.AllTime(report.MajorVersion()).ID()
			if _, err := leaderboard.Ratings(w.Firestore, ada).Doc(id).Delete(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"who deleted a scan, whose value stays": func(w *usertest.World, scans []string) {
			w.Do(ada, http.MethodDelete, "/v1/scans/"+scans[0], "")
			w.Deliver("rank", "notify")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, scans := world(t)
			lost := strings.Contains(name, "lost")
			if !lost {
				damage(w, scans)
			}
			if strings.Contains(name, "newer text") {
				agreeAnew(t, w)
			}
			before, shown, told := rating(t, w), entry(t, w), len(w.Published())
			if lost {
				damage(w, scans)
			}
			if before == nil || shown == nil {
				t.Fatal("there is no entry, so this shows nothing")
			}
			for range 2 {
				facts, err := rerank.User(t.Context(), consumer(w), ada)
				if err != nil || facts == 0 {
					t.Fatalf("%d facts, %v", facts, err)
				}
				times := cmpopts.IgnoreFields(leaderboard.RatingDoc{}, "UpdatedAt")
				same := len(rating(t, w).Contributions) == len(before.Contributions)
				if same && strings.Contains(name, "newer text") {
					// Which text each was counted under is lost, so that they strike without a value.
					times = cmpopts.IgnoreFields(leaderboard.RatingDoc{}, "UpdatedAt", "ConsentEpoch", "Contributions")
				}
				if diff := cmp.Diff(before, rating(t, w), times); diff != "" {
					t.Errorf("rating (-before +after):\n%s", diff)
				}
				if diff := cmp.Diff(shown, entry(t, w), cmpopts.IgnoreFields(leaderboard.EntryDoc{}, "UpdatedAt")); diff != "" {
					t.Errorf("entry (-before +after):\n%s", diff)
				}
			}
			reader := boards.Reader{Firestore: w.Firestore, Now: w.Clock}
			if d, err := reader.Drift(t.Context(), leaderboard.AllTime(report.MajorVersion())); err != nil || d.Wrong != 0 {
				t.Errorf("drift %d, %v", d.Wrong, err)
			}
			if n := len(w.Published()); n != told {
				t.Errorf("%d events were published", n-told)
			}
		})
	}
}
