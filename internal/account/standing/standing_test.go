package standing_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/scan"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const ada = "ada"

// world has ada, who has a scan and a place on the boards.
type world struct {
	*usertest.World
	t    *testing.T
	desk standing.Desk
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: usertest.New(t, usertest.Options{}), t: t}
	w.desk = standing.Desk{Firestore: w.Firestore, Outbox: w.Outbox, Acts: w.Acts, Now: w.Clock}
	w.MoveIn(ada, account.Notifications{Push: true, Email: true}, "token-of-ada")
	w.Do(ada, http.MethodPatch, "/v1/me", `{"leaderboard":{"optIn":true}}`)
	return w
}

// change does the action with its first reason.
func (w *world) change(do standing.Action, key string, dry bool) (standing.Outcome, error) {
	w.t.Helper()
	return w.desk.Change(w.t.Context(), standing.Order{
		UID: ada, Do: do, Reason: do.Reasons()[0], By: audit.Operator, Key: key, Dry: dry,
	})
}

func (w *world) must(do standing.Action) {
	w.t.Helper()
	if done, err := w.change(do, "", false); err != nil || !done.Changed {
		w.t.Fatalf("%s: %+v, %v", do, done, err)
	}
}

// acts counts the acts about ada by their kinds.
func (w *world) acts() map[string]int {
	w.t.Helper()
	about, ok := w.Acts.About(w.User(ada).Acts)
	if !ok {
		w.t.Fatal("there is no link to the acts")
	}
	found, err := about.Documents(w.t.Context()).GetAll()
	if err != nil {
		w.t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, act := range found {
		kind, _ := act.Data()["kind"].(string)
		kinds[kind]++
	}
	return kinds
}

// entries returns the number of ada's places that others see.
func (w *world) entries() int {
	w.t.Helper()
	found, err := w.Firestore.CollectionGroup("entries").Where("uid", "==", ada).Documents(w.t.Context()).GetAll()
	if err != nil {
		w.t.Fatal(err)
	}
	return len(found)
}

func TestChange_leadsFromStateToState(t *testing.T) {
	t.Parallel()
	const conflict = "conflict"
	for from, want := range map[account.State]map[standing.Action]string{
		account.Active: {
			standing.Ban: "banned", standing.Lift: "", standing.Quarantine: "quarantined", standing.Release: "",
		},
		account.Quarantined: {
			standing.Ban: "banned", standing.Lift: conflict, standing.Quarantine: "", standing.Release: "active",
		},
		account.Banned: {
			standing.Ban: "", standing.Lift: "active", standing.Quarantine: conflict, standing.Release: conflict,
		},
		account.Erasing: {
			standing.Ban: conflict, standing.Lift: conflict, standing.Quarantine: conflict, standing.Release: conflict,
		},
	} {
		t.Run("from "+string(from), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for do, to := range want {
				state := map[string]any{"state": string(from)}
				if _, err := account.Ref(w.Firestore, ada).Set(t.Context(), state, firestore.MergeAll); err != nil {
					t.Fatal(err)
				}
				done, err := w.change(do, "", false)
				if (to == conflict) != fault.Is(err, fault.CodeAccountState) || err != nil && to != conflict {
					t.Errorf("%s: %v", do, err)
				}
				after := from
				if to != "" && to != conflict {
					after = account.State(to)
				}
				if w.User(ada).State != after || done.Changed != (after != from) {
					t.Errorf("%s: %+v, and the account is %s, want %s", do, done, w.User(ada).State, after)
				}
			}
		})
	}
}

func TestChange_isAuditedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if done, err := w.change(standing.Ban, "key", true); err != nil || done.After != account.Banned || !done.Changed {
		t.Errorf("dry: %+v, %v", done, err)
	}
	if w.User(ada).State != account.Active {
		t.Error("a dry run has banned")
	}
	var group sync.WaitGroup
	changed := make([]bool, 8)
	for i := range changed { // two of the staff, each with an app that asks again
		group.Go(func() {
			done, err := w.change(standing.Ban, fmt.Sprint("key", i%2), false)
			if err != nil {
				t.Error(err)
			}
			changed[i] = done.Changed
		})
	}
	group.Wait()
	n := 0
	for _, did := range changed {
		if did {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of 8 requests have banned", n)
	}
	if diff := cmp.Diff(map[string]int{
		"account.registered": 1, "consent.granted": 1, "account.banned": 1, "user.read": 8,
	}, w.acts()); diff != "" {
		t.Errorf("acts (-want +got):\n%s", diff)
	}
	ended := usertest.Told[event.SignInsEndedV1](w.World)
	if len(ended) != 1 || !ended[0].Banned || ended[0].UID != ada {
		t.Errorf("told %+v", ended)
	}
}

// An order that comes late, when another has been done since, changes nothing more.
func TestChange_withAKeyIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, step := range []struct {
		do   standing.Action
		key  string
		want bool
	}{
		{standing.Ban, "first", true}, {standing.Lift, "second", true}, {standing.Ban, "first", false},
		{standing.Ban, "third", true}, {standing.Lift, "second", false},
		{standing.Ban, "idle", false}, {standing.Lift, "fourth", true}, {standing.Ban, "idle", false},
		{standing.Ban, "idle", false}, {standing.Ban, "fifth", true},
	} {
		done, err := w.change(step.do, step.key, false)
		if err != nil || done.Changed != step.want {
			t.Errorf("step %d: %+v, %v", i, done, err)
		}
	}
	if w.User(ada).State != account.Banned {
		t.Errorf("the account is %s", w.User(ada).State)
	}
}

