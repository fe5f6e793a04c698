package deliver

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/work"
)

// schedules is how many runs of rapid's checks there are, each of which has as many random
// schedules as -rapid.checks says, 100 by default:
//
//	go test ./internal/notify/deliver -run Schedules -deliver.schedules 100 -timeout 3h
var schedules = flag.Int("deliver.schedules", 1, "runs of 100 random schedules of deliveries")

// Events come twice, late and in any order, preferences and clock change, providers fail, and
// processes die between sending and its record. An event has one effect by a channel, and one more
// for each such death, and none against a preference that is in force when it is sent. In the end
// nothing is open.
func TestSchedules(t *testing.T) {
	for run := range *schedules {
		t.Run(fmt.Sprint(run), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			rapid.Check(t, func(rt *rapid.T) {
				s := newSchedule(rt, b)
				rt.Repeat(map[string]func(*rapid.T){
					"an event":          s.event,
					"what is due":       s.due,
					"time passes":       s.pass,
					"other preferences": s.prefer,
					"a fault":           s.fault,
					"a crash":           s.crash,
					"a look":            s.look,
					"a scan deleted":    s.delete,
					"":                  s.check,
				})
				s.drain()
			})
		})
	}
}

// fact is an event of a schedule.
type fact struct {
	id      string
	data    event.Payload
	scanID  string
	message event.Message
}

// schedule is one user's random history.
type schedule struct {
	t     *rapid.T
	b     *bench
	c     *Consumer
	uid   account.UID
	now   time.Time
	prefs account.Notifications
	facts []fact
	// seenPushes and seenMails are how many of the sinks' were checked.
	seenPushes, seenMails int
	// effects are the pushes to the one device and the mails of each event, and crashes how many of
	// them a dead process may have repeated.
	effects, crashes map[string]int
}

func newSchedule(t *rapid.T, b *bench) *schedule {
	s := &schedule{
		t: t, b: b, uid: account.UID(fmt.Sprintf("u%d", rand.Uint64())), now: start,
		prefs: account.Notifications{Push: true, Email: true}, effects: map[string]int{}, crashes: map[string]int{},
	}
	c := *b.consumer
	c.Now = func() time.Time { return s.now }
	s.c = &c
	u := ann()
	u.UID = s.uid
	_, err := account.Ref(b.fs, s.uid).Set(s.ctx(), u)
	s.must(err)
	_, err = b.users.CreateUser(s.ctx(), new(auth.UserToCreate).UID(string(s.uid)).Email(s.address()).EmailVerified(true))
	s.must(err)
	d := device.New(device.Spec{Token: s.token(), Platform: "android"}, s.now.AddDate(0, 1, 0))
	_, err = device.Of(account.Ref(b.fs, s.uid)).Doc("phone").Set(s.ctx(), d)
	s.must(err)
	s.seenPushes, s.seenMails = len(b.fcm.Messages()), len(b.smtp.Messages())
	return s
}

func (s *schedule) ctx() context.Context { return s.b.t.Context() }
func (s *schedule) token() string        { return "token-" + string(s.uid) }
func (s *schedule) address() string      { return string(s.uid) + "@example.com" }

func (s *schedule) must(err error) {
	if err != nil {
		s.t.Fatal(err)
	}
}

// event delivers a new event or an earlier one, twice at once or once.
func (s *schedule) event(t *rapid.T) {
	var f fact
	if len(s.facts) > 0 && rapid.Bool().Draw(t, "again") {
		f = rapid.SampledFrom(s.facts).Draw(t, "which")
	} else {
		kinds := []string{"scan", "scan", "failure", "best", "rank", "device", "password"}
		f = s.fact(rapid.SampledFrom(kinds).Draw(t, "kind"))
	}
	if rapid.Bool().Draw(t, "once") {
		_ = s.c.Handle(s.ctx(), f.message)
		return
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { _ = s.c.Handle(s.ctx(), f.message) })
	}
	both.Wait()
}

// fact makes a new event of the kind.
func (s *schedule) fact(kind string) fact {
	n := len(s.facts)
	scanID := fmt.Sprintf("%s-%d", s.uid, n)
	uid := string(s.uid)
	var data event.Payload
	switch kind {
	case "scan":
		done := scanDone(scanID)
		done.UID = uid
		data = done
	case "failure":
		data = event.ScanFailedV1{UID: uid, ScanID: scanID, ConsentEpoch: 1, Code: "no_face"}
	case "best":
		data = event.PersonalBestReachedV1{UID: uid, ScanID: scanID, Board: "b", ConsentEpoch: 1, Score: 50}
	case "rank":
		data = event.RankChangedV1{UID: uid, Board: "b", ConsentEpoch: 1, Rank: 1, Total: 9}
	case "device":
		data = event.DeviceAddedV1{UID: uid, DeviceID: fmt.Sprint(n), Platform: "ios", AddedAt: start}
	case "password":
		data = event.PasswordChangedV1{UID: uid, At: start}
	}
	_, err := s.b.fs.Collection("scans").Doc(scanID).Set(s.ctx(), scan.Scan{
		Schema: 1, ID: scan.ID(scanID), UID: s.uid, State: scan.Completed,
	})
	s.must(err)
	f := fact{id: idOf(data, scanID), data: data, scanID: scanID, message: messageOf(s.b.t, data, scanID)}
	s.facts = append(s.facts, f)
	return f
}

