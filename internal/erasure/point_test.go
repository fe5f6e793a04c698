package erasure_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
)

// point is one in a scan's life at which the erasure begins.
type point struct {
	// live is what came before.
	live func(*life)
	// work is in flight at the point: it is held at the place, or was to begin then, where that is "".
	work func(*life)
	hold place
	// wants is how the user is told, and token the device's, by which the FCM sink knows how to
	// answer.
	wants account.Notifications
	token string
	// pushes and mails are those that were handed over already, which no erasure can call back.
	pushes, mails int
	// unbounded work may go on when the erasure is long over, as an event may that comes late. Other
	// work ends with its function's time limit.
	unbounded bool
}

// analyze, rank and tell deliver to the function all that there is for it. In flight they may fail,
// and then are delivered again.
func analyze(l *life) { _ = l.deliverTo("analyze") }
func rank(l *life)    { _ = l.deliverTo("rank") }
func tell(l *life)    { _ = l.deliverTo("notify") }

func inTurn(steps ...func(*life)) func(*life) {
	return func(l *life) {
		for _, step := range steps {
			step(l)
		}
	}
}

var (
	opened       = (*life).openScan
	put          = inTurn(opened, (*life).putPhoto)
	analysed     = inTurn(put, analyze)
	ranked       = inTurn(analysed, rank)
	told         = inTurn(ranked, tell)
	nothing      = func(*life) {}
	askAgain     = func(l *life) { l.ask(http.MethodPost, "/v1/scans/"+string(l.scan)+"/verify", "", "") }
	remove       = func(l *life) { l.ask(http.MethodDelete, "/v1/scans/"+string(l.scan), "", "") }
	removeSeries = func(l *life) { l.ask(http.MethodDelete, "/v1/series/"+string(l.series), "", "") }
	begun        = (*life).beginSeries
	settled      = inTurn(begun, (*life).putPhoto, analyze)
	byMail       = account.Notifications{Email: true}
	byPush       = account.Notifications{Push: true}
)

var points = map[string]point{
	"before a scan":           {live: nothing, work: nothing, wants: byBoth},
	"before the photo is put": {live: opened, work: (*life).putPhoto, wants: byBoth, unbounded: true},
	"while the photo comes through the API": {
		live: nothing, work: (*life).sendPhoto, hold: storingPhoto, wants: byBoth,
	},
	"between the photo and its notification": {live: put, work: analyze, wants: byBoth, unbounded: true},
	"during the analysis":                    {live: put, work: analyze, hold: inEngine, wants: byBoth},
	"while the results are stored":           {live: put, work: analyze, hold: keepingResult, wants: byBoth},
	"between commit and publish": {
		live: put, work: analyze, hold: publishing, wants: byBoth, unbounded: true,
	},
	"between publish and rank":    {live: analysed, work: inTurn(rank, tell), wants: byBoth, unbounded: true},
	"between rank and notify":     {live: ranked, work: tell, wants: byBoth, unbounded: true},
	"while a push is handed over": {live: ranked, work: tell, hold: pushing, wants: byPush, pushes: 1},
	"while a push is answered":    {live: ranked, work: tell, hold: pushed, wants: byPush},
	"while a push finds its device gone": {
		live: ranked, work: tell, hold: pushed, wants: byPush, token: "unregistered-phone",
	},
	"while a mail is handed over": {live: analysed, work: tell, hold: mailing, wants: byMail, mails: 1},
	"when everybody is told":      {live: told, work: nothing, wants: byBoth},
	"while the scan is measured again": {
		live: inTurn(told, askAgain), work: analyze, hold: inEngine, wants: byBoth,
	},
	"between the wish to verify and its event": {
		live: inTurn(told, askAgain), work: analyze, wants: byBoth, unbounded: true,
	},
	"while the user deletes the scan": {live: told, work: remove, hold: deleting, wants: byBoth},

	"between the photos of a series": {live: begun, work: (*life).putPhoto, wants: byBoth, unbounded: true},
	"while the last photo of a series is analysed": {
		live: inTurn(begun, (*life).putPhoto), work: analyze, hold: inEngine, wants: byBoth,
	},
	"between a series' commit and publish": {
		live: inTurn(begun, (*life).putPhoto), work: analyze, hold: publishing, wants: byBoth, unbounded: true,
	},
	"between a series and its rank": {
		live: settled, work: inTurn(rank, tell), wants: byBoth, unbounded: true,
	},
	"while a photo of a series is deleted": {
		live: inTurn(settled, rank, tell), work: remove, hold: deleting, wants: byBoth,
	},
	"while the user deletes the series": {
		live: inTurn(settled, rank, tell), work: removeSeries, hold: deleting, wants: byBoth,
	},
	"between a series' deletion and its striking": {
		live: inTurn(settled, removeSeries), work: inTurn(rank, tell), wants: byBoth, unbounded: true,
	},

	"between a scan's deletion and its striking": {
		live: inTurn(told, remove), work: inTurn(rank, tell), wants: byBoth, unbounded: true,
	},
}

// pace is how far the erasure gets before the work in flight goes on; swept reports whether it has
// been through all stores.
type pace func(*life) (swept bool)

var paces = map[string]pace{
	"and the work ends first":        func(*life) bool { return false },
	"and the first sweep ends first": func(l *life) bool { return l.deliverTo("erase") == nil },
}

// longAfter is the pace that only unbounded work can have.
func longAfter(l *life) bool {
	_ = l.deliverTo("erase")
	l.sweepAfter(wait)
	return true
}

