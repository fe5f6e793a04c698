package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

// quiet are hours of the night in Berlin, where it is an hour later than by the tests' clock.
var quiet = account.QuietHours{From: "22:00", To: "07:00", Zone: "Europe/Berlin"}

var (
	night   = time.Date(2026, 11, 21, 22, 30, 0, 0, time.UTC) // 23:30 in Berlin
	morning = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)   // 07:00 in Berlin
)

// newNight is a bench in quiet hours, with a user who keeps them and has a phone.
func newNight(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.now = night
	b.save(sleeper())
	b.saveDevice("phone", "token-1")
	return b
}

func sleeper() account.User {
	u := ann()
	u.Notifications = &account.Notifications{Push: true, Email: true, Quiet: &quiet}
	return u
}

// setPreferences changes what the user has set.
func (b *bench) setPreferences(n account.Notifications) {
	b.t.Helper()
	b.update(account.Ref(b.fs, uid), "notifications", n)
}

func (b *bench) update(ref *firestore.DocumentRef, path string, value any) {
	b.t.Helper()
	if _, err := ref.Update(b.t.Context(), []firestore.Update{{Path: path, Value: value}}); err != nil {
		b.t.Fatal(err)
	}
}

// scanned delivers the events of n completed scans, s1 to sn, and returns their ids.
func (b *bench) scanned(n int) (ids []string) {
	b.t.Helper()
	for i := range n {
		id := fmt.Sprintf("s%d", i+1)
		b.saveScan(scan.ID(id), scan.Completed)
		b.handle(scanDone(id), id)
		ids = append(ids, idOf(scanDone(id), id))
		b.now = b.now.Add(time.Second)
	}
	return ids
}

// topics keeps what was published.
type topics struct{ published [][]byte }

// Publish implements outbox.Publisher.
func (p *topics) Publish(_ context.Context, _ string, data []byte, _ map[string]string) error {
	p.published = append(p.published, data)
	return nil
}