func TestChange_refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		order standing.Order
		want  error
	}{
		"a reason of another action": {
			standing.Order{UID: ada, Do: standing.Lift, Reason: "abuse", By: audit.Operator}, standing.ErrReason,
		},
		"no reason":                   {standing.Order{UID: ada, Do: standing.Ban, By: audit.Operator}, standing.ErrReason},
		"an action that there is not": {standing.Order{UID: ada, Do: "delete", By: audit.Operator}, standing.ErrReason},
		"an account that there is not": {
			standing.Order{UID: "none", Do: standing.Ban, Reason: "abuse", By: audit.Operator}, account.ErrNoUser,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := w.desk.Change(t.Context(), tt.order); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// What a user may do in quarantine and when banned, by the routes.
func TestStates_byRoute(t *testing.T) {
	t.Parallel()
	const held, banned = fault.CodeAccountQuarantined, fault.CodeAccountBanned
	for name, tt := range map[string]struct {
		method, path, body string
		quarantined        fault.Code
	}{
		"sign in":           {"POST", "/v1/auth/register", `{}`, ""},
		"see the profile":   {"GET", "/v1/me", "", ""},
		"change settings":   {"PATCH", "/v1/me", `{"locale":"de"}`, ""},
		"see the scans":     {"GET", "/v1/scans", "", ""},
		"see the inbox":     {"GET", "/v1/inbox", "", ""},
		"see the friends":   {"GET", "/v1/friends", "", ""},
		"add a device":      {"PUT", "/v1/devices/tablet", `{"token":"t2","platform":"ios"}`, ""},
		"open a scan":       {"POST", "/v1/uploads", `{"contentType":"image/jpeg"}`, held},
		"open a series":     {"POST", "/v1/series", `{"contentType":"image/jpeg","photos":2}`, held},
		"withdraw consent":  {"DELETE", "/v1/me/consent", "", ""},
		"read the consents": {"GET", "/v1/me/consent/history", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, state := range []struct {
				do   standing.Action
				want fault.Code
			}{{standing.Quarantine, tt.quarantined}, {standing.Ban, banned}} {
				w.must(state.do)
				a := w.Ask(ada, tt.method, tt.path, tt.body)
				if state.want == "" && a.Status >= 300 {
					t.Errorf("after %s: %d %s", state.do, a.Status, a.Body)
				}
				refused := a.Status == http.StatusForbidden && usertest.Decode[problem](w.World, a).Code == state.want
				if state.want != "" && !refused {
					t.Errorf("after %s: %d %s, want %s", state.do, a.Status, a.Body, state.want)
				}
			}
		})
	}
}

type problem struct{ Code fault.Code }

// Others do not see who is shut out, and see the same places again afterwards.
func TestStates_onBoards(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]standing.Action{
		{standing.Quarantine, standing.Release}, {standing.Ban, standing.Lift},
	} {
		t.Run(string(way[0]), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Rank(ada, usertest.Ranked)
			shown := w.entries()
			if shown == 0 {
				t.Fatal("ada has no place to lose")
			}
			w.must(way[0])
			w.Deliver("rank", "notify")
			if n := w.entries(); n != 0 {
				t.Errorf("%d places are shown", n)
			}
			w.Rank(ada, usertest.Ranked+1)
			if n := w.entries(); n != 0 {
				t.Errorf("%d places are shown after another scan", n)
			}
			w.must(way[1])
			w.Deliver("rank", "notify")
			if n := w.entries(); n != shown {
				t.Errorf("%d places are shown again, were %d", n, shown)
			}
			id := leaderboard.AllTime(report.MajorVersion()).ID()
			rating := emulatortest.Document[leaderboard.RatingDoc](t, leaderboard.Ratings(w.Firestore, ada).Doc(id))
			if n := len(rating.Contributions); n != usertest.Ranked+1 {
				t.Errorf("%d scans count, want also the one that was ranked meanwhile", n)
			}
		})
	}
}

// photos returns the names of the photos that there are.
func (w *world) photos() (names []string) {
	w.t.Helper()
	for o, err := range bucket.List(w.t.Context(), w.Uploads, "uploads/") {
		if err != nil {
			w.t.Fatal(err)
		}
		names = append(names, o.Name)
	}
	return names
}

// A photo that is under way when its user is shut out is not measured, and its scan says why.
func TestStates_underAnalysis(t *testing.T) {
	t.Parallel()
	for _, do := range []standing.Action{standing.Quarantine, standing.Ban} {
		t.Run(string(do), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Upload(ada, usertest.Photo(t, 0, "late"))
			w.must(do)
			w.Deliver("analyze", "rank", "notify")
			s := emulatortest.Document[scan.Scan](t, scan.Ref(w.Firestore, id))
			if s.State != scan.Failed || s.Failure.Code != scan.ReasonHeld || len(w.photos()) != 0 {
				t.Errorf("the scan is %s, %+v, and %d photos are left", s.State, s.Failure, len(w.photos()))
			}
		})
	}
}

// Notices go on in quarantine, and stop with a ban.
func TestStates_ofNotices(t *testing.T) {
	t.Parallel()
	for do, want := range map[standing.Action]int{standing.Quarantine: 1, standing.Ban: 0} {
		t.Run(string(do), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Deliver("notify", "rank")
			before := len(w.Mail.Messages())
			w.must(do)
			fact := event.PasswordChangedV1{UID: ada, At: w.Clock()}
			e, err := event.New(event.ID("a new password"), w.Clock(), "", fact)
			if err != nil {
				t.Fatal(err)
			}
			data, err := event.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Handlers["notify"](t.Context(), event.Message{ID: e.ID, Data: data}); err != nil {
				t.Fatal(err)
			}
			if sent := len(w.Mail.Messages()) - before; sent != want {
				t.Errorf("%d mails, want %d", sent, want)
			}
		})
	}
}