func (s *schedule) due(*rapid.T) {
	s.must(s.c.Handle(s.ctx(), messageOf(s.b.t, event.DeliveryDueV1{UID: string(s.uid)}, s.now.String())))
}

func (s *schedule) pass(t *rapid.T) {
	s.now = s.now.Add(rapid.SampledFrom([]time.Duration{
		time.Second, time.Minute, 10 * time.Minute, time.Hour, 8 * time.Hour,
	}).Draw(t, "time"))
}

func (s *schedule) prefer(t *rapid.T) {
	p := account.Notifications{
		Push: rapid.IntRange(0, 3).Draw(t, "push") > 0, Email: rapid.IntRange(0, 3).Draw(t, "email") > 0,
		Cells: map[string]map[string]bool{}, HideScore: rapid.Bool().Draw(t, "hide"),
	}
	if digest := rapid.Bool().Draw(t, "digest"); !digest {
		p.Digest = &digest
	}
	for _, k := range []notify.Kind{notify.ScanCompleted, notify.PersonalBest, notify.RankChanged, notify.Security} {
		if rapid.IntRange(0, 3).Draw(t, "set") == 0 {
			cell := string(rapid.SampledFrom(notify.Channels).Draw(t, "cell"))
			p.Cells[string(k)] = map[string]bool{cell: rapid.Bool().Draw(t, "on")}
		}
	}
	if rapid.Bool().Draw(t, "quiet") {
		p.Quiet = &account.QuietHours{
			From: fmt.Sprintf("%02d:00", rapid.IntRange(0, 23).Draw(t, "from")),
			To:   fmt.Sprintf("%02d:30", rapid.IntRange(0, 23).Draw(t, "to")),
			Zone: rapid.SampledFrom([]string{"", "Europe/Berlin", "Asia/Kolkata", "a zone of old"}).Draw(t, "zone"),
		}
	}
	s.set(p)
}

func (s *schedule) set(p account.Notifications) {
	s.prefs = p
	s.b.update(account.Ref(s.b.fs, s.uid), "notifications", p)
}

// fault has the next push or mail fail.
func (s *schedule) fault(t *rapid.T) {
	if rapid.Bool().Draw(t, "mail") {
		s.b.smtp.Script(s.address(), rapid.SampledFrom([]emulator.MailAnswer{
			{At: emulator.Recipient, Code: 451}, {At: emulator.Content, Code: 452}, {At: emulator.Recipient, Drop: true},
			{At: emulator.Content, Drop: true},
		}).Draw(t, "answer"))
		return
	}
	s.b.fcm.Script(s.token(), rapid.SampledFrom([]emulator.PushAnswer{
		{Status: 503, Code: "UNAVAILABLE"},
		{Status: 503, Code: "UNAVAILABLE", RetryAfter: "600"},
		{Status: 429, Code: "QUOTA_EXCEEDED", RetryAfter: "30"},
		{Status: 401, Code: "THIRD_PARTY_AUTH_ERROR"},
		{Break: emulator.BreakUntaken},
	}).Draw(t, "answer"))
}

// crash claims what is to be sent, as a process does that dies then, or after it has sent it.
func (s *schedule) crash(t *rapid.T) {
	var parcels []parcel
	var err error
	if len(s.facts) > 0 && rapid.Bool().Draw(t, "an event's") {
		f := rapid.SampledFrom(s.facts).Draw(t, "which")
		e, decodeErr := event.Decode(f.message.Data)
		s.must(decodeErr)
		msg, msgErr := notify.NewMessage(e)
		s.must(msgErr)
		parcels, _, err = s.c.claim(s.ctx(), e, msg)
	} else {
		parcels, _, err = s.c.claimDue(s.ctx(), s.uid)
	}
	s.must(err)
	if !rapid.Bool().Draw(t, "after sending") {
		return
	}
	for _, p := range parcels {
		var o outcome
		if p.channel == notify.Push {
			o = s.c.push(s.ctx(), p)
		} else {
			o = s.c.email(s.ctx(), p)
		}
		if o.err == nil && o.skipped == "" {
			for _, m := range p.of {
				s.crashes[m.ID+string(p.channel)]++
			}
		}
	}
}