// sweep returns the users of whom the sweep has something delivered.
func (b *bench) sweep() []string {
	b.t.Helper()
	box := new(topics)
	clock := func() time.Time { return b.now }
	s := &notify.Sweeper{
		Firestore: b.fs, Outbox: outbox.New(b.fs, box, testkit.Writer("test"), clock), Now: clock,
	}
	if _, err := s.Sweep(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	var users []string
	for _, data := range box.published {
		e, err := event.Decode(data)
		if err != nil {
			b.t.Fatal(err)
		}
		due, err := event.As[event.DeliveryDueV1](e)
		if err != nil {
			b.t.Fatal(err)
		}
		users = append(users, due.UID)
	}
	return users
}

func TestQuietHours_deferPushAndMail(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	b.handle(scanDone("s"), "s")
	b.handle(scanDone("s"), "s")
	b.want(1, 0, 0)
	b.handle(event.DeviceAddedV1{UID: string(uid), DeviceID: "other", Platform: "ios", AddedAt: start}, "other")
	b.want(2, 1, 1) // what is critical does not wait
	b.now = morning.Add(-time.Second)
	if users := b.sweep(); len(users) > 0 {
		t.Errorf("due of %v in quiet hours", users)
	}
	b.due()
	b.want(2, 1, 1)
	b.now = morning
	if diff := cmp.Diff([]string{string(uid)}, b.sweep()); diff != "" {
		t.Errorf("due of (-want +got):\n%s", diff)
	}
	for range 2 {
		b.due()
		b.handle(scanDone("s"), "s")
	}
	b.want(2, 2, 2)
	if got := b.fcm.Messages()[1]; got.Title != "Your scan is ready" ||
		got.APNSHeaders["apns-collapse-id"] != idOf(scanDone("s"), "s") {
		t.Errorf("push = %+v", got)
	}
	if users := b.sweep(); len(users) > 0 {
		t.Errorf("still due of %v", users)
	}
	if r := b.record(idOf(scanDone("s"), "s")); r.Event != nil || !r.DueAt.IsZero() {
		t.Errorf("record = %+v, want it done with", r)
	}
}

func TestDigest_ofANight(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	ids := b.scanned(12)
	b.want(12, 0, 0)
	b.now = morning
	b.due()
	b.due()
	b.want(12, 1, 1)
	if got := b.fcm.Messages()[0]; got.Title != "12 results" || got.CollapseKey != "results" ||
		got.Data["kind"] != "digest" {
		t.Errorf("push = %+v", got)
	}
	mail := b.smtp.Messages()[0]
	if mail.Subject != "12 results" || strings.Count(mail.Text, "About 71") != 12 ||
		strings.Count(mail.HTML, "About 71") < 12 {
		t.Errorf("mail %q: %s", mail.Subject, mail.Text)
	}
	for _, id := range ids {
		b.wantLeg(id, notify.Push, sent, "")
		b.wantLeg(id, notify.Email, sent, "")
	}
}

func TestDigest_notWanted(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	off := false
	b.setPreferences(account.Notifications{Push: true, Email: true, Quiet: &quiet, Digest: &off})
	b.scanned(20)
	b.now = morning
	b.due()
	b.due()
	b.want(20, 20, 20)
}

// What happens in quiet hours to what was put off. The other event is delivered as ever.
func TestDue_isCheckedAnew(t *testing.T) {
	tests := map[string]struct {
		change func(b *bench, id string)
		want   state
		why    string
	}{
		"nothing": {func(*bench, string) {}, sent, ""},
		"pushes and mails off": {func(b *bench, _ string) {
			b.setPreferences(account.Notifications{Quiet: &quiet})
		}, suppressed, notify.ByPreference},
		"results off": {func(b *bench, _ string) {
			b.setPreferences(account.Notifications{
				Push: true, Email: true,
				Cells: map[string]map[string]bool{"scan_completed": {"push": false, "email": false}},
			})
		}, suppressed, notify.ByPreference},
		"the user banned": {func(b *bench, _ string) {
			b.update(account.Ref(b.fs, uid), "state", string(account.Banned))
		}, suppressed, byBan},
		"the scan deleted": {func(b *bench, _ string) { b.saveScan("s", scan.Deleting) }, suppressed, byDeletion},
		"the consent withdrawn": {func(b *bench, _ string) {
			b.update(account.Ref(b.fs, uid), "consent.granted", false)
		}, suppressed, byConsent},
		"the item read": {func(b *bench, id string) {
			b.update(b.consumer.itemRef(uid, id), "read", true)
		}, suppressed, byReading},
		"the item deleted": {func(b *bench, id string) {
			if _, err := b.consumer.itemRef(uid, id).Delete(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}, suppressed, byDeletion},
		"quiet hours over earlier": {func(b *bench, _ string) {
			b.setPreferences(account.Notifications{
				Push: true, Email: true, Quiet: &account.QuietHours{From: "22:00", To: "07:00", Zone: "Asia/Tokyo"},
			})
		}, sent, ""},
		"quiet hours longer": {func(b *bench, _ string) {
			b.setPreferences(account.Notifications{
				Push: true, Email: true, Quiet: &account.QuietHours{From: "22:00", To: "07:00", Zone: "America/New_York"},
			})
		}, deferred, ""},
		"the account being erased": {func(b *bench, _ string) {
			b.update(account.Ref(b.fs, uid), "state", account.Erasing)
		}, deferred, ""}, // nothing is written for it any more
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newNight(t)
			b.handle(scanDone("s"), "s")
			id := idOf(scanDone("s"), "s")
			tt.change(b, id)
			b.now = morning
			b.due()
			b.due()
			n := 0
			if tt.want == sent {
				n = 1
			}
			if p, m := len(b.fcm.Messages()), len(b.smtp.Messages()); p != n || m != n {
				t.Errorf("%d pushes and %d mails, want %d each", p, m, n)
			}
			for _, c := range notify.Channels {
				b.wantLeg(id, c, tt.want, tt.why)
			}
		})
	}
}

// What is critical is sent singly, without a link to turn it off, and what is not has one.
func TestDigest_hasNothingCritical(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	b.fcm.Script("token-1", emulator.PushAnswer{Status: 503, Code: "UNAVAILABLE", RetryAfter: "3600"})
	b.handle(event.DeviceAddedV1{UID: string(uid), DeviceID: "other", Platform: "ios", AddedAt: start}, "other")
	b.scanned(2)
	b.want(3, 0, 1)
	b.now = morning
	b.due()
	b.want(3, 2, 2)
	var titles []string
	for _, p := range b.fcm.Messages() {
		titles = append(titles, p.Title)
	}
	slices.Sort(titles)
	if diff := cmp.Diff([]string{"2 results", "A new device on your account"}, titles); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
}

