package boards

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

// hearing is a publisher that keeps what is told.
type hearing struct {
	t      *testing.T
	mu     sync.Mutex
	events []event.RankChangedV1
	ids    map[string]bool
}

func (h *hearing) Publish(_ context.Context, topic string, data []byte, _ map[string]string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, err := event.Decode(data)
	if err != nil {
		h.t.Error(err)
	}
	told, err := event.As[event.RankChangedV1](e)
	if err != nil || topic != "rank-changed-v1" || h.ids[e.ID] {
		h.t.Errorf("%s to %s, again: %v, %v", e.ID, topic, h.ids[e.ID], err)
	}
	h.ids[e.ID] = true
	h.events = append(h.events, told)
	return nil
}

// take returns what was told since the last call, as "uid previous to rank".
func (h *hearing) take() (told []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		told = append(told, fmt.Sprintf("%s %d to %d", e.UID, e.Previous, e.Rank))
	}
	h.events = nil
	return told
}

// teller returns a teller with pages of the size, and who hears it.
func (b *bench) teller(size int) (*Teller, *hearing) {
	h := &hearing{t: b.t, ids: map[string]bool{}}
	box := outbox.New(b.fs, h, testkit.Writer("test"), b.reader.Now)
	return &Teller{Reader: b.reader, Outbox: box, Board: main, size: size}, h
}

// hearer is a member who wants to be told.
func hearer(uid account.UID) account.User {
	u := member(uid)
	u.Leaderboard.RankEvents = true
	return u
}

// hears saves a user with a score who wants to be told.
func (b *bench) hears(uid account.UID, score float64) {
	b.t.Helper()
	b.save(hearer(uid), scored(uid, day0, score))
}

// nextDay is a day later, when boards are counted anew.
func (b *bench) nextDay() {
	b.t.Helper()
	b.now = b.now.Add(day)
	b.renew(main)
}

func (b *bench) progress() *toldDoc {
	b.t.Helper()
	return emulatortest.Document[toldDoc](b.t, b.toldRef())
}

func (b *bench) toldRef() *firestore.DocumentRef {
	return b.fs.Doc("boards/" + main.ID() + "/snapshot/told")
}

func (b *bench) told(uid account.UID) *leaderboard.Told {
	b.t.Helper()
	doc := emulatortest.Document[leaderboard.RatingDoc](b.t, leaderboard.Ratings(b.fs, uid).Doc(main.ID()))
	if doc != nil {
		return doc.Told
	}
	return nil
}

// setProgress changes fields of how far the board was told.
func (b *bench) setProgress(fields map[string]any) {
	b.t.Helper()
	if _, err := b.toldRef().Set(b.t.Context(), fields, firestore.MergeAll); err != nil {
		b.t.Fatal(err)
	}
}

