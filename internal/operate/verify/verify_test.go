package verify_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/operate/verify"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/sweep"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const ada, eve = "ada-0123456789", "eve-0123456789"

// world is one in which ada has ranked scans, a failed one and a series, and eve an open scan.
type world struct {
	*usertest.World
	scan scan.ID
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := usertest.New(t, usertest.Options{})
	w.MoveIn(ada, account.Notifications{}, "adas-phone")
	w.MoveIn(eve, account.Notifications{}, "eves-phone")
	for i := range usertest.Ranked {
		w.Scan(ada, usertest.Photo(t, i, ""))
		w.Advance(24 * time.Hour)
	}
	id := w.Scan(ada, usertest.Photo(t, 9, "last"))
	w.Series(ada, usertest.Photo(t, 10, ""), usertest.Photo(t, 11, ""))
	w.Deliver("rank", "notify")
	w.Open(eve)
	sweepAll(t, w)
	return world{w, id}
}

// sweepAll has the due scans looked at.
func sweepAll(t *testing.T, w *usertest.World) {
	t.Helper()
	s := sweep.Sweeper{
		Firestore: w.Firestore, Outbox: w.Outbox, Uploads: w.Uploads, Results: w.Results, Publisher: w.Publisher,
		Now: w.Clock,
	}
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w world) verifier() *verify.Verifier {
	return &verify.Verifier{Firestore: w.Firestore, Uploads: w.Uploads, Results: w.Results, Now: w.Clock}
}

// ids returns the documents of the query.
func ids(t *testing.T, q firestore.Query) []*firestore.DocumentRef {
	t.Helper()
	snaps, err := q.Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(snaps) == 0 {
		t.Fatal("there is no such document, so this shows nothing")
	}
	refs := make([]*firestore.DocumentRef, len(snaps))
	for i, snap := range snaps {
		refs[i] = snap.Ref
	}
	return refs
}