// The first push reached one device of two, which must get the second one too.
func TestDigest_hasNothingHalfSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.saveDevice("tablet", "token-2")
	b.fcm.Script("token-1", emulator.PushAnswer{Status: 429, Code: "QUOTA_EXCEEDED", RetryAfter: "600"})
	ids := b.scanned(2)
	b.now = start.Add(11 * time.Minute)
	b.due()
	got := map[string][]string{}
	for _, p := range b.fcm.Messages() {
		got[p.Token] = append(got[p.Token], p.Tag)
	}
	for token, tags := range got {
		slices.Sort(tags)
		if diff := cmp.Diff(slices.Sorted(slices.Values(ids)), tags); diff != "" {
			t.Errorf("pushes to %s (-want +got):\n%s", token, diff)
		}
	}
	if len(got) != 2 {
		t.Errorf("pushes to %d devices, want 2", len(got))
	}
}

// A thief of the sign-in adds a device and tidies the inbox up. The user is told of it all the
// same.
func TestDue_criticalWhateverBecomesOfTheItem(t *testing.T) {
	for name, change := range map[string]func(*bench, *firestore.DocumentRef){
		"read": func(b *bench, item *firestore.DocumentRef) { b.update(item, "read", true) },
		"deleted": func(b *bench, item *firestore.DocumentRef) {
			if _, err := item.Delete(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.saveDevice("phone", "token-1")
			b.fcm.Script("token-1", emulator.PushAnswer{Status: 429, Code: "QUOTA_EXCEEDED", RetryAfter: "600"})
			b.handle(event.DeviceAddedV1{UID: string(uid), DeviceID: "other", Platform: "ios", AddedAt: start}, "other")
			id := idOf(event.DeviceAddedV1{}, "other")
			change(b, b.consumer.itemRef(uid, id))
			b.now = start.Add(11 * time.Minute)
			b.due()
			b.wantLeg(id, notify.Push, sent, "quota") // the class of the first attempt
			if n := len(b.fcm.Messages()); n != 1 {
				t.Errorf("%d pushes, want 1", n)
			}
		})
	}
}

// One item cannot be read. The user's others are sent.
func TestDue_unreadableItem(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	ids := b.scanned(3)
	b.update(b.consumer.itemRef(uid, ids[1]), "read", "maybe")
	b.now = morning
	b.due()
	b.want(3, 1, 1)
	b.wantLeg(ids[0], notify.Push, sent, "")
	b.wantLeg(ids[1], notify.Push, suppressed, byContent)
}

// The sweep leaves the outbox alone for a user who is being erased.
func TestSweep_tellsNothingOfClosedAccounts(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	b.handle(scanDone("s"), "s")
	b.update(account.Ref(b.fs, uid), "state", account.Erasing)
	b.now = morning
	if users := b.sweep(); len(users) > 0 {
		t.Errorf("told of %v", users)
	}
}

// What is due longest is a whole page of a closed account, which nothing takes away until its
// erasure.
func TestSweep_goesPastClosedAccounts(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	b.handle(scanDone("s"), "s")
	closed := ann()
	closed.UID, closed.State = "closed", account.Erasing
	if _, err := account.Ref(b.fs, closed.UID).Set(t.Context(), closed); err != nil {
		t.Fatal(err)
	}
	records := b.fs.BulkWriter(t.Context())
	for i := range 500 {
		doc := notify.Deliveries(account.Ref(b.fs, closed.UID)).Doc(fmt.Sprintf("e%d", i))
		if _, err := records.Create(doc, map[string]any{"dueAt": start}); err != nil {
			t.Fatal(err)
		}
	}
	records.End()
	b.now = morning
	if diff := cmp.Diff([]string{string(uid)}, b.sweep()); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}