// sweep sweeps until the walk is over.
func (b *bench) sweep(t *Teller) {
	b.t.Helper()
	for range 100 {
		if _, err := t.Sweep(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
		if b.progress().AsOf.IsZero() {
			return
		}
	}
	b.t.Fatal("the walk does not end")
}

// begun begins a walk.
func (b *bench) begun(t *Teller) *walk {
	b.t.Helper()
	w, err := t.enter(b.t.Context())
	if err == nil {
		err = w.begin(b.t.Context())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// paged is a walk that has told its first page.
func (b *bench) paged(t *Teller) *walk {
	b.t.Helper()
	w := b.begun(t)
	_, err := w.page(b.t.Context())
	if err == nil {
		err = w.keep(b.t.Context())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// three is a board of which a, b and d want to hear. Their ranks of the first day are remembered,
// and on the second a newcomer is first.
func three(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.now = day0.Add(60 * day)
	b.hears("a", 80)
	b.hears("b", 60)
	b.rated("deaf", day0, 50)
	b.hears("d", 40)
	first, heard := b.teller(0)
	b.sweep(first)
	if got := heard.take(); len(got) > 0 {
		t.Fatalf("told the first time: %v", got)
	}
	b.nextDay()
	b.rated("new", day0, 90)
	return b
}

var changes = []string{"a 1 to 2", "b 2 to 3", "d 4 to 5"}

func wantTold(t *testing.T, what string, h *hearing, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, h.take(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +told):\n%s", what, diff)
	}
}

func TestTeller(t *testing.T) {
	t.Parallel()
	b := three(t)
	if got := b.told("b"); got == nil || *got != (leaderboard.Told{Rank: 2, Day: "2027-01-20"}) {
		t.Errorf("remembered of the first day: %+v", got)
	}
	if got := b.told("deaf"); got != nil {
		t.Errorf("remembered of one who did not ask for it: %+v", got)
	}
	teller, heard := b.teller(2)
	if n, err := teller.Sweep(t.Context()); n != 3 || err != nil {
		t.Errorf("%d were told, %v", n, err)
	}
	want := event.RankChangedV1{
		UID: "d", Board: main.ID(), ConsentEpoch: 1, Rank: 5, Previous: 4, RankLow: 4, RankHigh: 5, Total: 5,
	}
	if diff := cmp.Diff(want, heard.events[2], cmpopts.IgnoreFields(event.RankChangedV1{}, "AsOf")); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
	if age := time.Since(heard.events[2].AsOf); age < 0 || age > time.Minute {
		t.Errorf("told as of %v ago", age)
	}
	wantTold(t, "on the second day", heard, changes...)
	if p := b.progress(); p.From != "" || p.Skip != 0 || p.Lease.Token != "" || p.Day != "2027-01-21" {
		t.Errorf("left of the walk: %+v", p)
	}

	b.rated("new", day0, 1)
	b.renew(main)
	b.sweep(teller)
	wantTold(t, "later that day", heard)
	b.nextDay()
	b.sweep(teller)
	wantTold(t, "on the third day", heard, "a 2 to 1", "b 3 to 2", "d 5 to 4")
	b.nextDay()
	b.sweep(teller)
	wantTold(t, "on a day on which nothing changed", heard)

	b.save(member("b"), scored("b", day0, 60))
	if got := b.told("b"); got != nil {
		t.Errorf("kept of one who wants it no more: %+v", got)
	}
	b.hears("b", 99)
	b.nextDay()
	b.sweep(teller)
	wantTold(t, "after b asked for it again", heard, "a 1 to 2")
}

// A rating that is written anew keeps what was told.
func TestSave_keepsWhatWasTold(t *testing.T) {
	t.Parallel()
	b := three(t)
	b.hears("b", 70)
	if got := b.told("b"); got == nil || got.Rank != 2 {
		t.Errorf("after another scan: %+v", got)
	}
	u := hearer("b")
	u.ConsentEpoch, u.Consent.Since = 3, 3
	b.save(u, scored("b", day0, 70))
	if got := b.told("b"); got != nil {
		t.Errorf("after a withdrawal and a new consent: %+v", got)
	}
}

// A process dies after any of its steps, and another goes on after the lease.
func TestTeller_killed(t *testing.T) {
	t.Parallel()
	for kill := range 8 {
		t.Run(fmt.Sprintf("after %d steps", kill), func(t *testing.T) {
			t.Parallel()
			b := three(t)
			teller, heard := b.teller(2)
			w, err := teller.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			page := func(ctx context.Context) error {
				_, err := w.page(ctx)
				return err
			}
			for _, step := range []func(context.Context) error{w.begin, page, w.keep, page, w.keep, page, w.keep}[:kill] {
				if err := step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := teller.Sweep(t.Context()); n != 0 || err != nil {
				t.Errorf("%d were told during the lease, %v", n, err)
			}
			b.setProgress(map[string]any{"lease": work.Lease{Token: "dead", Until: time.Now().Add(-time.Minute)}})
			b.sweep(teller)
			wantTold(t, "in all", heard, changes...)
			for _, uid := range []account.UID{"new", "deaf"} {
				if got := b.told(uid); got != nil {
					t.Errorf("remembered of %s: %+v", uid, got)
				}
			}
		})
	}
}

func TestTeller_twoAtOnce(t *testing.T) {
	t.Parallel()
	b := three(t)
	teller, heard := b.teller(2)
	slow := b.begun(teller)
	b.setProgress(map[string]any{"lease": work.Lease{}})
	fast := b.begun(teller)
	var both sync.WaitGroup
	for _, w := range []*walk{slow, fast} {
		both.Go(func() {
			for range 3 {
				if _, err := w.page(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	if n := len(heard.take()); n != len(changes) || slow.told+fast.told != n {
		t.Errorf("%d events, by one %d and by the other %d", n, slow.told, fast.told)
	}
	if err := slow.keep(t.Context()); err == nil {
		t.Error("who lost the lease has written")
	}
	if err := work.Release(t.Context(), slow.release); err != nil {
		t.Error(err)
	}
	if p := b.progress(); p.Lease.Token != fast.doc.Lease.Token {
		t.Error("who lost the lease has given the other's up")
	}
}

// A user leaves after the snapshot was made, and after the page was read.
func TestTeller_leaver(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*bench, account.User, leaderboard.History){
		"opts out": func(b *bench, u account.User, h leaderboard.History) {
			u.Leaderboard.OptIn = false
			b.save(u, h)
		},
		"wants it no more": func(b *bench, u account.User, h leaderboard.History) {
			u.Leaderboard.RankEvents = false
			b.save(u, h)
		},
		"withdraws": func(b *bench, u account.User, _ leaderboard.History) {
			u.Consent, u.ConsentEpoch = account.Consent{}, 2
			b.save(u, nil)
		},
		"consents again, and is on no board yet": func(b *bench, u account.User, _ leaderboard.History) {
			u.Consent.Since, u.ConsentEpoch = 3, 3
			b.save(u, nil)
		},
		"consents again, and the rating is still there": func(b *bench, u account.User, _ leaderboard.History) {
			u.Consent.Since, u.ConsentEpoch = 3, 3
			if _, err := account.Ref(b.fs, u.UID).Set(b.t.Context(), u); err != nil {
				b.t.Fatal(err)
			}
		},
		"is erased": func(b *bench, u account.User, h leaderboard.History) {
			u.State = account.Erasing
			b.save(u, h)
			rating := leaderboard.Ratings(b.fs, u.UID).Doc(main.ID())
			for _, ref := range []*firestore.DocumentRef{rating, account.Ref(b.fs, u.UID)} {
				if _, err := ref.Delete(b.t.Context()); err != nil {
					b.t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := three(t)
			b.hears("leaver", 30)
			teller, heard := b.teller(0)
			b.sweep(teller)
			b.nextDay()
			b.hears("new", 1)
			b.rated("newer", day0, 95)
			wantTold(t, "before", heard, changes...)

			w := b.begun(teller)
			entries, users := b.open(w, "leaver")
			leave(b, hearer("leaver"), scored("leaver", day0, 30))
			if err := w.tell(t.Context(), entries, users); err != nil || w.told != 0 {
				t.Errorf("%d were told, %v", w.told, err)
			}
			if err := w.release(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.sweep(teller)
			for _, told := range heard.take() {
				if strings.HasPrefix(told, "leaver") {
					t.Error("told:", told)
				}
			}
			if got := b.told("leaver"); got != nil && got.Day == teller.today() {
				t.Errorf("remembered: %+v", got)
			}
			for _, path := range emulatortest.Mentions(t, b.fs, "leaver") {
				if strings.HasPrefix(path, "outbox/") || strings.HasSuffix(path, "/told") {
					t.Error(path, "names the user")
				}
			}
		})
	}
}

// open reads the user's entry and document, as a page does.
func (b *bench) open(w *walk, uid account.UID) (row, *firestore.DocumentSnapshot) {
	b.t.Helper()
	var e row
	err := b.reader.at(b.t.Context(), w.doc.AsOf, func(ctx context.Context, tx *firestore.Transaction) error {
		if err := w.open(ctx, tx); err != nil {
			return err
		}
		all, err := rows(tx, w.next())
		for _, one := range all {
			w.pass(one)
			if one.uid == uid {
				e = one
				break
			}
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	snap, err := account.Ref(b.fs, uid).Get(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return e, snap
}

// A histogram that cannot be read stops the walk, which goes on when it is mended.
func TestTeller_noSnapshot(t *testing.T) {
	t.Parallel()
	b := three(t)
	teller, heard := b.teller(2)
	shard := b.shard(0)
	damage := func(value any) {
		counts := map[string]any{"x": value}
		if _, err := shard.Set(t.Context(), map[string]any{"counts": counts}, firestore.MergeAll); err != nil {
			t.Fatal(err)
		}
	}
	damage(1)
	for range 2 {
		if n, err := teller.Sweep(t.Context()); n != 0 || err == nil {
			t.Errorf("%d were told, %v", n, err)
		}
		if p := b.progress(); !p.AsOf.IsZero() || p.Lease.Token != "" {
			t.Errorf("begun: %+v", p)
		}
	}
	damage(firestore.Delete)
	b.sweep(teller)
	wantTold(t, "afterwards", heard, changes...)
}

// One document that cannot be read does not hold up the others.
func TestTeller_damagedUser(t *testing.T) {
	t.Parallel()
	b := three(t)
	damage := map[string]any{"consentEpoch": "one"}
	if _, err := account.Ref(b.fs, "a").Set(t.Context(), damage, firestore.MergeAll); err != nil {
		t.Fatal(err)
	}
	teller, heard := b.teller(2)
	if n, err := teller.Sweep(t.Context()); n != 2 || err == nil {
		t.Errorf("%d were told, %v", n, err)
	}
	wantTold(t, "the others", heard, changes[1:]...)
	if p := b.progress(); !p.AsOf.IsZero() {
		t.Errorf("the walk is not over: %+v", p)
	}
}

// A walk whose snapshot is too old to read by goes on with a new one.
func TestTeller_longWalk(t *testing.T) {
	t.Parallel()
	b := three(t)
	teller, heard := b.teller(2)
	b.paged(teller)
	wantTold(t, "by the first page", heard, "a 1 to 2")
	b.rated("newer", day0, 95)
	b.renew(main)
	b.setProgress(map[string]any{"lease": work.Lease{}, "asOf": time.Now().Add(-readable - time.Second)})
	b.sweep(teller)
	wantTold(t, "by the others", heard, "b 2 to 4", "d 4 to 6")
}

// A walk that goes on after midnight tells by the day on which it tells.
func TestTeller_midnight(t *testing.T) {
	t.Parallel()
	b := three(t)
	teller, heard := b.teller(2)
	w := b.paged(teller)
	if err := w.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.nextDay()
	b.rated("newer", day0, 95)
	b.sweep(teller)
	wantTold(t, "by the walk of the day before", heard, changes...)
	if p := b.progress(); p.Day != "2027-01-21" {
		t.Errorf("the walk was of %s", p.Day)
	}
	b.sweep(teller)
	wantTold(t, "by the walk of the day", heard, "a 2 to 3")
}

// Many users, of whom many share a rating, are told their ranks in their order.
func TestTeller_pages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.now = day0.Add(60 * day)
	const n = 250
	var all sync.WaitGroup
	for part := range 5 {
		all.Go(func() {
			mine := *b
			mine.users = map[account.UID]account.User{}
			for i := part; i < n; i += 5 {
				u := member(account.UID(fmt.Sprintf("u%03d", i)))
				u.Leaderboard.RankEvents = i%2 == 0
				mine.save(u, scored(u.UID, day0, float64(i*37%23)*4))
			}
		})
	}
	all.Wait()
	first, _ := b.teller(0)
	b.sweep(first)
	b.nextDay()
	b.rated("new", day0, 100)
	var want []string
	rows, uids := b.model(main)
	for i, uid := range uids {
		var number int
		if _, err := fmt.Sscanf(string(uid), "u%d", &number); err == nil && number%2 == 0 {
			want = append(want, fmt.Sprintf("%s %d to %d", uid, rows[i].Rank-1, rows[i].Rank))
		}
	}
	teller, heard := b.teller(17)
	if _, err := teller.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := b.progress(); len(p.From) != ratingLength || p.Skip == 0 || p.AsOf.IsZero() {
		t.Errorf("after %d pages: %+v", tellPages, p)
	}
	b.sweep(teller)
	wantTold(t, "of many", heard, want...)
}