func must[T any](t *testing.T) func(T, error) {
	t.Helper()
	return func(_ T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// put writes an object as a function does.
func put(t *testing.T, o *storage.ObjectHandle) {
	t.Helper()
	w := o.NewWriter(t.Context())
	_, err := w.Write([]byte("x"))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
}

func update(path string, value any) []firestore.Update {
	return []firestore.Update{{Path: path, Value: value}}
}

// damages are what may be wrong in the stores, and the rules that find it.
var damages = map[string]struct {
	damage func(*testing.T, world)
	want   []verify.Rule
}{
	"nothing": {func(*testing.T, world) {}, nil},
	"a scan that cannot be read": {func(t *testing.T, w world) {
		t.Helper()
		broken := []firestore.Update{{Path: "version", Value: "text"}, {Path: "sweepAt", Value: nil}}
		must[*firestore.WriteResult](t)(scan.Ref(w.Firestore, w.scan).Update(t.Context(), broken))
	}, []verify.Rule{verify.Readable}},
	"an account that cannot be read": {func(t *testing.T, w world) {
		t.Helper()
		must[*firestore.WriteResult](t)(account.Ref(w.Firestore, eve).Update(t.Context(), update("revision", "text")))
	}, []verify.Rule{verify.Readable}},
	"a scan that nothing looks at again": {func(t *testing.T, w world) {
		t.Helper()
		open := w.Firestore.Collection("scans").Where("state", "==", "awaiting_upload")
		must[*firestore.WriteResult](t)(ids(t, open)[0].Update(t.Context(), update("sweepAt", nil)))
	}, []verify.Rule{verify.ScanEnds}},
	"a failed scan without a reason": {func(t *testing.T, w world) {
		t.Helper()
		change := []firestore.Update{{Path: "state", Value: "failed"}, {Path: "result", Value: nil}}
		must[*firestore.WriteResult](t)(scan.Ref(w.Firestore, w.scan).Update(t.Context(), change))
	}, []verify.Rule{verify.ScanWhole, verify.ObjectOwned}},
	"a report that is lost": {func(t *testing.T, w world) {
		t.Helper()
		if err := w.Results.Object(scan.ReportName(ada, w.scan)).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}, []verify.Rule{verify.ScanWhole}},
	"a photo that nothing deletes": {func(t *testing.T, w world) {
		t.Helper()
		must[*firestore.WriteResult](t)(scan.Ref(w.Firestore, w.scan).Update(t.Context(), update("sweepAt", nil)))
	}, []verify.Rule{verify.PhotoDue}},
	"a photo without a scan": {func(t *testing.T, w world) {
		t.Helper()
		put(t, w.Uploads.Object(scan.PhotoName(ada, scan.ID(strings.Repeat("a", 26)))))
	}, []verify.Rule{verify.ObjectOwned}},
	"pictures of a scan that is gone": {func(t *testing.T, w world) {
		t.Helper()
		put(t, w.Results.Object(scan.PictureName(ada, scan.ID(strings.Repeat("a", 26)), "overlay")))
	}, []verify.Rule{verify.ObjectOwned}},
	"an archive without an export": {func(t *testing.T, w world) {
		t.Helper()
		put(t, w.Results.Object("exports/"+ada+"/lost.zip"))
	}, []verify.Rule{verify.ObjectOwned}},
	"an end that was not told": {func(t *testing.T, w world) {
		t.Helper()
		told := notify.Deliveries(account.Ref(w.Firestore, ada)).Where("scanId", "==", string(w.scan)).
			Where("kind", "==", string(notify.ScanCompleted))
		ref := ids(t, told)[0]
		must[*firestore.WriteResult](t)(ref.Delete(t.Context()))
		must[*firestore.WriteResult](t)(notify.Inbox(account.Ref(w.Firestore, ada)).Doc(ref.ID).Delete(t.Context()))
	}, []verify.Rule{verify.ToldOnce}},
	"an end that was told twice": {func(t *testing.T, w world) {
		t.Helper()
		all := notify.Deliveries(account.Ref(w.Firestore, ada))
		told := all.Where("scanId", "==", string(w.scan)).Where("kind", "==", string(notify.ScanCompleted))
		snap, err := ids(t, told)[0].Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		must[*firestore.WriteResult](t)(all.Doc("again").Set(t.Context(), snap.Data()))
	}, []verify.Rule{verify.ToldOnce}},
	"a notice that stopped": {func(t *testing.T, w world) {
		t.Helper()
		ref := ids(t, notify.Deliveries(account.Ref(w.Firestore, ada)).Query)[0]
		must[*firestore.WriteResult](t)(ref.Update(t.Context(), update("legs.push.state", "claimed")))
	}, []verify.Rule{verify.NoticeEnds}},
	"a notice that failed": {func(t *testing.T, w world) {
		t.Helper()
		ref := ids(t, notify.Deliveries(account.Ref(w.Firestore, ada)).Query)[0]
		must[*firestore.WriteResult](t)(ref.Update(t.Context(), update("legs.push.state", "failed")))
	}, []verify.Rule{verify.NoticeEnds}},
	"a scan that does not count": {func(t *testing.T, w world) {
		t.Helper()
		changeRating(t, w, func(d *leaderboard.RatingDoc) {
			d.Contributions = d.Contributions[1:]
			d.Rating = d.Contributions.Rating(report.MajorVersion())
		})
	}, []verify.Rule{verify.Ranked}},
	"a rating that is not what it is made of": {func(t *testing.T, w world) {
		t.Helper()
		changeRating(t, w, func(d *leaderboard.RatingDoc) { d.Rating++ })
	}, []verify.Rule{verify.Ranked}},
	"an entry that is lost": {func(t *testing.T, w world) {
		t.Helper()
		must[*firestore.WriteResult](t)(leaderboard.EntryRef(w.Firestore, board(), ada).Delete(t.Context()))
	}, []verify.Rule{verify.Listed, verify.Counted}},
	"counts that are off": {func(t *testing.T, w world) {
		t.Helper()
		shard := ids(t, w.Firestore.Collection("boards").Doc(board()).Collection("histogram").Query)[0]
		must[*firestore.WriteResult](t)(shard.Update(t.Context(), update("counts.7", 3)))
	}, []verify.Rule{verify.Counted}},
	"an event that is parked": {func(t *testing.T, w world) {
		t.Helper()
		m := event.Message{ID: "1", Data: fmt.Appendf(nil, `{"data":{"uid":%q}}`, ada)}
		if err := parked.Keep(t.Context(), w.Firestore, "rank", m, errors.New("refused"), w.Clock()); err != nil {
			t.Fatal(err)
		}
	}, []verify.Rule{verify.NothingParked}},
	"a user who is gone without their scans": {func(t *testing.T, w world) {
		t.Helper()
		must[*firestore.WriteResult](t)(account.Ref(w.Firestore, eve).Delete(t.Context()))
	}, []verify.Rule{verify.UserExists}},
	"a name that another user has": {func(t *testing.T, w world) {
		t.Helper()
		u := w.User(ada)
		must[*firestore.WriteResult](t)(account.ClaimRef(w.Firestore, u.Folded).Update(t.Context(), update("uid", eve)))
	}, []verify.Rule{verify.NameHeld}},
}

func board() string { return leaderboard.AllTime(report.MajorVersion()).ID() }

func changeRating(t *testing.T, w world, change func(*leaderboard.RatingDoc)) {
	t.Helper()
	ref := leaderboard.RatingRef(w.Firestore, ada, report.MajorVersion())
	d := emulatortest.Document[leaderboard.RatingDoc](t, ref)
	if d == nil || len(d.Contributions) == 0 {
		t.Fatal("ada has no rating, so this shows nothing")
	}
	change(d)
	must[*firestore.WriteResult](t)(ref.Set(t.Context(), d))
}

func TestAll(t *testing.T) {
	t.Parallel()
	for name, tt := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.damage(t, w)
			w.Advance(verify.DefaultPatience + time.Minute) // nothing is on its way any more
			sweepAll(t, w.World)
			r, err := w.verifier().All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found := map[verify.Rule]bool{}
			for _, f := range r.Findings {
				found[f.Rule] = true
				if !slices.Contains(tt.want, f.Rule) {
					t.Errorf("found %s", f)
				}
			}
			for _, rule := range tt.want {
				if !found[rule] {
					t.Errorf("%s is not found; what is: %v", rule, r.Findings)
				}
			}
			if wrong := r.Wrong() > 0; wrong != (len(tt.want) > 0) {
				t.Errorf("%d are wrong", r.Wrong())
			}
			if r.Looked["scans"] < 5 || r.Looked["users"] == 0 || r.Looked["photos"] == 0 || r.Looked["boards"] == 0 {
				t.Errorf("looked at %v", r.Looked)
			}
		})
	}
}

func TestAll_whatIsOnItsWayIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Upload(ada, usertest.Photo(t, 12, "")) // its notification is not delivered
	put(t, w.Uploads.Object(scan.PhotoName(ada, scan.ID(strings.Repeat("a", 26)))))
	r, err := w.verifier().All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Wrong() != 0 || r.Open != 2 {
		t.Errorf("wrong %d, open %d: %v", r.Wrong(), r.Open, r.Findings)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.verifier().User(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]verify.Finding{}, r.Findings); diff != "" || r.Looked["users"] != 1 {
		t.Errorf("looked at %v, found %s", r.Looked, diff)
	}
	if _, err := w.verifier().User(t.Context(), "nobody"); !errors.Is(err, account.ErrNoUser) {
		t.Errorf("of nobody: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := w.verifier().All(ended); err == nil {
		t.Error("a look that was cancelled has no error")
	}
}