func TestPacing_digestsWhatFollowsSoon(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.scanned(6)
	b.handle(event.ScanFailedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, Code: "no_face"}, "s")
	b.want(7, 2, 2) // the first, and the failure
	b.now = start.Add(10 * time.Minute)
	b.due()
	b.want(7, 3, 3)
	if got := b.fcm.Messages()[2].Title; got != "5 results" {
		t.Errorf("title = %q", got)
	}
}

// A further result comes as the one that waits is due, just before the sweep.
func TestPacing_isNoWaitForEver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.scanned(2)
	b.now = start.Add(10 * time.Minute)
	b.saveScan("s3", scan.Completed)
	b.handle(scanDone("s3"), "s3")
	b.want(3, 2, 2)
	b.due()
	b.want(3, 3, 3)
}

func TestRanks_areToldOnceADay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	u.Notifications = &account.Notifications{Push: true, Email: true, Quiet: &account.QuietHours{
		From: "01:00", To: "01:00", Zone: "Europe/Berlin",
	}}
	b.save(u)
	b.saveDevice("phone", "token-1")
	for i := range 5 {
		b.handle(event.RankChangedV1{
			UID: string(uid), Board: "b", ConsentEpoch: 1, Rank: int64(10 + i), Previous: 20, RankLow: 1, RankHigh: 30,
			Total: 41,
		}, fmt.Sprint(i))
		b.now = b.now.Add(time.Minute)
	}
	b.want(5, 1, 0)
	b.now = time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC) // the next day in Berlin
	b.due()
	b.want(5, 2, 0)
	if got := b.fcm.Messages()[1].Body; !strings.HasPrefix(got, "Rank 14 of 41 ") {
		t.Errorf("the last one is %q", got)
	}
	id := func(i int) string { return idOf(event.RankChangedV1{}, fmt.Sprint(i)) }
	b.wantLeg(id(3), notify.Push, suppressed, bySuccession)
	b.wantLeg(id(4), notify.Push, sent, "")
}

func TestSecurity_pushesOnceAnHour(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	u.Notifications = &account.Notifications{} // which does not count
	b.save(u)
	b.saveDevice("phone", "token-1")
	b.saveDevice("new0", "token-2")
	for i := range 3 {
		id := fmt.Sprintf("new%d", i)
		b.handle(event.DeviceAddedV1{UID: string(uid), DeviceID: id, Platform: "android", AddedAt: start}, id)
		b.now = b.now.Add(20 * time.Minute)
	}
	b.want(3, 1, 3) // the first push on the phone alone
	b.now = b.now.Add(time.Second)
	b.handle(event.PasswordChangedV1{UID: string(uid), At: start}, "p")
	b.want(4, 3, 4)
	b.wantLeg(idOf(event.DeviceAddedV1{}, "new1"), notify.Push, skipped, notify.ByPace)
}

// The only device is the new one, which is not told of itself.
func TestSecurity_aPushWithoutDevicesIsNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("first", "token-1")
	for _, id := range []string{"first", "second"} {
		b.handle(event.DeviceAddedV1{UID: string(uid), DeviceID: id, Platform: "ios", AddedAt: start}, id)
	}
	b.want(2, 1, 2)
}

// A process dies after it has sent a digest. The repetition replaces the first on the devices.
func TestDigest_repeatedAfterACrash(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	b.scanned(3)
	b.now = morning
	parcels, _, err := b.consumer.claimDue(t.Context(), uid)
	if err != nil || len(parcels) != 2 {
		t.Fatalf("%d parcels, %v", len(parcels), err)
	}
	for _, p := range parcels {
		if p.channel == notify.Push {
			b.consumer.push(t.Context(), p)
		} else {
			b.consumer.email(t.Context(), p)
		}
	}
	b.saveScan("s4", scan.Completed)
	b.handle(scanDone("s4"), "s4") // it has waited for the pace of the digest
	b.due()
	b.want(4, 1, 1)
	b.now = b.now.Add(work.LeaseTime)
	b.due()
	b.due()
	b.want(4, 2, 2)
	pushes, mails := b.fcm.Messages(), b.smtp.Messages()
	if a, z := pushes[0].APNSHeaders["apns-collapse-id"], pushes[1].APNSHeaders["apns-collapse-id"]; a != z {
		t.Errorf("the pushes have the ids %s and %s", a, z)
	}
	if mails[0].MessageID != mails[1].MessageID {
		t.Errorf("the mails have the ids %s and %s", mails[0].MessageID, mails[1].MessageID)
	}
	b.now = morning.Add(11 * time.Minute)
	b.due()
	b.want(4, 3, 3)
}

