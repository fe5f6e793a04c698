package deliver_test

import (
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
)

var meanOfThree = regexp.MustCompile(
	`^About \d+; these photos can tell it to between \d+ and \d+: ` +
		`your symmetry percentile among the reference portraits, the mean of 3 photos\.$`)

// inboxOf is what the user's inbox has, sorted by type, but for the welcome.
func inboxOf(w *usertest.World, uid string) (types []string, bodies []string) {
	type item struct{ Type, Body string }
	inbox := usertest.Decode[struct{ Items []item }](w, w.Do(uid, http.MethodGet, "/v1/inbox", ""))
	for _, i := range inbox.Items {
		if i.Type != "account.registered.v1" {
			types, bodies = append(types, i.Type), append(bodies, i.Body)
		}
	}
	slices.Sort(types)
	return types, bodies
}

// The user is told of a series once, and not of its photos.
func TestSeries_isToldOnce(t *testing.T) {
	t.Parallel()
	const ada = "ada-0123456789"
	w := usertest.New(t, usertest.Options{})
	w.MoveIn(ada, account.Notifications{Push: true, Email: true}, "adas-phone")
	w.Deliver("notify", "rank")
	pushes, mails := len(w.Push.Messages()), len(w.Mail.Messages())
	want := func(what string, types ...string) {
		t.Helper()
		got, bodies := inboxOf(w, ada)
		if diff := cmp.Diff(types, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s%q", what, diff, bodies)
		}
	}
	opened := w.OpenSeries(ada, 3)
	for i, photo := range [][]byte{usertest.Photo(t, 0, ""), usertest.Photo(t, 1, ""), usertest.Photo(t, 2, "")} {
		if status, err := w.Put(opened.Uploads[i].Upload, photo); err != nil || status != http.StatusOK {
			t.Fatalf("put: %d, %v", status, err)
		}
		if i == 1 {
			w.Deliver("analyze", "notify", "rank")
			want("with a photo missing")
		}
	}
	w.Deliver("analyze", "notify", "rank")
	want("settled", "series.settled.v1")
	_, bodies := inboxOf(w, ada)
	if !meanOfThree.MatchString(bodies[0]) {
		t.Errorf("told %q", bodies[0])
	}
	if p, m := len(w.Push.Messages())-pushes, len(w.Mail.Messages())-mails; p != 1 || m != 1 {
		t.Errorf("%d pushes and %d mails, want one each", p, m)
	}
	t.Run("what was said of it goes when it is not so any more", func(*testing.T) {
		w.Do(ada, http.MethodDelete, "/v1/scans/"+string(opened.Uploads[2].ScanID), "")
		w.Deliver("notify", "rank")
		want("a photo deleted")
	})
	t.Run("a better one is a personal best, too", func(t *testing.T) {
		w.Advance(time.Second)
		second := w.Series(ada, usertest.Photo(t, 3, "x"), usertest.Photo(t, 3, "y"))
		want("the second", "personal-best.reached.v1", "series.settled.v1")
		w.Do(ada, http.MethodDelete, "/v1/series/"+string(second), "")
		w.Deliver("notify", "rank")
		want("the second deleted")
	})
	t.Run("one of which no photo counts", func(*testing.T) {
		w.Series(ada, []byte("no photo"), []byte("none either"))
		want("the third", "series.settled.v1")
	})
	t.Run("one whose photos were never taken", func(*testing.T) {
		opened := w.OpenSeries(ada, 2)
		for _, u := range opened.Uploads {
			w.Do(ada, http.MethodDelete, "/v1/scans/"+string(u.ScanID), "")
		}
		w.Deliver("notify", "rank")
		want("the fourth", "series.settled.v1") // the third's
	})
}