// Whenever the erasure begins, whatever is in flight then, and however late it goes on: nothing is
// left of the user.
func TestErase_atEveryPointOfAScansLife(t *testing.T) {
	t.Parallel()
	for name, p := range points {
		its := maps.Clone(paces)
		if p.unbounded {
			its["and the work goes on long after"] = longAfter
		}
		for how, pace := range its {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				p.run(t, pace, nil)
			})
		}
	}
}

// run has the erasure begin at the point, by the user's request or, if set, by the function, which
// is for a user who was deleted at Firebase and found missing once.
func (p point) run(t *testing.T, pace pace, missing func(*life, *testing.T) (receipt string)) {
	t.Helper()
	l := newLife(t)
	l.MoveIn(bob, byBoth, "bobs-phone")
	l.Rank(bob, usertest.Ranked)
	l.Scan(bob, usertest.Photo(t, 0, ""))
	bobs, board := lasting(l.Mentions(bob)), l.board(t)
	l.MoveIn(ada, p.wants, "adas-phone")
	l.Deliver("notify", "rank") // the welcome
	l.Rank(ada, usertest.Ranked)
	l.CountAnew()
	if _, top, _ := l.call(t, http.MethodGet, "/v1/leaderboards/symmetry/top", bob); top["total"] != 2.0 {
		t.Fatalf("the board before: %v", top)
	}
	if p.token != "" {
		l.Do(ada, http.MethodPut, "/v1/devices/phone", fmt.Sprintf(`{"token":%q,"platform":"android"}`, p.token))
	}
	begin := func() string { return l.request(t, ada) }
	if missing != nil {
		l.deleteAtFirebase(t, ada)
		l.sweepAfter(0)
		l.Advance(day)
		begin = func() string { return missing(l, t) }
	}
	p.live(l)
	end := l.begin(p.work, p.hold)

	receipt := begin()
	pushes, mails := len(l.Push.Messages()), len(l.Mail.Messages())
	swept := pace(l)
	end()
	if swept && p.hold != "" {
		l.wantNothingBut(t, "at the work's end", "erasures/"+ada, "users/"+ada)
	}
	l.deliver(0, 2)
	// The proof at the end is for what no event has told of.
	l.wantNothingBut(t, "before the proof", "erasures/"+ada, "users/"+ada)
	l.sweepAfter(2 * time.Minute)
	l.sweepAfter(wait)
	l.deliver(0, 2)
	for _, later := range []time.Duration{time.Hour, 24 * time.Hour, 8 * 24 * time.Hour} {
		l.sweepAfter(later)
	}

	l.wantNothingBut(t, "at the end")
	if _, err := l.Users.GetUser(t.Context(), ada); !auth.IsUserNotFound(err) {
		t.Errorf("the Firebase user is there: %v", err)
	}
	if got := len(l.Push.Messages()) - pushes; got != p.pushes {
		t.Errorf("%d pushes since, want %d", got, p.pushes)
	}
	if missing == nil {
		l.wantLastMail(t, receipt, mails+p.mails)
		l.wantCounts(t, receipt)
	} else if sent := len(l.Mail.Messages()); sent != mails {
		t.Errorf("%d mails to an address that nobody has", sent-mails)
	}
	if diff := cmp.Diff(board, l.board(t)); diff != "" {
		t.Errorf("the board (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(bobs, lasting(l.Mentions(bob))); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
}

// lasting are the paths of what does not go by itself within the days of a test, as photos and
// counters do.
func lasting(paths []string) []string {
	return slices.DeleteFunc(paths, func(path string) bool {
		return strings.HasPrefix(path, "gs://uploads/") || strings.HasPrefix(path, "limits/") ||
			strings.HasSuffix(path, "/snapshot/current") || strings.HasSuffix(path, "/pace/notices")
	})
}

// wantNothingBut wants of the user either just these, which are the fence and the saga, or nothing
// at all.
func (l *life) wantNothingBut(t *testing.T, when string, allowed ...string) {
	t.Helper()
	if left := l.Mentions(ada); len(left) > 0 && !slices.Equal(left, allowed) {
		t.Errorf("left %s: %q", when, left)
	}
}

// board is what the other user sees of the leaderboard.
func (l *life) board(t *testing.T) []any {
	t.Helper()
	l.CountAnew()
	_, top, _ := l.call(t, http.MethodGet, "/v1/leaderboards/symmetry/top", bob)
	_, me, _ := l.call(t, http.MethodGet, "/v1/leaderboards/symmetry/me", bob)
	if me["rank"] != 1.0 || me["total"] == nil {
		t.Errorf("the other user's standing: %v", me)
	}
	delete(top, "countedAt")
	delete(me, "countedAt")
	return []any{top, me}
}

// wantLastMail wants so many mails and one, which tells the receipt.
func (l *life) wantLastMail(t *testing.T, receipt string, others int) {
	t.Helper()
	last := 0
	sent := l.Mail.Messages()
	for _, m := range sent {
		if strings.Contains(m.Text, "https://api.test"+receipt) {
			last++
		}
	}
	if last != 1 || len(sent) != others+1 {
		t.Errorf("%d last mails and %d others, want 1 and %d", last, len(sent)-last, others)
	}
}

// wantCounts wants the receipt to tell what the eraser has removed.
func (l *life) wantCounts(t *testing.T, receipt string) {
	t.Helper()
	want := maps.Clone(l.removed)
	delete(want, "erasures") // the saga itself
	delete(want, "snapshot") // stays, without the user
	want["users"], want["sign-in"] = 1, 1
	deleted := map[string]int64{}
	for _, s := range l.readReceipt(t, receipt).Stores {
		if s.Left != 0 {
			t.Errorf("left = %+v", s)
		}
		if s.Deleted > 0 {
			deleted[s.Store] = s.Deleted
		}
	}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("the receipt's counts (-want +got):\n%s", diff)
	}
}