// The end of one message of a digest cannot be recorded. That of the others is.
func TestDigest_recordedAsFarAsPossible(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	ids := b.scanned(3)
	b.now = morning
	parcels, _, err := b.consumer.claimDue(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	b.update(b.consumer.recordRef(uid, ids[0]), "legs", "unreadable")
	if err := b.consumer.dispatch(t.Context(), parcels); !errors.Is(err, errUnrecorded) {
		t.Errorf("error = %v", err)
	}
	b.want(3, 1, 1)
	for _, id := range ids[1:] {
		b.wantLeg(id, notify.Push, sent, "")
		b.wantLeg(id, notify.Email, sent, "")
	}
}

func TestDue_growingPausesAfterFailures(t *testing.T) {
	t.Parallel()
	b := newNight(t)
	b.saveDevice("phone", "unavailable-1")
	b.handle(scanDone("s"), "s")
	id := idOf(scanDone("s"), "s")
	b.now = morning
	var pauses []time.Duration
	for range tries {
		b.due()
		b.due()
		l := b.leg(id, notify.Push)
		pauses = append(pauses, l.NextAt.Sub(b.now))
		if l.State == deferred {
			b.now = l.NextAt
		}
	}
	for i, minutes := range []int{1, 2, 4, 8, 16, 32} {
		if want := time.Duration(minutes) * time.Minute; pauses[i] != want {
			t.Errorf("pause %d is %v, want %v", i, pauses[i], want)
		}
	}
	if pauses[6] != time.Hour || pauses[tries-2] != time.Hour {
		t.Errorf("pauses %v, want an hour at most", pauses)
	}
	b.wantLeg(id, notify.Push, failed, "unavailable")
	b.wantLeg(id, notify.Email, sent, "")
	if kept, err := b.fs.Collection("parked").Documents(t.Context()).GetAll(); err != nil || len(kept) != 1 {
		t.Errorf("%d events are parked, %v; want the one that is given up", len(kept), err)
	}
	if n := len(b.fcm.Attempts()); n != tries {
		t.Errorf("%d requests, want %d", n, tries)
	}
	b.now = b.now.Add(24 * time.Hour)
	if users := b.sweep(); len(users) > 0 {
		t.Errorf("due of %v, want an operator to see to it", users)
	}
	b.saveDevice("phone", "token-1")
	b.handle(scanDone("s"), "s") // as a redrive does
	b.want(1, 1, 1)
}

func TestPush_waitsAsLongAsItIsTold(t *testing.T) {
	for after, tt := range map[string]struct {
		wait  time.Duration
		state state
	}{
		"1":   {time.Second, failed},
		"30":  {30 * time.Second, failed},
		"600": {600 * time.Second, deferred},
	} {
		for _, status := range []int{429, 503} {
			t.Run(fmt.Sprintf("%d for %s s", status, after), func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				b.save(ann())
				b.saveDevice("phone", "token-1")
				b.saveDevice("tablet", "token-2")
				b.fcm.Script("token-1", emulator.PushAnswer{Status: status, Code: "QUOTA_EXCEEDED", RetryAfter: after})
				err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
				if (err == nil) != (tt.state == deferred) {
					t.Errorf("error = %v", err)
				}
				b.want(1, 1, 1)
				if l := b.leg(idOf(scanDone("s"), "s"), notify.Push); l.State != tt.state {
					t.Errorf("leg = %+v", l)
				}
				b.now = b.now.Add(tt.wait - time.Millisecond)
				_ = b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
				b.due()
				b.want(1, 1, 1)
				b.now = b.now.Add(time.Minute)
				b.handle(scanDone("s"), "s")
				b.due()
				b.want(1, 2, 1)
				if n := len(b.fcm.Attempts()); n != 3 {
					t.Errorf("%d requests, want 3", n)
				}
			})
		}
	}
}