// look marks an item as read.
func (s *schedule) look(t *rapid.T) {
	if len(s.facts) == 0 {
		return
	}
	item := s.c.itemRef(s.uid, rapid.SampledFrom(s.facts).Draw(t, "which").id)
	if snap, err := item.Get(s.ctx()); err == nil && snap.Exists() {
		s.b.update(item, "read", true)
	}
}

// delete deletes a scan, whose messages go.
func (s *schedule) delete(t *rapid.T) {
	if len(s.facts) == 0 {
		return
	}
	f := rapid.SampledFrom(s.facts).Draw(t, "which")
	s.b.update(s.b.fs.Collection("scans").Doc(f.scanID), "state", scan.Deleting)
	gone := event.ScanDeletedV1{UID: string(s.uid), ScanID: f.scanID, ConsentEpoch: 1, CompletedAt: start}
	s.must(s.c.Handle(s.ctx(), messageOf(s.b.t, gone, f.scanID)))
}

// check looks at what was sent since it was last called, during which nothing but the sending has
// changed.
func (s *schedule) check(*rapid.T) {
	pushes := s.b.fcm.Messages()
	for _, p := range pushes[s.seenPushes:] {
		if p.Token == s.token() {
			s.sent(notify.Push, p.Data["eventId"])
		}
	}
	mails := s.b.smtp.Messages()
	for _, m := range mails[s.seenMails:] {
		if slices.Contains(m.To, s.address()) {
			s.sent(notify.Email, m.MessageID[1:len(m.MessageID)-len("@facescan.example>")])
		}
	}
	s.seenPushes, s.seenMails = len(pushes), len(mails)
}

// sent checks a message that was sent.
func (s *schedule) sent(c notify.Channel, id string) {
	for _, f := range s.facts {
		snap, err := s.c.recordRef(s.uid, f.id).Get(s.ctx())
		if f.id != id && err != nil {
			continue
		}
		var r record
		if err == nil {
			s.must(snap.DataTo(&r))
		}
		if f.id != id && r.Legs[string(c)].Batch != id {
			continue
		}
		key := f.id + string(c)
		s.effects[key]++
		if s.effects[key] > 1+s.crashes[key] {
			s.t.Fatalf("the %s of %T is sent %d times, after %d crashes", c, f.data, s.effects[key], s.crashes[key])
		}
		kind := notify.KindOf(f.data.EventType())
		if why := s.against(kind, c); why != "" {
			s.t.Fatalf("the %s of %s is sent at %v against %s: %+v", c, kind, s.now, why, s.prefs)
		}
	}
}

// against returns what the user has set that forbids sending now, or "".
func (s *schedule) against(k notify.Kind, c notify.Channel) string {
	if k == notify.Security {
		return ""
	}
	whole := s.prefs.Push
	if c == notify.Email {
		whole = s.prefs.Email
	}
	rule, _ := notify.RuleOf(k)
	on, set := s.prefs.Cells[string(k)][string(c)]
	switch {
	case !whole:
		return "the whole channel"
	case set && !on || !set && !rule.Defaults[c]:
		return "the cell"
	case s.prefs.Quiet == nil:
		return ""
	}
	zone := time.UTC
	if z, err := time.LoadLocation(s.prefs.Quiet.Zone); err == nil {
		zone = z
	}
	clock, from, to := s.now.In(zone).Format("15:04"), s.prefs.Quiet.From, s.prefs.Quiet.To
	if from < to && from <= clock && clock < to || from > to && (clock >= from || clock < to) {
		return "quiet hours"
	}
	return ""
}

// drain lets everything come to its end: providers work, and what was left is delivered again.
func (s *schedule) drain() {
	s.b.fcm.Script(s.token())
	s.b.smtp.Script(s.address())
	s.set(account.Notifications{Push: true, Email: true})
	for range 40 {
		s.now = s.now.Add(max(work.LeaseTime, time.Hour))
		for _, f := range s.facts {
			err := s.c.Handle(s.ctx(), f.message)
			if errors.Is(err, event.ErrMalformed) {
				s.must(err)
			}
		}
		s.due(nil)
		s.check(nil)
		if s.open() == 0 {
			return
		}
	}
	s.t.Fatalf("%d events are open", s.open())
}

// open returns the number of events that something is left to do for.
func (s *schedule) open() (n int) {
	snaps, err := notify.Deliveries(account.Ref(s.b.fs, s.uid)).Documents(s.ctx()).GetAll()
	s.must(err)
	for _, snap := range snaps {
		var r record
		s.must(snap.DataTo(&r))
		if r.open() {
			n++
		}
	}
	return n
}
